//! The action `code`: runs JavaScript that is written into a flow, in QuickJS. It owns what a call is made of; what a
//! script sees is made in `engine`, and `script` turns text into a function and errors into the author's lines.

#![deny(unsafe_code)]

mod bindings;
mod clocks;
mod engine;
mod fault;
mod host;
mod json;
mod script;
mod web;

use serde::Deserialize;

use bindings::weir::action::manifest::{ActionInfo, Capability, HttpScope};
use bindings::weir::action::types::{ActionError, Context, Output};

/// The step's settings, as far as this component reads them.
#[derive(Deserialize)]
struct Config {
    source: String,
}

/// What the bindings call.
struct Action;

impl bindings::Guest for Action {
    fn describe() -> ActionInfo {
        ActionInfo {
            name: "code".into(),
            title: "Code".into(),
            version: env!("CARGO_PKG_VERSION").into(),
            description: "Runs JavaScript: the body of an async function whose result is the step's output.".into(),
            config_schema: include_str!("config.json").into(),
            input_schema: None,
            output_schema: None,
            branches: Vec::new(),
            capabilities: vec![
                Capability::Kv("code".into()),
                Capability::Http(HttpScope { host: "*".into(), methods: Vec::new() }),
                Capability::Variables,
                Capability::Clock,
                Capability::Random,
            ],
        }
    }

    fn validate(config: String) -> Result<(), Vec<String>> {
        let config = parse(&config).map_err(|error| vec![error])?;
        engine::with(|ctx| script::check(&ctx, &config.source)).unwrap_or(Ok(())).map_err(|error| vec![error])
    }

    fn run(_: Context, config: String, input: String) -> Result<Output, ActionError> {
        let config = parse(&config).map_err(ActionError::Invalid)?;
        let unprepared = || Err(ActionError::Invalid("this component was not prepared when it was built".into()));
        let payload = engine::with(|ctx| script::run(&ctx, &config.source, input)).unwrap_or_else(unprepared)?;
        Ok(Output { payload, branch: None })
    }
}

fn parse(config: &str) -> Result<Config, String> {
    serde_json::from_str(config).map_err(|error| format!("the settings are not `{{\"source\": \"…\"}}`: {error}"))
}
