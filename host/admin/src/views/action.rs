//! Custom actions as JSON.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use weir_catalog::Stage;
use weir_model::{Capability, Timestamp};

use super::ErrorDetail;

/// One uploaded version of a custom action.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = Action)]
pub struct ActionView {
    /// Its name, as flows use it.
    #[schema(example = "lead-score")]
    pub name: String,
    /// Its version.
    #[schema(example = "1.4.2")]
    pub version: String,
    /// Its title for people.
    pub title: String,
    /// What it does.
    pub description: String,
    /// The component's size in bytes.
    pub size: u64,
    /// SHA-256 of the component, in hexadecimal.
    pub artifact: String,
    /// When it was uploaded.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// JSON Schema (2020-12) of a step's `with`.
    pub config_schema: Value,
    /// JSON Schema of its input; null where it states none.
    #[schema(required = true)]
    pub input_schema: Option<Value>,
    /// JSON Schema of its output; null where it states none.
    #[schema(required = true)]
    pub output_schema: Option<Value>,
    /// Exits besides `next` and `error` that it may take.
    pub branches: Vec<String>,
    /// What it asks for.
    pub capabilities: Vec<CapabilityView>,
}

/// One line of an upload's progress; the last says what came of it.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
#[schema(as = Upload)]
pub enum UploadView {
    /// How far it is.
    Stage {
        /// The stage.
        stage: StageView,
        /// How many go first, where it waits.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        ahead: Option<usize>,
    },
    /// Flows may use it.
    Done {
        /// The action.
        done: Box<ActionView>,
    },
    /// It was refused.
    Failed {
        /// Why.
        error: ErrorDetail,
    },
}

/// How far an upload is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = Stage)]
pub enum StageView {
    /// It waits for its turn.
    Waiting,
    /// Its bytes are looked at.
    Checking,
    /// It becomes machine code.
    Compiling,
    /// It is asked what it is.
    Describing,
}

impl From<Stage> for UploadView {
    fn from(stage: Stage) -> Self {
        let (stage, ahead) = match stage {
            Stage::Waiting { ahead } => (StageView::Waiting, Some(ahead)),
            Stage::Checking => (StageView::Checking, None),
            Stage::Compiling => (StageView::Compiling, None),
            Stage::Describing => (StageView::Describing, None),
        };
        Self::Stage { stage, ahead }
    }
}

/// The bytes of a component, as the API's document describes them.
#[derive(Debug, ToSchema)]
#[schema(value_type = String, format = Binary, content_media_type = "application/wasm")]
pub struct ComponentBody(pub Vec<u8>);

/// What an action asks for.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = Capability)]
pub enum CapabilityView {
    /// Outbound HTTP to a host, with these methods.
    Http {
        /// The host.
        host: String,
        /// Methods in upper case.
        methods: Vec<String>,
    },
    /// A key-value bucket.
    Kv(String),
    /// A secret by name.
    Secret(String),
    /// The run's variables.
    Variables,
    /// The wall clock.
    Clock,
    /// Random bytes.
    Random,
}

impl From<Capability> for CapabilityView {
    fn from(capability: Capability) -> Self {
        match capability {
            Capability::Http { host, methods } => Self::Http { host, methods },
            Capability::Kv(bucket) => Self::Kv(bucket),
            Capability::Secret(name) => Self::Secret(name),
            Capability::Variables => Self::Variables,
            Capability::Clock => Self::Clock,
            Capability::Random => Self::Random,
        }
    }
}

impl From<weir_catalog::ActionView> for ActionView {
    fn from(action: weir_catalog::ActionView) -> Self {
        Self {
            name: action.name,
            version: action.version,
            title: action.title,
            description: action.description,
            size: action.size,
            artifact: action.artifact.to_string(),
            created_at: action.created_at,
            config_schema: action.config_schema,
            input_schema: action.input_schema,
            output_schema: action.output_schema,
            branches: action.branches,
            capabilities: action.capabilities.into_iter().map(Into::into).collect(),
        }
    }
}
