//! Tests of machine: what frames do to threads and locals, and that every graph can be walked, stopped and resumed.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::for_tests::{Code, plan};

type TestPlan = Plan<Code>;

fn json_of(data: &Data) -> Value {
    data.to_json().to_value()
}

fn vars(position: &Position, thread: ThreadId) -> Value {
    let vars = &position.locals(thread).unwrap().vars;
    Value::Object(vars.iter().map(|(name, value)| (name.to_string(), json_of(value))).collect())
}

fn id(plan: &TestPlan, position: &Position, thread: ThreadId) -> String {
    plan.step(position.step_of(thread).unwrap()).unwrap().id.to_string()
}

/// Opens the frame that a thread stands at, with the numbers 0, 1, … as items.
fn open(position: &mut Position, plan: &TestPlan, thread: ThreadId) -> Result<(), MachineError> {
    let open = match &plan.step(position.step_of(thread).unwrap()).unwrap().code {
        Code::Each { items, concurrency } => Open::Each {
            items: (0..*items).map(|n| Data::from(n as i64)).collect(),
            name: "item".into(),
            concurrency: *concurrency,
        },
        Code::Both(names) => Open::Branches(names.iter().map(|name| name.as_str().into()).collect()),
        other => panic!("{other:?} opens no frame"),
    };
    position.open(plan, thread, open)
}

/// The item of the innermost loop around a thread, or -1.
fn item(position: &Position, thread: ThreadId) -> i64 {
    position.locals(thread).unwrap().items.last().and_then(|item| item.value.as_i64()).unwrap_or(-1)
}

#[test]
fn a_loop_runs_its_items_in_turn_on_the_same_variables() {
    let plan = plan(
        "- { id: each, uses: for-each, with: { items: 3 }, save: all, on: { item: body, done: after } }\n\
         - { id: body, uses: set, save: last, on: { next: each } }\n\
         - { id: after, uses: response }",
    );
    let mut position = Position::start(&plan, Locals::default());
    let root = position.ready().unwrap();
    open(&mut position, &plan, root).unwrap();
    for n in 0..3_i64 {
        assert_eq!(position.runnable().len(), 1);
        let thread = position.ready().unwrap();
        assert_eq!((id(&plan, &position, thread), item(&position, thread)), ("body".to_owned(), n));
        assert_eq!(position.frame_path(thread), [format!("each:{}", n + 1)]);
        let seen = position.locals(thread).unwrap().vars.get("last").and_then(Data::as_i64);
        assert_eq!(seen, (n > 0).then_some((n - 1) * 10), "what the item before left is seen");
        position.put_output(&plan, thread, Data::from(n * 10));
        position.leave(&plan, thread, "next");
    }
    let thread = position.ready().unwrap();
    assert_eq!(id(&plan, &position, thread), "after");
    assert!(position.frame_path(thread).is_empty() && position.locals(thread).unwrap().items.is_empty());
    assert_eq!(vars(&position, thread), json!({ "last": 20, "all": [0, 10, 20] }));
    assert!(position.rest_is_empty_after(&plan, thread, "next"));
    position.leave(&plan, thread, "next");
    assert!(position.is_over() && position.ready().is_none());
}

#[test]
fn items_at_once_see_copies_and_merge_in_their_order() {
    let plan = plan(
        "- { id: each, uses: for-each, with: { items: 4, concurrency: 3 }, save: all, on: { item: body, done: after } }\n\
         - { id: body, uses: set, on: { next: end } }\n\
         - { id: after, uses: set }",
    );
    let mut start = Locals::default();
    start.set_var("kept", Data::from(true));
    start.set_var("gone", Data::from(true));
    let mut position = Position::start(&plan, start);
    let root = position.ready().unwrap();
    open(&mut position, &plan, root).unwrap();
    let mut at_most = 0;
    while let Some(thread) = position.runnable().last().copied().filter(|t| !position.frame_path(*t).is_empty()) {
        at_most = at_most.max(position.runnable().len());
        let n = item(&position, thread);
        assert_eq!(vars(&position, thread), json!({ "kept": true, "gone": true }));
        let locals = position.locals_mut(thread).unwrap();
        locals.set_var("winner", Data::from(n));
        locals.set_var(format!("own{n}"), Data::from(n));
        locals.delete_var("gone");
        if n != 2 {
            position.put_output(&plan, thread, Data::from(n));
        }
        position.leave(&plan, thread, "next");
    }
    let thread = position.ready().unwrap();
    assert_eq!(at_most, 3);
    assert_eq!(
        vars(&position, thread),
        json!({ "kept": true, "winner": 3, "own0": 0, "own1": 1, "own2": 2, "own3": 3, "all": [0, 1, null, 3] })
    );
}

