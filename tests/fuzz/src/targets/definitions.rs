//! Definitions as authors write them: every finding has a code and a line of the text, a definition without errors has a
//! plan and stays right when it is written anew, and a run walks any plan to an end, over checkpoints as well.

use serde_json::Value;
use weir_flow::{Checked, Data, Document, Kinds, Locals, MOST_BYTES, Open, Plan, Position, Role, check};
use weir_model::Severity;

use super::{RAW_KEY, small};
use crate::random::Random;
use crate::{Target, files, make};

pub(crate) const TARGET: Target = Target { name: "definitions", run, make: make::definition, seeds, words: WORDS };

pub(super) const WORDS: &[&str] = &[
    "weir: 1\n",
    "name: ",
    "steps:\n",
    "- id: ",
    "uses: ",
    "with: ",
    "on: ",
    "limits: ",
    "trigger: ",
    "webhook: ",
    "end",
    "error",
    "item",
    "done",
    "next",
    "|\n",
    ">-\n",
    "\"\\u0007\"",
    "'",
    "\"",
    "&a ",
    "*a",
    "<<: ",
    "!!binary ",
    "---\n",
    "...\n",
    "? ",
    ": ",
    "- ",
    "# ",
    "[",
    "]",
    "{",
    "}",
    "%YAML 1.2\n",
    "\u{feff}",
    "\r",
    "\u{85}",
    "\u{2028}",
    "1e999",
    "0o17",
    ".inf",
];

pub(super) fn seeds() -> Vec<Vec<u8>> {
    files("examples/flows", &["yaml", "json"])
}

/// Moves of a walk, at most: graphs may have loops.
const MOST_MOVES: usize = 400;

fn run(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    document(text);
    if let Some(plan) = checked(text, &*small::KINDS).plan {
        walk(&plan, &mut Random::new(input.len() as u64, 0));
    }
}

/// A text that is read has a line for each of its values, and JSON is what another reader makes of it.
fn document(text: &str) {
    let Ok(document) = Document::parse(text) else { return };
    let last = last_line(text);
    let mut open = vec![(String::new(), document.value())];
    while let Some((pointer, value)) = open.pop() {
        let line = document.line(&pointer);
        assert!(line.is_some_and(|line| (1..=last).contains(&line)), "{pointer:?} is on line {line:?} of {last}");
        match value {
            Value::Array(items) => {
                open.extend(items.iter().enumerate().map(|(at, item)| (format!("{pointer}/{at}"), item)))
            }
            Value::Object(map) => open
                .extend(map.iter().map(|(key, item)| (format!("{pointer}/{}", weir_flow::pointer_token(key)), item))),
            _ => {}
        }
        // Enough of a wide document.
        open.truncate(200);
    }
    let other = serde_json::from_str::<Value>(text)
        .ok()
        .filter(|value| value.is_object() && !text.contains(RAW_KEY) && !text.contains("\\u"));
    assert!(other.is_none_or(|other| other == *document.value()), "another reader of JSON sees another definition");
}

fn last_line(text: &str) -> u32 {
    1 + text.replace("\r\n", "\n").matches(['\n', '\r']).count() as u32
}

/// Checks a definition, and the check itself.
pub(super) fn checked<S>(text: &str, kinds: &dyn Kinds<S>) -> Checked<S> {
    let checked = check(text, kinds, &small::action);
    let last = last_line(text);
    for finding in &checked.findings {
        assert!(finding.code.as_str().starts_with("WEIR-") && !finding.message.is_empty(), "{finding:?} says nothing");
        assert!(finding.line.is_none_or(|line| (1..=last).contains(&line)), "{finding:?} is on no line of {last}");
        assert!(
            finding.message.len() < 8_192,
            "a message of {} bytes: {:.200}",
            finding.message.len(),
            finding.message
        );
        let step = finding.step.as_deref().unwrap_or_default();
        assert!(step.len() < 1_024, "a finding names a step with {} bytes", step.len());
    }
    let wrong = checked.findings.iter().any(|finding| finding.severity == Severity::Error);
    assert_eq!(checked.plan.is_some(), !wrong, "a plan goes with no error: {:?}", checked.findings);
    let Some(def) = checked.def.as_ref().filter(|_| !wrong) else { return checked };
    let anew = serde_json::to_string(def).unwrap_or_else(|error| panic!("a definition has no JSON form: {error}"));
    // A text may have characters, or grow to a size, that a definition must not have when written as plain JSON.
    let fits =
        anew.len() <= MOST_BYTES && !anew.chars().any(|c| c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}'));
    if fits {
        let again = check(&anew, kinds, &small::action);
        assert!(again.plan.is_some(), "written anew it is wrong: {:?}", again.findings);
    }
    checked
}

/// Walks a plan by chance, with a checkpoint now and then.
fn walk(plan: &Plan<()>, random: &mut Random) {
    let mut position = Position::start(plan, Locals::default());
    for _ in 0..MOST_MOVES {
        let Some(thread) = position.ready() else { break };
        let step = position.step_of(thread).and_then(|at| plan.step(at));
        let step = step.unwrap_or_else(|| panic!("a thread is at no step"));
        position.put_output(plan, thread, Data::from(1_i64));
        let names: Vec<_> = step.exits.iter().map(|(name, _)| name.clone()).collect();
        if random.once_in(12) {
            if !position.fail(plan, thread, Data::from("why")) {
                position.stop();
            }
        } else if step.role == Role::Frame {
            let open = if step.uses.as_ref() == "for-each" {
                let items = vec![Data::from("x"); random.small(5)];
                Open::Each { items, name: "entry".into(), concurrency: random.small(4) }
            } else {
                Open::Branches(names.into_iter().filter(|name| name.as_ref() != weir_flow::DONE).collect())
            };
            if position.open(plan, thread, open).is_err() {
                position.stop();
            }
        } else if step.role == Role::Ends {
            position.stop();
        } else {
            let exit = if names.is_empty() { "next".into() } else { names[random.below(names.len())].clone() };
            position.leave(plan, thread, &exit);
        }
        if random.once_in(8) {
            let kept = serde_json::to_vec(&position).unwrap_or_else(|error| panic!("no checkpoint: {error}"));
            position =
                serde_json::from_slice(&kept).unwrap_or_else(|error| panic!("a checkpoint is not read: {error}"));
        }
    }
    assert!(position.is_over() || position.ready().is_some(), "a run stands still");
}
