//! Reads the definition itself: its head, its variables and the common fields of its steps. What a step's `with` means
//! is its kind's business, and where exits lead is the graph's.

use indexmap::IndexMap;
use serde_json::Value;
use weir_model::{Capture, FlowDef, Retry, Severity, Span, StepDef};

use super::MOST_STEPS;
use super::limits::Level;
use super::names::{is_step_id, variable_trouble};
use super::near::instead;
use super::retry::backoff;
use super::shape::{Part, Report, what};

pub(super) const FLOW_KEYS: &[&str] = &[
    "weir",
    "name",
    "description",
    "trigger",
    "variables",
    "capture",
    "limits",
    "egress",
    "concurrency",
    "ordered",
    "on_failure",
    "disable_after",
    "steps",
    "layout",
];
pub(super) const STEP_KEYS: &[&str] =
    &["id", "uses", "title", "with", "input", "save", "retry", "timeout", "limits", "on"];
const CAPTURES: &[(&str, Capture)] =
    &[("full", Capture::Full), ("errors", Capture::Errors), ("summary", Capture::Summary), ("none", Capture::None)];
const MOST_TEXT: usize = 10_000;
const MOST_ATTEMPTS: u64 = 20;
const LONGEST_TIMEOUT: Span = Span::from_millis(15 * 60 * 1_000);