#[test]
fn branches_run_side_by_side_and_give_an_object() {
    let plan = plan(
        "- { id: both, uses: parallel, with: [a, b, c], save: all, on: { c: end, done: after } }\n\
         - { id: a, uses: set, on: { next: end } }\n\
         - { id: b, uses: set, on: { next: both } }\n\
         - { id: after, uses: set }",
    );
    let mut position = Position::start(&plan, Locals::default());
    let root = position.ready().unwrap();
    open(&mut position, &plan, root).unwrap();
    let [a, b] = position.runnable()[..] else { panic!("the empty branch has ended") };
    assert_eq!((position.frame_path(a), position.frame_path(b)), (vec!["both:a".into()], vec!["both:b".into()]));
    position.put_output(&plan, b, Data::from("B"));
    position.leave(&plan, b, "next");
    assert!(!position.rest_is_empty_after(&plan, a, "next"));
    position.put_output(&plan, a, Data::from("A"));
    position.leave(&plan, a, "next");
    let thread = position.ready().unwrap();
    assert_eq!(id(&plan, &position, thread), "after");
    assert_eq!(vars(&position, thread), json!({ "all": { "a": "A", "b": "B", "c": null } }));
}

#[test]
fn a_failure_goes_to_the_nearest_step_that_takes_it() {
    let plan = plan(
        "- { id: outer, uses: for-each, with: { items: 2 }, on: { item: both, error: sorry } }\n\
         - { id: both, uses: parallel, with: [a, b], on: { done: end } }\n\
         - { id: a, uses: set, on: { next: end, error: mend } }\n\
         - { id: b, uses: set, on: { next: end } }\n\
         - { id: mend, uses: set, on: { next: end } }\n\
         - { id: sorry, uses: set }",
    );
    let mut position = Position::start(&plan, Locals::default());
    let root = position.ready().unwrap();
    open(&mut position, &plan, root).unwrap();
    let inner = position.ready().unwrap();
    position.locals_mut(inner).unwrap().set_var("kept", Data::from(1));
    open(&mut position, &plan, inner).unwrap();
    let [a, b] = position.runnable()[..] else { panic!("two branches") };
    assert!(position.fail(&plan, a, Data::from("first")));
    assert_eq!(id(&plan, &position, a), "mend");
    assert_eq!(position.locals(a).unwrap().error, Some(Data::from("first")));
    assert!(position.locals(b).unwrap().error.is_none());
    assert!(position.fail(&plan, b, Data::from("second")));
    assert_eq!(position.runnable(), [root], "both frames are left");
    assert!(position.step_of(a).is_none() && position.frames.is_empty());
    assert_eq!(id(&plan, &position, root), "sorry");
    let locals = position.locals(root).unwrap();
    assert_eq!(locals.error, Some(Data::from("second")));
    assert!(locals.items.is_empty() && locals.vars.contains_key("kept"));
    let before = serde_json::to_string(&position).unwrap();
    assert!(!position.fail(&plan, root, Data::from("third")));
    assert_eq!(serde_json::to_string(&position).unwrap(), before, "a failure that nobody takes changes nothing");
    position.stop();
    assert!(position.is_over());
}

#[test]
fn frames_without_work_and_frames_without_end() {
    let steps = |items: usize| {
        format!(
            "- {{ id: each, uses: for-each, with: {{ items: {items} }}, on: {{ item: end, done: after }} }}\n\
             - {{ id: after, uses: set }}"
        )
    };
    for items in [0, 1, 5_000] {
        let plan = plan(&steps(items));
        let mut position = Position::start(&plan, Locals::default());
        let thread = position.ready().unwrap();
        open(&mut position, &plan, thread).unwrap();
        assert_eq!((id(&plan, &position, thread), position.threads.len()), ("after".to_owned(), 1));
        let output = position.locals(thread).unwrap().outputs.get("each").unwrap().len();
        assert_eq!(output, Some(items));
    }
    let many = plan(&steps(MOST_ITEMS + 1));
    let mut position = Position::start(&many, Locals::default());
    let thread = position.ready().unwrap();
    assert!(matches!(open(&mut position, &many, thread), Err(MachineError::TooManyItems { .. })));
    let plan =
        plan("- { id: a, uses: for-each, on: { item: b } }\n- { id: b, uses: parallel, with: [x], on: { x: a } }");
    let mut position = Position::start(&plan, Locals::default());
    let mut depth = 0;
    let error = loop {
        let thread = position.ready().unwrap();
        match open(&mut position, &plan, thread) {
            Ok(()) => depth += 1,
            Err(error) => break error,
        }
    };
    assert_eq!((depth, error.code().as_str()), (MOST_FRAMES, "WEIR-FLOW-FRAME-DEPTH"));
}

