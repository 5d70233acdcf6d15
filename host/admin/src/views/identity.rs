//! Who calls, which tenants there are, and how the server is, as JSON.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use weir_model::{Span, Timestamp};
use weir_vault::Role;

/// How the server is.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = Health)]
pub struct HealthView {
    /// `ok` or `ready`; `stopping` while it ends, `failed` where it has to be started again.
    #[schema(example = "ok")]
    pub status: String,
    /// The server's version.
    #[schema(example = "0.1.0")]
    pub version: String,
}

/// Whom the token stands for.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = Identity)]
pub struct IdentityView {
    /// The token's id; it is no secret.
    pub token: String,
    /// What the token may do.
    pub role: RoleView,
    /// The one tenant it may see; null for all.
    #[schema(required = true)]
    pub tenant: Option<String>,
}

/// What a token may do; each may do what the ones before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = Role)]
pub enum RoleView {
    /// Read.
    Viewer,
    /// Change and publish flows and actions.
    Editor,
    /// Manage a tenant.
    Admin,
    /// Manage the server and every tenant.
    Operator,
}

impl From<Role> for RoleView {
    fn from(role: Role) -> Self {
        match role {
            Role::Viewer => Self::Viewer,
            Role::Editor => Self::Editor,
            Role::Admin => Self::Admin,
            Role::Operator => Self::Operator,
        }
    }
}

impl From<RoleView> for Role {
    fn from(role: RoleView) -> Self {
        match role {
            RoleView::Viewer => Self::Viewer,
            RoleView::Editor => Self::Editor,
            RoleView::Admin => Self::Admin,
            RoleView::Operator => Self::Operator,
        }
    }
}

/// A tenant.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = Tenant)]
pub struct TenantView {
    /// Its name, as in routes.
    #[schema(example = "default")]
    pub name: String,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// How many flows it has.
    pub flows: u64,
}

impl From<weir_catalog::TenantView> for TenantView {
    fn from(tenant: weir_catalog::TenantView) -> Self {
        Self { name: tenant.id.to_string(), created_at: tenant.created_at, flows: tenant.flows as u64 }
    }
}

/// A token without its secret.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = Token)]
pub struct TokenView {
    /// Its id; the third part of its text.
    pub id: String,
    /// What it may do.
    pub role: RoleView,
    /// The one tenant it may see; null for all.
    #[schema(required = true)]
    pub tenant: Option<String>,
    /// What it is for.
    pub label: String,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// From when on it opens nothing; null for never.
    #[schema(value_type = Option<String>, format = DateTime, required = true)]
    pub expires_at: Option<Timestamp>,
}

/// A token that was just made.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = NewToken)]
pub struct NewTokenView {
    /// The whole token, secret included; shown this once.
    pub token: String,
    /// What the server keeps of it.
    pub info: TokenView,
}

/// The token to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TokenCommand {
    /// What it may do.
    pub role: RoleView,
    /// The one tenant it may see; for all where nothing is said and the caller sees all.
    #[serde(default)]
    #[schema(example = "default")]
    pub tenant: Option<String>,
    /// What it is for.
    #[serde(default)]
    #[schema(max_length = 2000)]
    pub label: Option<String>,
    /// For how long it opens, such as `90d`; without end where nothing is said.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "90d")]
    pub expires_in: Option<Span>,
}

/// The tenant to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TenantCommand {
    /// Its name: 1 to 63 characters a-z, 0-9 and `-`.
    #[schema(example = "acme", max_length = 63, pattern = "^[a-z0-9]([a-z0-9-]*[a-z0-9])?$")]
    pub name: String,
}