impl Report<'_> {
    /// What could be read of the definition, and the place of each step in the document's list. None where the text is no
    /// definition at all: without format, name or a list of steps.
    pub(super) fn flow(&mut self) -> Option<(FlowDef, Vec<usize>)> {
        let document = self.document;
        let Some(map) = document.value().as_object() else {
            let message = format!(
                "a definition is an object with the keys `weir`, `name` and `steps`, this is {}: start with `weir: 1`",
                what(document.value())
            );
            self.add(Severity::Error, "WEIR-FLOW-TYPE", String::new(), None, message);
            return None;
        };
        let part = Part { map, path: String::new(), step: None };
        self.known(&part, FLOW_KEYS);
        let weir = self.format(&part);
        let name = self.parsed(&part, "name", "WEIR-FLOW-NAME");
        if Self::given(&part, "name").is_none() {
            self.missing(&part, "name", "write the flow's name, such as `name: new-lead`");
        }
        let description = self.prose(&part, "description");
        let trigger = self.trigger(&part);
        let variables = self.variables(&part);
        let capture = self.capture(&part);
        let limits = self.limits(&part, Level::Flow);
        let egress = self.egress(&part);
        let running = self.running(&part, name.as_ref(), capture);
        let (steps, places) = self.steps(&part)?;
        let def = FlowDef {
            weir: weir?,
            name: name?,
            description,
            trigger,
            variables,
            capture,
            limits,
            egress,
            concurrency: running.concurrency,
            ordered: running.ordered,
            on_failure: running.on_failure,
            disable_after: running.disable_after,
            steps,
            layout: map.get("layout").cloned(),
        };
        Some((def, places))
    }

    fn format(&mut self, part: &Part<'_>) -> Option<u32> {
        if Self::given(part, "weir").is_none() {
            self.missing(part, "weir", "write `weir: 1`, the format's version, as the first line");
            return None;
        }
        match self.number(part, "weir")? {
            1 => Some(1),
            other => {
                let message =
                    format!("this server reads format 1, not {other}: write `weir: 1`, or use a newer server");
                self.error("WEIR-FLOW-VERSION", part, "weir", message);
                None
            }
        }
    }

    fn prose(&mut self, part: &Part<'_>, key: &str) -> Option<String> {
        let text = self.text(part, key)?;
        if text.len() > MOST_TEXT {
            let message = format!("`{key}` has {} bytes, at most {MOST_TEXT} are allowed: shorten it", text.len());
            self.error("WEIR-FLOW-TOO-LARGE", part, key, message);
        }
        Some(text.to_owned())
    }

    fn variables(&mut self, part: &Part<'_>) -> IndexMap<String, Value> {
        let Some(part) = self.object(part, "variables") else { return IndexMap::new() };
        for (name, value) in part.map {
            if let Some(trouble) = variable_trouble(name) {
                self.error("WEIR-FLOW-VARIABLE", &part, name, trouble);
            }
            if value.as_str().is_some_and(|text| text.contains("{{") || text.contains("{%")) {
                let message = "templates are not evaluated here, the variable holds this text as it stands: use a `set` \
                               step for a value that is computed";
                self.warn("WEIR-FLOW-VARIABLE", &part, name, message.to_owned());
            }
        }
        part.map.iter().map(|(name, value)| (name.clone(), value.clone())).collect()
    }

    fn capture(&mut self, part: &Part<'_>) -> Option<Capture> {
        let text = self.text(part, "capture")?;
        let found = CAPTURES.iter().find(|(name, _)| *name == text).map(|(_, capture)| *capture);
        if found.is_none() {
            let message =
                format!("`{text}` is no capture level: {}", instead(text, CAPTURES.iter().map(|(name, _)| *name)));
            self.error("WEIR-FLOW-CAPTURE", part, "capture", message);
        }
        found
    }

    fn steps(&mut self, part: &Part<'_>) -> Option<(Vec<StepDef>, Vec<usize>)> {
        if Self::given(part, "steps").is_none() {
            self.missing(part, "steps", "write the list of steps, the first with an `id` and what it `uses`");
            return None;
        }
        let items = self.list(part, "steps")?;
        if items.is_empty() {
            let message = "the flow has no steps: write one, such as `- id: answer` with `uses: response`";
            self.error("WEIR-FLOW-STEPS", part, "steps", message.to_owned());
        }
        if items.len() > MOST_STEPS {
            let message = format!(
                "the flow has {} steps, at most {MOST_STEPS} are allowed: split it and `call` its parts",
                items.len()
            );
            self.error("WEIR-FLOW-STEPS", part, "steps", message);
        }
        let mut seen: IndexMap<&str, usize> = IndexMap::new();
        let mut steps = Vec::new();
        let mut places = Vec::new();
        for (place, item) in items.iter().enumerate().take(MOST_STEPS) {
            let Some(map) = item.as_object() else {
                let message = format!("a step is an object with `id` and `uses`, this is {}", what(item));
                self.item(part, "steps", place, "WEIR-FLOW-TYPE", message);
                continue;
            };
            let id = map.get("id").and_then(Value::as_str);
            let step = Part { map, path: format!("/steps/{place}"), step: id.map(ToOwned::to_owned) };
            if let Some(first) = id.and_then(|id| seen.insert(id, place)) {
                let message = format!("steps {} and {} both have this id: give each its own", first + 1, place + 1);
                self.error("WEIR-FLOW-DUPLICATE-STEP", &step, "id", message);
            }
            if let Some(read) = self.step(&step) {
                steps.push(read);
                places.push(place);
            }
        }
        Some((steps, places))
    }

    fn step(&mut self, part: &Part<'_>) -> Option<StepDef> {
        self.known(part, STEP_KEYS);
        let id = self.text(part, "id");
        match id {
            Some("end") => {
                let message = "`end` is what ends a path and cannot be a step's id: choose another".to_owned();
                self.error("WEIR-FLOW-STEP-ID", part, "id", message);
            }
            Some(id) if !is_step_id(id) => {
                let message = format!(
                    "{:?} cannot be a step's id: use letters, digits, `-` and `_`, starting with a letter, at most 63",
                    id.chars().take(80).collect::<String>()
                );
                self.error("WEIR-FLOW-STEP-ID", part, "id", message);
            }
            Some(_) => {}
            None if Self::given(part, "id").is_some() => {}
            None => self.missing(part, "id", "give the step an id of its own, such as `id: answer`"),
        }
        let uses = self.text(part, "uses");
        if Self::given(part, "uses").is_none() {
            self.missing(part, "uses", "name a built-in kind such as `response`, or an action such as `lead-score@1`");
        }
        let title = self.prose(part, "title");
        let save = self.save(part);
        let retry = self.retry(part);
        let timeout = self.timeout(part);
        let limits = self.limits(part, Level::Step);
        let on = self.on(part);
        let value = |key: &str| part.map.get(key).cloned();
        // `with:` and nothing behind it is no settings, but `input: null` is an input.
        let with = value("with").filter(|with| !with.is_null());
        Some(StepDef {
            id: id?.to_owned(),
            uses: uses?.to_owned(),
            title,
            with,
            input: value("input"),
            save,
            retry,
            timeout,
            limits,
            on,
        })
    }

    fn save(&mut self, part: &Part<'_>) -> Option<String> {
        let name = self.text(part, "save")?;
        if let Some(trouble) = variable_trouble(name) {
            self.error("WEIR-FLOW-VARIABLE", part, "save", trouble);
        }
        Some(name.to_owned())
    }

    fn timeout(&mut self, part: &Part<'_>) -> Option<Span> {
        let timeout: Span = self.parsed(part, "timeout", "WEIR-FLOW-TIMEOUT")?;
        if timeout < Span::from_millis(1) || timeout > LONGEST_TIMEOUT {
            let message = format!("a step cannot have {timeout} of time: write a time from 1ms to {LONGEST_TIMEOUT}");
            self.error("WEIR-FLOW-TIMEOUT", part, "timeout", message);
        }
        Some(timeout)
    }

    fn retry(&mut self, part: &Part<'_>) -> Option<Retry> {
        let part = self.object(part, "retry")?;
        self.known(&part, &["attempts", "backoff"]);
        let backoff_text = self.text(&part, "backoff");
        if let Some(Err(trouble)) = backoff_text.map(|text| backoff(Some(text))) {
            self.error("WEIR-FLOW-RETRY", &part, "backoff", trouble);
        }
        if Self::given(&part, "attempts").is_none() {
            self.missing(&part, "attempts", "write how many tries there are in all, such as `attempts: 3`");
        }
        let attempts = self.number(&part, "attempts")?;
        if !(1..=MOST_ATTEMPTS).contains(&attempts) {
            let message = format!("{attempts} tries are not possible: write 1 to {MOST_ATTEMPTS}, the first included");
            self.error("WEIR-FLOW-RETRY", &part, "attempts", message);
        }
        Some(Retry { attempts: u32::try_from(attempts).ok()?, backoff: backoff_text.map(ToOwned::to_owned) })
    }

    fn on(&mut self, part: &Part<'_>) -> IndexMap<String, String> {
        let Some(on) = self.object(part, "on") else { return IndexMap::new() };
        let keys: Vec<&String> = on.map.keys().collect();
        keys.into_iter().filter_map(|exit| Some((exit.clone(), self.target(&on, exit)?))).collect()
    }

    fn target(&mut self, on: &Part<'_>, exit: &str) -> Option<String> {
        match on.map.get(exit)? {
            Value::String(target) => Some(target.clone()),
            other => {
                let message = format!(
                    "exit `{exit}` leads to {}, it must lead to a step's id or `end`{}",
                    what(other),
                    if other.is_null() { ": write one, or take the line out" } else { "" }
                );
                self.error("WEIR-FLOW-TYPE", on, exit, message);
                None
            }
        }
    }
}
