//! Where requests may go, as JSON.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use weir_catalog::{CatalogError, EgressRules};

/// Where a tenant's requests may go.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Egress)]
pub struct EgressView {
    /// Addresses, or blocks of them, that may be reached though they are not the internet's.
    #[serde(default)]
    #[schema(example = json!(["10.1.0.0/16"]), max_items = 100)]
    pub allow: Vec<String>,
    /// The only hosts that may be reached; null for all.
    #[serde(default)]
    #[schema(example = json!(["api.example.com", "*.example.org"]), max_items = 100)]
    pub hosts: Option<Vec<String>>,
}

impl EgressView {
    /// The same as rules.
    ///
    /// # Errors
    /// Where an entry is no block or no host.
    pub fn rules(self) -> Result<EgressRules, CatalogError> {
        let block = |text: String| {
            let address = text.parse::<std::net::IpAddr>().map(Into::into);
            address.or_else(|_| text.parse()).map_err(|_| {
                let shown: String = text.chars().take(80).collect();
                CatalogError::Bad(format!(
                    "`{shown}` is no address: write one such as 10.1.2.3, or a block such as 10.1.0.0/16"
                ))
            })
        };
        let host =
            |text: String| text.parse().map_err(|error: weir_model::PatternError| CatalogError::Bad(error.to_string()));
        let hosts = self.hosts.map(|hosts| hosts.into_iter().map(host).collect::<Result<_, _>>()).transpose()?;
        Ok(EgressRules { allow: self.allow.into_iter().map(block).collect::<Result<_, _>>()?, hosts })
    }
}

impl From<EgressRules> for EgressView {
    fn from(rules: EgressRules) -> Self {
        let hosts = rules.hosts.map(|hosts| hosts.iter().map(ToString::to_string).collect());
        Self { allow: rules.allow.iter().map(ToString::to_string).collect(), hosts }
    }
}
