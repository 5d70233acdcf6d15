//! Secrets as JSON: their values come in and never go out.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use weir_model::Timestamp;
use weir_vault::SecretText;

/// A secret without its value, which the server never shows again.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = Secret)]
pub struct SecretView {
    /// Its name.
    #[schema(example = "CRM_KEY")]
    pub name: String,
    /// Counts how often it was set.
    pub version: u64,
    /// Where it may be sent.
    #[schema(example = json!(["api.example.com", "*.example.com"]))]
    pub hosts: Vec<String>,
    /// The actions that may see its value.
    pub reveal_to: Vec<String>,
    /// When it was set first.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When it was set last.
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
}

impl From<weir_catalog::SecretView> for SecretView {
    fn from(secret: weir_catalog::SecretView) -> Self {
        let weir_catalog::SecretView { name, version, hosts, reveal_to, created_at, updated_at } = secret;
        Self { name: name.to_string(), version, hosts, reveal_to, created_at, updated_at }
    }
}

/// The secret to keep.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SecretCommand {
    /// Its value: 1 byte to 64 KiB of text. It is given again with every change, so that nobody can have a value sent
    /// elsewhere who does not know it.
    #[schema(value_type = String, write_only, min_length = 1, max_length = 65_536)]
    pub value: SecretText,
    /// Hosts that it may be sent to: names without port, or `*.example.com` for every name that ends with `.example.com`.
    /// Without any, no request carries it.
    #[serde(default)]
    #[schema(max_items = 32, example = json!(["api.example.com", "*.example.com"]))]
    pub hosts: Vec<String>,
    /// Custom actions that may see the value itself; all others get a stand-in.
    #[serde(default)]
    #[schema(max_items = 32, example = json!(["sign-request"]))]
    pub reveal_to: Vec<String>,
}

/// What came of a change of the secret keys.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = KeyRotation)]
pub struct KeyRotationView {
    /// The id of the key that everything is sealed under now.
    #[schema(example = "key-1f6e0a92")]
    pub first: String,
    /// The ids of the other keys in the file. Nothing stored needs them any more; earlier backups may.
    pub others: Vec<String>,
    /// How many tenants have secrets, or had.
    pub tenants: u64,
    /// How many of their data keys were sealed anew just now.
    pub renewed: u64,
}

impl From<weir_catalog::KeyRotation> for KeyRotationView {
    fn from(rotation: weir_catalog::KeyRotation) -> Self {
        let weir_catalog::KeyRotation { first, others, tenants, renewed } = rotation;
        Self { first, others, tenants: tenants as u64, renewed: renewed as u64 }
    }
}