/// A graph of `count` steps; `forward` graphs have no way back.
fn graph(forward: bool) -> impl Strategy<Value = String> {
    let step = (0..8_u8, prop::collection::vec(0..1_000_usize, 4), 0..4_usize, 1..4_usize);
    prop::collection::vec(step, 1..8).prop_map(move |steps| {
        let count = steps.len();
        let line = |(index, (kind, picks, items, at_once)): (usize, &(u8, Vec<usize>, usize, usize))| {
            let target = |pick: usize| {
                let low = if forward { index + 1 } else { 0 };
                let chosen = low + picks[pick] % (count + 1 - low);
                if chosen >= count { "end".to_owned() } else { format!("s{chosen}") }
            };
            let (kind, on) = match kind {
                0 | 1 => ("set", format!("next: {}", target(0))),
                2 => ("condition", format!("'true': {}, 'false': {}", target(0), target(1))),
                3 => ("set", format!("next: {}, error: {}", target(0), target(1))),
                4 => ("fail", if items.is_multiple_of(2) { String::new() } else { format!("error: {}", target(0)) }),
                5 | 6 => ("for-each", format!("item: {}, done: {}, error: {}", target(0), target(1), target(2))),
                _ => ("parallel", format!("x: {}, y: {}, done: {}", target(0), target(1), target(2))),
            };
            let with = match kind {
                "for-each" => format!("with: {{ items: {items}, concurrency: {at_once} }}, "),
                "parallel" => "with: [x, y], ".to_owned(),
                _ => String::new(),
            };
            format!("- {{ id: s{index}, uses: {kind}, {with}save: v{}, on: {{ {on} }} }}", index % 3)
        };
        steps.iter().enumerate().map(line).collect::<Vec<_>>().join("\n")
    })
}

/// Executes one step of some thread, picked by `pick`; false once the run is over.
fn advance(plan: &TestPlan, position: &mut Position, pick: usize, trace: &mut Vec<String>) -> bool {
    let runnable = position.runnable();
    let Some(thread) = runnable.get(pick % runnable.len().max(1)).copied() else { return false };
    let step = plan.step(position.step_of(thread).unwrap()).unwrap();
    trace.push(format!("{:?} {} {}", position.frame_path(thread), step.id, vars(position, thread)));
    match &step.code {
        Code::Each { .. } | Code::Both(_) => {
            if let Err(error) = open(position, plan, thread)
                && !position.fail(plan, thread, Data::from(error.code().as_str()))
            {
                position.stop();
            }
        }
        Code::Fail => {
            if !position.fail(plan, thread, Data::from("failed")) {
                position.stop();
            }
        }
        Code::Choose => position.leave(plan, thread, if pick.is_multiple_of(2) { "true" } else { "false" }),
        _ if step.on_error.is_some() && pick.is_multiple_of(3) => {
            assert!(position.fail(plan, thread, Data::from("failed")))
        }
        _ => {
            position.put_output(plan, thread, Data::from(format!("{}@{}", step.id, item(position, thread))));
            let over = position.rest_is_empty_after(plan, thread, "next");
            position.leave(plan, thread, "next");
            assert_eq!(over, position.is_over());
        }
    }
    assert_eq!(position.is_over(), position.ready().is_none(), "a run that is not over has something to do");
    true
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn any_graph_walks_on_the_same_from_every_checkpoint(steps in graph(false), picks in prop::collection::vec(0..1_000_usize, 120)) {
        let plan = plan(&steps);
        let mut position = Position::start(&plan, Locals::default());
        let mut resumed = position.clone();
        let (mut trace, mut again) = (Vec::new(), Vec::new());
        for pick in picks {
            let text = serde_json::to_string(&resumed).unwrap();
            resumed = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(&text, &serde_json::to_string(&resumed).unwrap());
            let going = advance(&plan, &mut position, pick, &mut trace);
            prop_assert_eq!(going, advance(&plan, &mut resumed, pick, &mut again));
            prop_assert_eq!(trace.last(), again.last());
            prop_assert!(position.threads.len() <= MOST_THREADS);
            if !going {
                break;
            }
        }
    }

    #[test]
    fn a_graph_without_circles_ends(steps in graph(true), pick in 0..1_000_usize) {
        let plan = plan(&steps);
        let mut position = Position::start(&plan, Locals::default());
        let mut taken = 0_usize;
        // 7 steps with at most 3 paths each.
        while advance(&plan, &mut position, pick.wrapping_mul(taken + 1), &mut Vec::new()) {
            taken += 1;
            prop_assert!(taken <= 4_usize.pow(8), "{}", steps);
        }
    }
}
