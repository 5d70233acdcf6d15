//! Checks when a flow starts by itself. It reads settings; cron knows times, the engine starts runs.

use serde_json::Value;
use weir_model::{Missed, ScheduleDef};

use super::near::instead;
use super::shape::{Part, Report};
use crate::cron::{Cron, CronError};

const KEYS: &[&str] = &["cron", "zone", "missed", "payload"];
const MISSED: &[(&str, Missed)] = &[("skip", Missed::Skip), ("one", Missed::One), ("all", Missed::All)];

impl Report<'_> {
    pub(super) fn schedule(&mut self, trigger: &Part<'_>) -> Option<ScheduleDef> {
        let part = self.object(trigger, "schedule")?;
        self.known(&part, KEYS);
        if Self::given(&part, "cron").is_none() {
            self.missing(&part, "cron", "write when the flow starts, such as `cron: 0 9 * * MON-FRI`");
        }
        let cron = self.text(&part, "cron");
        let zone = self.text(&part, "zone");
        match Cron::new(cron.unwrap_or("@daily"), zone) {
            Ok(_) => {}
            Err(CronError::Expression(message)) => self.error("WEIR-FLOW-CRON", &part, "cron", message),
            Err(CronError::Zone(message)) => {
                self.error("WEIR-FLOW-ZONE", &part, "zone", message);
                // What is wrong with the expression is told too.
                if let Err(CronError::Expression(message)) = Cron::new(cron.unwrap_or("@daily"), None) {
                    self.error("WEIR-FLOW-CRON", &part, "cron", message);
                }
            }
        }
        let missed = self.missed(&part).unwrap_or_default();
        let payload = Self::given(&part, "payload").cloned();
        if payload.as_ref().is_some_and(has_template) {
            let message = "templates are not evaluated here, the payload holds this text as it stands: use a `set` step \
                           for a value that is computed";
            self.warn("WEIR-FLOW-SCHEDULE", &part, "payload", message.to_owned());
        }
        Some(ScheduleDef { cron: cron?.trim().to_owned(), zone: zone.map(ToOwned::to_owned), missed, payload })
    }

    fn missed(&mut self, part: &Part<'_>) -> Option<Missed> {
        let text = self.text(part, "missed")?;
        let found = MISSED.iter().find(|(name, _)| *name == text).map(|(_, missed)| *missed);
        if found.is_none() {
            let names = MISSED.iter().map(|(name, _)| *name);
            let message = format!("`{text}` is no way to treat missed times: {}", instead(text, names));
            self.error("WEIR-FLOW-SCHEDULE", part, "missed", message);
        }
        found
    }
}

fn has_template(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains("{{") || text.contains("{%"),
        Value::Array(items) => items.iter().any(has_template),
        Value::Object(map) => map.values().any(has_template),
        _ => false,
    }
}
