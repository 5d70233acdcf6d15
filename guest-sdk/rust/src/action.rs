//! What an action is to weir, and the glue from the contract to it. It must not hold any action's logic.

use schemars::generate::SchemaSettings;
use schemars::transform::RecursiveTransform;
use schemars::{JsonSchema, Schema};
use serde::de::{DeserializeOwned, Deserializer, IgnoredAny};
use serde_json::Value;

use crate::bindings::{self, ActionError, ActionInfo};
use crate::{Answer, Capability, Context, Error, codec};

/// An action. [`action`](macro@crate::action) implements it for a function; by hand it looks like this:
///
/// ```
/// use weir_action::{Action, Context, Error, NoConfig};
///
/// struct Shout;
///
/// impl Action for Shout {
///     const NAME: &'static str = "shout";
///     const VERSION: &'static str = "1.0.0";
///     type Config = NoConfig;
///     type Input = String;
///     type Answer = String;
///
///     fn run(_context: &Context, _config: NoConfig, input: String) -> Result<String, Error> {
///         Ok(input.to_uppercase())
///     }
/// }
///
/// weir_action::export!(Shout);
/// # fn main() {}
/// ```
pub trait Action: 'static {
    /// The name that flows use: `a`-`z`, `0`-`9` and `-`, at most 63 characters.
    const NAME: &'static str;
    /// A title for people.
    const TITLE: &'static str = Self::NAME;
    /// Its version, such as `1.4.2`.
    const VERSION: &'static str;
    /// What it does.
    const DESCRIPTION: &'static str = "";
    /// The exits besides `next` and `error` that it may take.
    const BRANCHES: &'static [&'static str] = &[];

    /// The step's settings (`with`).
    type Config: DeserializeOwned + JsonSchema;
    /// What the step gets.
    type Input: DeserializeOwned + JsonSchema;
    /// What the step hands on.
    type Answer: Answer;

    /// What it needs from outside.
    fn capabilities() -> Vec<Capability> {
        Vec::new()
    }

    /// What is wrong with settings, beyond what their schema says; nothing if they are right.
    fn check(_config: &Self::Config) -> Vec<String> {
        Vec::new()
    }

    /// Does the step's work. Every call has a fresh instance: nothing stays in memory between calls.
    ///
    /// # Errors
    /// What the flow should do about it: see [`Error`].
    fn run(context: &Context, config: Self::Config, input: Self::Input) -> Result<Self::Answer, Error>;
}

/// The settings of an action that has none: an empty object.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NoConfig {}

/// The input of an action that does not look at it: anything at all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ignored;

impl<'de> serde::Deserialize<'de> for Ignored {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_ignored_any(IgnoredAny).map(|_| Self)
    }
}

impl JsonSchema for Ignored {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Ignored".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        true.into()
    }
}

impl<A: Action> bindings::Guest for A {
    fn describe() -> ActionInfo {
        describe::<A>()
    }

    fn validate(config: String) -> Result<(), Vec<String>> {
        let findings = match read_config::<A>(&config) {
            Ok(config) => A::check(&config),
            Err(error) => vec![error.to_string()],
        };
        if findings.is_empty() { Ok(()) } else { Err(findings) }
    }

    fn run(ctx: bindings::Context, config: String, input: String) -> Result<bindings::Output, ActionError> {
        Ok(run::<A>(&ctx.into(), &config, &input)?)
    }
}

fn read_config<A: Action>(text: &str) -> Result<A::Config, Error> {
    // A step without `with` has the settings that an empty object stands for.
    let text = if matches!(text.trim(), "" | "null") { "{}" } else { text };
    codec::read("config", text)
}

pub(crate) fn run<A: Action>(context: &Context, config: &str, input: &str) -> Result<bindings::Output, Error> {
    let config = read_config::<A>(config)?;
    let input = codec::read("input", input)?;
    let output = A::run(context, config, input)?.into_output();
    Ok(bindings::Output {
        payload: codec::write("the output", &output.value)?,
        branch: output.branch().map(Into::into),
    })
}

pub(crate) fn describe<A: Action>() -> ActionInfo {
    let read = SchemaSettings::draft2020_12().for_deserialize();
    let write = SchemaSettings::draft2020_12().for_serialize();
    ActionInfo {
        name: A::NAME.to_owned(),
        title: A::TITLE.to_owned(),
        version: A::VERSION.to_owned(),
        description: A::DESCRIPTION.to_owned(),
        config_schema: schema::<A::Config>(read.clone()).to_string(),
        input_schema: telling(schema::<A::Input>(read)),
        output_schema: telling(schema::<<A::Answer as Answer>::Value>(write)),
        branches: A::BRANCHES.iter().map(|&branch| branch.to_owned()).collect(),
        capabilities: A::capabilities(),
    }
}

fn schema<T: JsonSchema>(settings: SchemaSettings) -> Value {
    let settings = settings.with_transform(RecursiveTransform(join_lines));
    settings.into_generator().into_root_schema_for::<T>().to_value()
}

/// Descriptions come from doc comments, whose lines end where the source's do: paragraphs are joined again.
fn join_lines(schema: &mut Schema) {
    if let Some(Value::String(text)) = schema.get_mut("description") {
        let paragraphs: Vec<String> = text.split("\n\n").map(|paragraph| paragraph.replace('\n', " ")).collect();
        *text = paragraphs.join("\n\n");
    }
}

/// The schema's text, or none where it allows everything and so says nothing.
fn telling(schema: Value) -> Option<String> {
    let says_nothing = match &schema {
        Value::Bool(all) => *all,
        Value::Object(keys) => keys.keys().all(|key| key == "$schema" || key == "title"),
        _ => false,
    };
    (!says_nothing).then(|| schema.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A setting
    /// over two lines.
    ///
    /// And a second paragraph.
    #[crate::data]
    struct Config {
        /// How
        /// many.
        #[serde(default)]
        many: u8,
    }

    /// Counts
    /// things.
    #[crate::action(name = "count", capabilities(kv("counts"), http("example.com", "GET")))]
    fn count(config: &Config, _input: Value) -> crate::Result<u8> {
        Ok(config.many)
    }

    #[test]
    fn an_action_describes_itself() {
        let info = crate::testing::describe::<count>();
        assert_eq!(
            (info.name.as_str(), info.title.as_str(), info.description.as_str()),
            ("count", "Count", "Counts things.")
        );
        let schema: Value = serde_json::from_str(&info.config_schema).unwrap();
        assert_eq!(schema["description"], "A setting over two lines.\n\nAnd a second paragraph.");
        assert_eq!(schema["properties"]["many"]["description"], "How many.");
        assert_eq!(info.input_schema, None);
        assert!(info.output_schema.unwrap().contains("integer"));
        assert_eq!(info.capabilities.len(), 2);
        assert!(crate::testing::check::<count>(&Value::Null).is_empty());
    }
}
