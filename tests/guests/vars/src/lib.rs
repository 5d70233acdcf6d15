//! A guest that uses variables, the payload by pointer, the context and the log, to see that each reaches the host.

#![forbid(unsafe_code)]

use std::collections::BTreeMap;

use weir_action::{Context, Error, Output, Result, Value, log, payload, variables};

/// What to do, in this order: set, remove, get, read.
#[weir_action::data]
#[serde(default, deny_unknown_fields)]
#[derive(Default)]
pub struct Config {
    /// Variables to set.
    pub set: BTreeMap<String, Value>,
    /// Variables to remove.
    pub remove: Vec<String>,
    /// Variables to answer.
    pub get: Vec<String>,
    /// Parts of the payload to answer, as JSON Pointers.
    pub read: Vec<String>,
    /// The branch to leave by; it may be one that is not declared.
    pub branch: Option<String>,
    /// How to fail, once all is done: `invalid`, `retryable` or `failed`.
    pub fail: Option<String>,
}

/// What was found.
#[weir_action::data]
pub struct Found {
    /// Variables by name; null where there is none.
    pub variables: BTreeMap<String, Value>,
    /// Parts of the payload by pointer; null where there is nothing.
    pub payload: BTreeMap<String, Value>,
    /// Bytes of the whole payload.
    pub payload_bytes: usize,
    /// The tenant, flow, version, step, run, attempt and idempotency key of the call.
    pub context: Vec<String>,
}

/// Sets, removes and reads, as it is told.
#[weir_action::action(name = "vars", branches("left", "right"), capabilities(variables))]
pub fn vars(config: Config, context: &Context) -> Result<Output<Found>> {
    for (name, value) in &config.set {
        variables::set(name, value)?;
    }
    for name in &config.remove {
        variables::remove(name);
    }
    let mut found = Found {
        variables: BTreeMap::new(),
        payload: BTreeMap::new(),
        payload_bytes: payload::raw().len(),
        context: vec![
            context.tenant.clone(),
            context.flow.clone(),
            context.flow_version.to_string(),
            context.step.clone(),
            context.run.clone(),
            context.attempt.to_string(),
            context.idempotency_key.clone(),
        ],
    };
    for name in config.get {
        let value = variables::get(&name)?.unwrap_or_default();
        found.variables.insert(name, value);
    }
    for pointer in config.read {
        let value = payload::get(&pointer)?.unwrap_or_default();
        found.payload.insert(pointer, value);
    }
    log::info!("vars is done"; variables = found.variables.len(), parts = found.payload.len());
    match config.fail.as_deref() {
        Some("invalid") => Err(Error::invalid("invalid on purpose")),
        Some("retryable") => Err(Error::retryable("retryable on purpose").after(std::time::Duration::from_millis(50))),
        Some(_) => Err(Error::failed("failed on purpose").with(found)),
        None => {
            Ok(config.branch.map_or_else(|| Output::next(found.clone()), |branch| Output::to(branch, found.clone())))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use weir_action::{serde_json, testing};

    use super::*;

    #[test]
    fn variables_and_pointers_are_found() {
        let config = json!({ "set": { "a": 1 }, "get": ["a", "b"], "read": ["/x/0", "/y"], "branch": "left" });
        let output = testing::run::<vars>(&config, &json!({ "x": [true] })).unwrap();
        assert_eq!(output.branch(), Some("left"));
        assert_eq!(output.value["variables"], json!({ "a": 1, "b": null }));
        assert_eq!(output.value["payload"], json!({ "/x/0": true, "/y": null }));
    }
}
