//! What a custom action says of itself, and one uploaded version of it. It holds the data; catalog decides what exists.

use serde::{Deserialize, Serialize};

use crate::{ArtifactHash, Timestamp};

/// What an action asks for; the tenant and the operator grant it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Capability {
    /// Outbound HTTP to a host, with these methods.
    Http {
        /// The host, e.g. `api.example.com`.
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

/// What an action says of itself (`describe` of `weir:action@1.0.0`), read once at upload.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ActionInfo {
    /// Name, as flows use it.
    pub name: String,
    /// Title for people.
    pub title: String,
    /// Version, e.g. `1.4.2`.
    pub version: String,
    /// What it does, in a sentence or more.
    pub description: String,
    /// JSON Schema (2020-12) of `with`.
    pub config_schema: serde_json::Value,
    /// JSON Schema of its input, where it states one.
    pub input_schema: Option<serde_json::Value>,
    /// JSON Schema of its output, where it states one.
    pub output_schema: Option<serde_json::Value>,
    /// Exits besides `next` and `error` that it may take.
    pub branches: Vec<String>,
    /// What it asks for.
    pub capabilities: Vec<Capability>,
}

/// One uploaded version of an action. Immutable.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ActionVersion {
    /// What it says of itself.
    pub info: ActionInfo,
    /// The component's bytes.
    pub artifact: ArtifactHash,
    /// The component's size in bytes.
    pub size: u64,
    /// When it was uploaded.
    pub created_at: Timestamp,
}
