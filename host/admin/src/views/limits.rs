//! What runs of a tenant may use, as JSON.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use weir_catalog::LimitLevel;

/// The limits of a tenant.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = Limits)]
pub struct LimitsView {
    /// What is set for the tenant, by name; a number above the server's has no effect.
    pub own: BTreeMap<String, u64>,
    /// Every limit as it holds; a flow and its steps may lower it further.
    pub limits: Vec<LimitView>,
}

/// A limit as it holds for a tenant.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = Limit)]
pub struct LimitView {
    /// Its name, as in files and definitions.
    #[schema(example = "fuel")]
    pub name: String,
    /// What it bounds, with its unit.
    pub about: String,
    /// The number that holds.
    pub value: u64,
    /// Which level decided it.
    pub level: LimitLevelView,
    /// The number where no level says anything.
    pub default: u64,
}

/// Which level decided a limit; the lowest number counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = LimitLevel)]
pub enum LimitLevelView {
    /// None: it is the server's default.
    Default,
    /// The operator's file, for the whole server.
    Operator,
    /// What is set for the tenant.
    Tenant,
}

impl From<weir_catalog::TenantLimits> for LimitsView {
    fn from(limits: weir_catalog::TenantLimits) -> Self {
        Self {
            own: limits.own.iter().map(|(name, value)| (name.to_owned(), value)).collect(),
            limits: limits.all.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<weir_catalog::LimitView> for LimitView {
    fn from(limit: weir_catalog::LimitView) -> Self {
        Self {
            name: limit.name.to_owned(),
            about: limit.about.to_owned(),
            value: limit.value,
            level: match limit.level {
                LimitLevel::Default => LimitLevelView::Default,
                LimitLevel::Operator => LimitLevelView::Operator,
                LimitLevel::Tenant => LimitLevelView::Tenant,
            },
            default: limit.default,
        }
    }
}
