//! The action score-rust: scores a lead from weights and counts in the key-value store how often it was scored.

#![forbid(unsafe_code)]

use std::collections::BTreeMap;

use serde_json::Value;
use weir_action::{Error, Output, Result, kv, log};

const BUCKET: kv::Bucket<'static> = kv::bucket("score-rust");

/// No signal counts more often than this.
const CEILING: usize = 1_000;

/// How leads are scored.
#[weir_action::data]
#[serde(default)]
pub struct Config {
    /// Points for each signal of the lead.
    #[schemars(extend("additionalProperties" = { "type": "integer", "minimum": 0, "maximum": 1000 }))]
    pub weights: BTreeMap<String, u32>,
    /// The score from which a lead is hot.
    pub hot: i64,
}

impl Default for Config {
    fn default() -> Self {
        Self { weights: BTreeMap::new(), hot: 60 }
    }
}

/// The score and how it came about.
#[weir_action::data]
#[derive(PartialEq)]
pub struct Score {
    /// The sum of all points.
    pub value: u64,
    /// What each signal brought, where it brought something.
    pub reasons: Vec<Reason>,
    /// How deep the lead is nested.
    pub depth: usize,
    /// The lead's name.
    pub name: Option<String>,
    /// How often this lead was scored.
    pub seen: i64,
}

/// What one signal brought.
#[weir_action::data]
#[derive(PartialEq)]
pub struct Reason {
    /// The signal.
    pub signal: String,
    /// Its points.
    pub points: u64,
}

/// Scores a lead from weights, counts how often it was scored, and says whether it is hot.
#[weir_action::action(
    name = "score-rust",
    title = "Score a lead (Rust)",
    branches("hot", "cold"),
    capabilities(kv("score-rust")),
    validate = check
)]
pub fn score_rust(config: Config, input: Value) -> Result<Output<Score>> {
    let Value::Object(lead) = &input else { return Err(Error::invalid("a lead is a JSON object")) };
    let points = |(signal, weight): (&String, &u32)| {
        let points = times(lead.get(signal)) as u64 * u64::from(*weight);
        (points > 0).then(|| Reason { signal: signal.clone(), points })
    };
    // The map's order is that of the names' bytes.
    let reasons: Vec<Reason> = config.weights.iter().filter_map(points).collect();
    let value = reasons.iter().map(|reason| reason.points).sum::<u64>();
    let id = lead.get("id").and_then(Value::as_str).filter(|id| is_id(id)).unwrap_or("unknown");
    let seen = BUCKET.increment(id, 1)?;
    log::info!("{id} scores {value}"; score = value);
    let hot = i64::try_from(value).is_ok_and(|value| value >= config.hot);
    let name = lead.get("name").and_then(Value::as_str).map(str::to_owned);
    let score = Score { value, reasons, depth: 1 + deepest(lead.values()), name, seen };
    Ok(Output::to(if hot { "hot" } else { "cold" }, score))
}

fn check(config: &Config) -> Result<(), String> {
    match config.weights.iter().find(|(_, weight)| **weight as usize > CEILING) {
        Some((signal, weight)) => Err(format!("weights.{signal}: {weight} is no whole number from 0 to {CEILING}")),
        None => Ok(()),
    }
}

/// How many times a signal counts.
fn times(signal: Option<&Value>) -> usize {
    let times = match signal {
        None | Some(Value::Null) => 0,
        Some(Value::Bool(yes)) => usize::from(*yes),
        // Toward zero, and to the end of the range where it is beyond.
        Some(Value::Number(number)) => number.as_f64().unwrap_or_default() as usize,
        Some(Value::String(text)) => text.chars().count(),
        Some(Value::Array(items)) => items.len(),
        Some(Value::Object(members)) => members.len(),
    };
    times.min(CEILING)
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + deepest(items.iter()),
        Value::Object(members) => 1 + deepest(members.values()),
        _ => 0,
    }
}

fn deepest<'v>(values: impl Iterator<Item = &'v Value>) -> usize {
    values.map(depth).max().unwrap_or(0)
}

fn is_id(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use weir_action::testing;

    use super::*;

    #[test]
    fn signals_of_every_type_count() {
        let weights = json!({ "b": 1, "n": 2, "t": 3, "list": 5, "none": 7, "text": 1 });
        let lead =
            json!({ "b": true, "n": 2.9, "t": 1e300, "list": [[], {}], "none": null, "text": "🦀é", "name": "\u{0}" });
        let output = testing::run::<score_rust>(&json!({ "weights": weights }), &lead).unwrap();
        assert_eq!(output.branch(), Some("hot"));
        assert_eq!(output.value["value"], 1 + 4 + 3_000 + 10 + 2);
        assert_eq!((&output.value["depth"], &output.value["name"]), (&json!(3), &json!("\u{0}")));
        assert_eq!(output.value["reasons"][0], json!({ "signal": "b", "points": 1 }));
    }

    #[test]
    fn what_is_wrong_is_said() {
        let error = testing::run::<score_rust>(&json!({}), &json!([1])).unwrap_err();
        assert_eq!(error.to_string(), "a lead is a JSON object");
        assert_eq!(
            testing::check::<score_rust>(&json!({ "weights": { "a": 2000 } })),
            ["weights.a: 2000 is no whole number from 0 to 1000"]
        );
    }
}
