//! Tests of check: what a sound definition becomes, and that each fault is found where it is.

mod auth;

use std::time::Duration;

use serde_json::{Value, json};
use weir_model::{Auth, Capture};

use crate::for_tests::{Code, SmallKinds, checked, plan};
use crate::plan::{NEXT, Role, Target};

const SOUND: &str = "weir: 1
name: new-lead
description: Scores a lead.
trigger:
  webhook: { methods: [POST], content_types: [application/json, text/*], auth: none, wait: 30s,
    accepted: { status: 202, json: { ok: true } }, cors: { origins: [https://app.example] } }
variables: { currency: EUR, tags: [a] }
capture: errors
steps:
  - { id: score, uses: lead-score@1, input: '{{ payload }}', save: score, timeout: 5s,
      retry: { attempts: 3, backoff: 1s..30s }, on: { cold: apologise, error: apologise } }
  - { id: hot, uses: condition, on: { 'false': apologise } }
  - { id: answer, uses: response, with: { status: 201 }, on: { next: end } }
  - { id: apologise, uses: response, with: { status: 502 } }
layout: { score: [0, 0] }
";

/// Code, path and line of every finding about a text.
fn faults(text: &str) -> Vec<(String, String, u32)> {
    let checked = checked(text);
    assert_eq!(checked.plan.is_some(), !checked.findings.iter().any(super::is_error));
    let short = |code: &str| code.trim_start_matches("WEIR-FLOW-").to_owned();
    checked.findings.into_iter().map(|f| (short(f.code.as_str()), f.path, f.line.unwrap_or_default())).collect()
}

fn flow(steps: &str) -> String {
    format!("weir: 1\nname: x\nsteps:\n{steps}")
}

/// The findings about some steps, as `CODE path`.
fn short(steps: &str) -> Vec<String> {
    faults(&flow(steps)).into_iter().map(|(code, path, _)| format!("{code} {path}")).collect()
}

fn messages(steps: &str) -> String {
    checked(&flow(steps)).findings.into_iter().map(|finding| finding.message).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_sound_definition_becomes_a_plan() {
    let checked = checked(SOUND);
    assert!(checked.findings.is_empty(), "{:#?}", checked.findings);
    let plan = checked.plan.unwrap();
    assert!(plan.answers);
    assert_eq!((plan.name.as_str(), plan.capture), ("new-lead", Capture::Errors));
    assert!(matches!(plan.webhook.auth, Some(Auth::None)));
    assert_eq!(plan.variables.get("tags").unwrap().to_json().text(), "[\"a\"]");
    let apologise = Target::Step(plan.step_index("apologise").unwrap());
    let score = plan.step(0).unwrap();
    assert_eq!(score.code, Code::Action("1.4.2".into()));
    assert_eq!(
        (score.target(NEXT), score.target("cold"), score.on_error),
        (Some(Target::Step(1)), Some(apologise), Some(apologise))
    );
    assert_eq!(
        (score.save.as_deref(), score.timeout, score.input.is_some()),
        (Some("score"), Some(Duration::from_secs(5)), true)
    );
    let retry = score.retry.unwrap();
    assert_eq!((retry.attempts, retry.first, retry.most), (3, Duration::from_secs(1), Duration::from_secs(30)));
    let hot = plan.step(1).unwrap();
    assert_eq!((hot.target("true"), hot.target("false"), hot.on_error), (Some(Target::Step(2)), Some(apologise), None));
    let answer = plan.step(2).unwrap();
    assert_eq!((answer.role, answer.target(NEXT), answer.target("nothing")), (Role::Answers, Some(Target::End), None));
    assert_eq!(plan.step(3).unwrap().target(NEXT), Some(Target::End), "the last step ends");
    let again = serde_json::to_string(&checked.def.unwrap()).unwrap();
    assert!(super::tests::checked(&again).findings.is_empty(), "a definition survives its JSON");
}

#[test]
fn every_fault_of_the_head_is_found_at_once() {
    let text = "weir: 1
name: New Lead
descripton: x
capture: al
variables: { payload: 1, 'a b': 2, ok: '{{ 1 }}', true: 1 }
trigger:
  webhook:
    methods: [post, OPTIONS, 'a b', PSOT]
    content_types: ['application/json; charset=x', '*/x']
    max_body: big
    auth: basics
    wait: 16m
    accepted: { status: 302 }
    unanswered: { json: 1 }
    cors: { origins: ['*', 'https://x/y'], credentials: true }
  timer: {}
steps: []
";
    let expected = [
        ("NAME", "/name", 2),
        ("UNKNOWN-KEY", "/descripton", 3),
        ("CAPTURE", "/capture", 4),
        ("VARIABLE", "/variables/payload", 5),
        ("VARIABLE", "/variables/a b", 5),
        ("VARIABLE", "/variables/ok", 5),
        ("VARIABLE", "/variables/true", 5),
        ("METHOD", "/trigger/webhook/methods/0", 8),
        ("METHOD", "/trigger/webhook/methods/1", 8),
        ("METHOD", "/trigger/webhook/methods/2", 8),
        ("METHOD", "/trigger/webhook/methods", 8),
        ("CONTENT-TYPE", "/trigger/webhook/content_types/0", 9),
        ("CONTENT-TYPE", "/trigger/webhook/content_types/1", 9),
        ("TYPE", "/trigger/webhook/max_body", 10),
        ("AUTH", "/trigger/webhook/auth", 11),
        ("WAIT", "/trigger/webhook/wait", 12),
        ("STATUS", "/trigger/webhook/accepted/status", 13),
        ("STATUS", "/trigger/webhook/unanswered/json", 14),
        ("CORS", "/trigger/webhook/cors/origins/1", 15),
        ("CORS", "/trigger/webhook/cors/credentials", 15),
        ("UNKNOWN-KEY", "/trigger/timer", 16),
        ("STEPS", "/steps", 17),
    ];
    let mut found = faults(text);
    let mut expected: Vec<_> = expected.map(|(code, path, line)| (code.to_owned(), path.to_owned(), line)).into();
    found.sort_by(|a, b| (a.2, &a.1).cmp(&(b.2, &b.1)));
    expected.sort_by(|a, b| (a.2, &a.1).cmp(&(b.2, &b.1)));
    assert_eq!(found, expected);
    for (text, code) in [
        ("- a", "TYPE"),
        ("weir: 2\nname: x\nsteps: [{ id: a, uses: stop }]", "VERSION"),
        ("name: x\nsteps: [{ id: a, uses: stop }]", "MISSING-KEY"),
        ("weir: 1\nname: x", "MISSING-KEY"),
        ("weir: [", "SYNTAX"),
    ] {
        assert_eq!(faults(text).first().map(|fault| fault.0.as_str()), Some(code), "{text}");
        assert!(checked(text).def.is_none(), "{text}");
    }
}

#[test]
fn every_fault_of_the_steps_is_found_at_once() {
    let steps = "\
- { id: 1a, uses: set }
- { id: end, uses: set }
- { id: twice, uses: set }
- { id: twice, uses: set, whit: {} }
- { uses: set }
- { id: no-uses }
- text
- { id: kinds, uses: respnose }
- { id: acts, uses: lead-scores@1, title: 5 }
- { id: exits, uses: set, on: { nxet: end, next: kindz, error: } }
- { id: tries, uses: set, retry: { attempts: 21, backoff: 9s..1s }, timeout: 1h, save: a-b }
- { id: ends, uses: stop, on: { error: end } }
- { id: choose, uses: condition, on: { 'true': end } }
- { id: fork, uses: parallel, with: [left, kinds] }
- { id: template, uses: set, with: { a: ['{{ 1 +'] }, input: '{% x' }
- { id: answer, uses: response, with: { staus: 1 }, retry: { attempts: 2 } }
";
    let mut found: Vec<String> = short(steps);
    found.dedup();
    let expected = [
        "STEP-ID /steps/0/id",
        "STEP-ID /steps/1/id",
        "DUPLICATE-STEP /steps/3/id",
        "UNKNOWN-KEY /steps/3/whit",
        "MISSING-KEY /steps/4",
        "MISSING-KEY /steps/5",
        "TYPE /steps/6",
        "USES /steps/7/uses",
        "TYPE /steps/8/title",
        "USES /steps/8/uses",
        "TYPE /steps/9/on/error",
        "EXIT /steps/9/on/nxet",
        "TARGET /steps/9/on/next",
        "RETRY /steps/10/retry/attempts",
        "RETRY /steps/10/retry/backoff",
        "TIMEOUT /steps/10/timeout",
        "VARIABLE /steps/10/save",
        "EXIT /steps/11/on/error",
        "EXIT-MISSING /steps/12",
        "EXIT-MISSING /steps/13",
        "TEMPLATE /steps/14/input",
        "TEMPLATE /steps/14/with/a/0",
        "UNKNOWN-KEY /steps/15/with/staus",
        "NO-USE /steps/15/retry",
    ];
    let place = |text: &String| (text.split('/').nth(2).and_then(|n| n.parse::<u32>().ok()), text.clone());
    found.sort_by_key(place);
    let mut expected: Vec<String> = expected.map(str::to_owned).into();
    expected.sort_by_key(place);
    assert_eq!(found, expected);
    let messages = messages(steps);
    for words in [
        "did you mean `with`?",
        "did you mean `response`?",
        "`weir action push`",
        "did you mean `next`? there are `next`, `error`",
        "did you mean `kinds`?",
        "has no exits, it ends the run",
        "exit `false` leads nowhere",
        "no step has the id `left`",
        "did you mean `status`?",
    ] {
        assert!(messages.contains(words), "{words:?} is not in\n{messages}");
    }
}

#[test]
fn flows_and_steps_set_limits_by_name() {
    let text = "weir: 1
name: x
limits: { fuel: 9, run_fuel: 20, kv_operations: 0 }
steps:
  - { id: a, uses: set, limits: { fuel: 5 } }
  - { id: b, uses: set, limits: }
";
    let plan = checked(text).plan.unwrap();
    let flow = plan.limits.unwrap();
    assert_eq!((flow.fuel, flow.run_fuel, flow.kv_operations, flow.handles), (Some(9), Some(20), Some(0), None));
    assert_eq!(plan.steps[0].limits.as_ref().unwrap().fuel, Some(5));
    assert!(plan.steps[1].limits.is_none());
    let wrong = text.replace("fuel: 9", "feul: 9").replace("fuel: 5", "fuel: 0, run_fuel: 1");
    let expected = ["/limits/feul", "/steps/0/limits/fuel", "/steps/0/limits/run_fuel"];
    let found = faults(&wrong);
    assert!(found.iter().all(|(code, ..)| code == "LIMIT"), "{found:?}");
    assert!(found.iter().map(|(_, path, _)| path.as_str()).eq(expected), "{found:?}");
    let schema = crate::flow_schema(&SmallKinds::default());
    let limit = |at: &str| schema.pointer(&format!("{at}/limits/properties/run_fuel")).is_some();
    assert!(limit("/properties") && !limit("/$defs/step/properties"));
}

#[test]
fn what_cannot_be_reached_or_left_is_a_warning() {
    let lost = "- { id: a, uses: set, on: { next: c } }\n- { id: b, uses: response }\n- { id: c, uses: set }";
    assert_eq!(short(lost), ["UNREACHABLE /steps/1"]);
    assert!(messages(lost).contains("no caller gets its answer"));
    assert!(!plan(lost).answers);
    let inside = "- { id: each, uses: for-each, on: { item: both, done: after, error: oops } }
- { id: both, uses: parallel, with: [x, y], on: { done: each } }
- { id: x, uses: response, on: { next: end } }
- { id: y, uses: fail, on: { error: end } }
- { id: after, uses: set, on: { next: end } }
- { id: oops, uses: stop }";
    assert!(short(inside).is_empty(), "{:?}", short(inside));
    assert!(plan(inside).answers, "an answer inside a frame counts");
    let circle = "- { id: a, uses: condition, on: { 'false': d } }\n- { id: b, uses: set }\n\
                  - { id: c, uses: set, on: { next: b } }\n- { id: d, uses: set }";
    assert_eq!(short(circle), ["ENDLESS /steps/1", "ENDLESS /steps/2"]);
    let crossed = "- { id: outer, uses: for-each, on: { item: inner } }\n\
                   - { id: inner, uses: for-each, on: { item: body } }\n\
                   - { id: body, uses: set, on: { next: outer } }";
    assert_eq!(short(crossed), ["FRAME-CROSSED /steps/2"]);
}

#[test]
fn large_flows_are_checked_in_moments_and_larger_ones_refused() {
    let frames = |count: usize| {
        let step = |n: usize| {
            let to = |by: usize| format!("s{}", (n * by + 1) % count);
            format!("- {{ id: s{n}, uses: for-each, on: {{ item: {}, done: {}, error: {} }} }}\n", to(1), to(7), to(3))
        };
        (0..count).map(step).collect::<String>()
    };
    assert!(checked(&flow(&frames(super::MOST_STEPS))).plan.is_some());
    assert!(short(&frames(super::MOST_STEPS + 1)).contains(&"STEPS /steps".to_owned()));
}

#[test]
fn the_schema_names_every_kind_and_key() {
    let schema = crate::flow_schema(&SmallKinds::default());
    let keys =
        |at: &str| -> Vec<String> { schema.pointer(at).and_then(Value::as_object).unwrap().keys().cloned().collect() };
    assert_eq!(keys("/properties"), super::flow::FLOW_KEYS);
    assert_eq!(keys("/$defs/step/properties"), super::flow::STEP_KEYS);
    assert_eq!(schema.pointer("/$defs/kind/anyOf/1/const"), Some(&json!("response")));
    assert_eq!(schema.pointer("/$defs/step/allOf").and_then(Value::as_array).map(Vec::len), Some(7));
}

proptest::proptest! {
    #[test]
    fn no_definition_panics(pieces in proptest::collection::vec((0..SOUND.len(), 0..SOUND.len(), ".{0,3}"), 0..4)) {
        let mut text: Vec<char> = SOUND.chars().collect();
        for (from, to, with) in pieces {
            let (from, to) = (from.min(to).min(text.len()), from.max(to).min(text.len()).min(from.min(to) + 20));
            text.splice(from.min(to)..to, with.chars());
        }
        let _ = faults(&text.into_iter().collect::<String>());
    }
}

#[test]
fn a_flow_says_when_it_starts_by_itself_how_its_runs_are_taken_and_what_follows_failures() {
    let text = "weir: 1
name: x
trigger:
  webhook: { idempotency: { header: Idempotency-Key, keep: 2d, required: true } }
  schedule: { cron: 0 9 * * MON-FRI, zone: Europe/Berlin, missed: all, payload: { a: 1 } }
concurrency: 2
ordered: true
on_failure: tell
disable_after: 5
steps: [{ id: a, uses: set }]
";
    let sound = checked(&text.replace("concurrency: 2\n", ""));
    assert!(sound.findings.is_empty(), "{:#?}", sound.findings);
    let plan = checked(text).plan.unwrap();
    assert_eq!(faults(text), [("CONCURRENCY".to_owned(), "/concurrency".to_owned(), 6)], "which is a warning");
    assert_eq!((plan.concurrency, plan.ordered, plan.disable_after), (Some(2), true, Some(5)));
    assert_eq!(plan.on_failure.as_ref().map(|name| name.as_str()), Some("tell"));
    let schedule = plan.schedule.as_ref().unwrap();
    assert_eq!((schedule.zone.as_deref(), schedule.missed), (Some("Europe/Berlin"), weir_model::Missed::All));
    assert_eq!(schedule.payload, Some(json!({ "a": 1 })));
    let idempotency = plan.webhook.idempotency.as_ref().unwrap();
    assert_eq!((idempotency.header.as_deref(), idempotency.required), (Some("idempotency-key"), true));

    let wrong = "weir: 1
name: x
capture: none
trigger:
  webhook:
    idempotency: { header: 'a b', pointer: id, keep: 31d, requird: true }
  schedule: { cron: 0 9 * * MONDAY, zone: Europe/Berln, missed: som, payload: ['{{ 1 }}'] }
limits: { tenant_runs: 1 }
concurrency: 0
ordered: 1
on_failure: x
disable_after: 1001
steps: [{ id: a, uses: set, limits: { tenant_queue: 1 } }]
";
    let expected = [
        "CONCURRENCY /concurrency",
        "CRON /trigger/schedule/cron",
        "DISABLE-AFTER /disable_after",
        "DISABLE-AFTER /disable_after",
        "IDEMPOTENCY /trigger/webhook/idempotency/header",
        "IDEMPOTENCY /trigger/webhook/idempotency/keep",
        "IDEMPOTENCY /trigger/webhook/idempotency/pointer",
        "IDEMPOTENCY /trigger/webhook/idempotency/pointer",
        "LIMIT /limits/tenant_runs",
        "LIMIT /steps/0/limits/tenant_queue",
        "ON-FAILURE /on_failure",
        "SCHEDULE /trigger/schedule/missed",
        "SCHEDULE /trigger/schedule/payload",
        "TYPE /ordered",
        "UNKNOWN-KEY /trigger/webhook/idempotency/requird",
        "ZONE /trigger/schedule/zone",
    ];
    let mut found: Vec<String> = faults(wrong).into_iter().map(|(code, path, _)| format!("{code} {path}")).collect();
    found.sort();
    assert_eq!(found, expected);
    let said = checked(wrong).findings.into_iter().map(|finding| finding.message).collect::<Vec<_>>().join("\n");
    for words in ["did you mean `Europe/Berlin`?", "did you mean `required`?", "whole tenant", "no run is kept"] {
        assert!(said.contains(words), "{words:?} is not in\n{said}");
    }
    let missing = "trigger: { webhook: { idempotency: {} }, schedule: {} }\nsteps: [{ id: a, uses: set }]";
    let found = faults(&format!("weir: 1\nname: x\n{missing}"));
    assert!(found.len() == 2 && found.iter().all(|(code, ..)| code == "MISSING-KEY"), "{found:?}");
    let schema = crate::flow_schema(&SmallKinds::default());
    assert!(schema.pointer("/properties/limits/properties/tenant_runs").is_none());
    assert!(schema.pointer("/properties/trigger/properties/schedule/anyOf/0/properties/cron").is_some());
}
