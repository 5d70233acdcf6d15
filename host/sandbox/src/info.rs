//! What an action says of itself: checks it before anything is stored or shown. It decides no grants.

use weir_model::{ActionInfo, Capability, HostPattern};

use crate::bindings::weir::action::manifest;

/// What an action said of itself, checked: names and sizes, and that schemas are JSON objects.
pub(crate) fn check(info: manifest::ActionInfo) -> Result<ActionInfo, String> {
    let manifest::ActionInfo {
        name,
        title,
        version,
        description,
        config_schema,
        input_schema,
        output_schema,
        branches,
        capabilities,
    } = info;
    format!("{name}@{version}").parse::<weir_model::ActionRef>().map_err(|error| error.to_string())?;
    short("title", &title, 200)?;
    short("description", &description, 4 << 10)?;
    if branches.len() > 64 || capabilities.len() > 64 {
        return Err("there are more than 64 branches or capabilities".into());
    }
    for (at, branch) in branches.iter().enumerate() {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        let taken =
            matches!(branch.as_str(), "next" | "error") || branches.iter().take(at).any(|other| other == branch);
        if branch.is_empty() || branch.len() > 63 || !branch.bytes().all(plain) || taken {
            let shown: String = branch.chars().take(80).collect();
            return Err(format!(
                "{shown:?} cannot be a branch: 1 to 63 letters, digits, - and _, once, not next or error"
            ));
        }
    }
    Ok(ActionInfo {
        config_schema: schema("config-schema", &config_schema)?,
        input_schema: input_schema.map(|text| schema("input-schema", &text)).transpose()?,
        output_schema: output_schema.map(|text| schema("output-schema", &text)).transpose()?,
        capabilities: capabilities.into_iter().map(capability).collect::<Result<_, _>>()?,
        name,
        title,
        version,
        description,
        branches,
    })
}

fn schema(what: &str, text: &str) -> Result<serde_json::Value, String> {
    short(what, text, 256 << 10)?;
    match serde_json::from_str(text) {
        Ok(value @ (serde_json::Value::Object(_) | serde_json::Value::Bool(_))) => Ok(value),
        Ok(_) => Err(format!("{what} is JSON, but no JSON Schema: it must be an object")),
        Err(error) => Err(format!("{what} is not JSON: {error}")),
    }
}

fn capability(asked: manifest::Capability) -> Result<Capability, String> {
    Ok(match asked {
        manifest::Capability::Http(scope) => {
            scope.host.parse::<HostPattern>().map_err(|error| error.to_string())?;
            Capability::Http { host: scope.host, methods: scope.methods }
        }
        manifest::Capability::Kv(bucket) => Capability::Kv(bucket),
        manifest::Capability::Secret(name) => Capability::Secret(name),
        manifest::Capability::Variables => Capability::Variables,
        manifest::Capability::Clock => Capability::Clock,
        manifest::Capability::Random => Capability::Random,
    })
}

fn short(what: &str, text: &str, most: usize) -> Result<(), String> {
    if text.len() > most { Err(format!("{what} has {} bytes, the limit is {most}", text.len())) } else { Ok(()) }
}
