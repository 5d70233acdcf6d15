//! Actions as the API shows them.

use serde::Serialize;
use weir_model::{ActionVersion, ArtifactHash, Capability, Timestamp};

/// One version of an action, as the API shows it.
#[derive(Clone, Debug, Serialize)]
pub struct ActionView {
    /// The name that flows use.
    pub name: String,
    /// The version.
    pub version: String,
    /// A title for people.
    pub title: String,
    /// What it does.
    pub description: String,
    /// The component's size in bytes.
    pub size: u64,
    /// The SHA-256 of the component.
    pub artifact: ArtifactHash,
    /// When it was uploaded.
    pub created_at: Timestamp,
    /// JSON Schema of `with`.
    pub config_schema: serde_json::Value,
    /// JSON Schema of its input, where it states one.
    pub input_schema: Option<serde_json::Value>,
    /// JSON Schema of its output, where it states one.
    pub output_schema: Option<serde_json::Value>,
    /// Exits besides `next` and `error`.
    pub branches: Vec<String>,
    /// What it asks for.
    pub capabilities: Vec<Capability>,
}

impl From<&ActionVersion> for ActionView {
    fn from(version: &ActionVersion) -> Self {
        let info = version.info.clone();
        Self {
            name: info.name,
            version: info.version,
            title: info.title,
            description: info.description,
            size: version.size,
            artifact: version.artifact.clone(),
            created_at: version.created_at,
            config_schema: info.config_schema,
            input_schema: info.input_schema,
            output_schema: info.output_schema,
            branches: info.branches,
            capabilities: info.capabilities,
        }
    }
}
