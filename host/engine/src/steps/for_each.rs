//! `for-each`: opens a frame whose path runs once per item. The order and the merging live in the flow room's machine.

use std::sync::Arc;

use serde_json::{Value, json};
use weir_flow::{Compiled, Data, Escape, Exit, ExitDefault, Kind, Open, Role, StepCheck, Template};
use weir_model::StepDef;

use super::{Begin, Failure, Notes, Step, StepContext};

/// Items one loop may have.
const MAX_ITEMS: usize = 10_000;
/// Items one loop may have under way.
const MAX_CONCURRENCY: u64 = 64;

pub(super) struct ForEach;

impl Kind<Box<dyn Step>> for ForEach {
    fn name(&self) -> &'static str {
        "for-each"
    }

    fn summary(&self) -> &'static str {
        "Runs the path at its exit `item` once per item, then leaves by `done` with the list of what each path gave last."
    }

    fn schema(&self) -> Value {
        json!({
            "type": "object",
            "required": ["items"],
            "properties": {
                "items": { "description": "A list; an object gives {key, value} pairs, null gives none, and another value gives itself." },
                "as": { "type": "string", "default": "item", "pattern": "^[A-Za-z_][A-Za-z0-9_]{0,62}$" },
                "concurrency": { "type": "integer", "minimum": 1, "maximum": MAX_CONCURRENCY, "default": 1 },
            },
            "additionalProperties": false,
        })
    }

    fn compile(&self, step: &StepDef, cx: &mut StepCheck<'_>) -> Option<Compiled<Box<dyn Step>>> {
        let with = cx.settings(step, &["items", "as", "concurrency"])?;
        let Some(items) = with.get("items") else {
            cx.error(
                "WEIR-FLOW-WITH",
                "/with/items",
                "`for-each` needs `items`, such as `items: \"{{ payload.lines }}\"`.",
            );
            return None;
        };
        let name = with.get("as").map_or(Some("item"), Value::as_str);
        let Some(name) = name.filter(|name| weir_flow::variable_trouble(name).is_none()) else {
            cx.error(
                "WEIR-FLOW-WITH",
                "/with/as",
                "`as` is the name an item gets: letters, digits and _, no reserved name.",
            );
            return None;
        };
        let concurrency = with.get("concurrency").map_or(Some(1), Value::as_u64);
        let Some(concurrency) = concurrency.filter(|n| (1..=MAX_CONCURRENCY).contains(n)) else {
            cx.error(
                "WEIR-FLOW-WITH",
                "/with/concurrency",
                format!("`concurrency` is a number from 1 to {MAX_CONCURRENCY}."),
            );
            return None;
        };
        let items = cx.template(items, "/with/items", Escape::None)?;
        let code = Looper { items, name: Arc::from(name), concurrency: usize::try_from(concurrency).unwrap_or(1) };
        let exits = vec![Exit::new("item", ExitDefault::Following), Exit::new("done", ExitDefault::End)];
        Some(Compiled { code: Box::new(code), exits, role: Role::Frame })
    }
}

struct Looper {
    items: Template,
    name: Arc<str>,
    concurrency: usize,
}

impl Step for Looper {
    fn begin(&self, cx: &StepContext<'_>) -> Result<Begin, Failure> {
        let rendered = self.items.render(cx.scope).map_err(|error| Failure::template(&error))?;
        let items = items_of(rendered.data);
        if items.len() > MAX_ITEMS {
            let found = items.len();
            return Err(Failure::setting("items", format!("has {found} entries; a loop takes {MAX_ITEMS} at most")));
        }
        let open = Open::Each { items, name: Arc::clone(&self.name), concurrency: self.concurrency };
        Ok(Begin::Open(open, Notes { missing: rendered.missing, ..Notes::default() }))
    }
}

fn items_of(data: Data) -> Vec<Data> {
    if data.is_null() {
        return Vec::new();
    }
    if let Some(items) = data.items() {
        return items;
    }
    if let Some(entries) = data.entries() {
        let pair = |(key, value): (String, Data)| {
            Data::object([("key".to_owned(), Data::from(key)), ("value".to_owned(), value)])
        };
        return entries.into_iter().map(pair).collect();
    }
    vec![data]
}
