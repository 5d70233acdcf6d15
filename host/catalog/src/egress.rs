//! Where requests of a tenant may go: exceptions to the address policy, and a list of hosts. It keeps what operators set;
//! egress holds requests to it.

use std::sync::Arc;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use weir_cluster::Expect;
use weir_model::{HostPattern, HostRule, TenantId};

use crate::documents::{TenantDoc, tenant_key};
use crate::shelf::put;
use crate::{Catalog, CatalogError};

/// Blocks or hosts that one tenant may have.
const MOST: usize = 100;

/// What is set for a tenant.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EgressRules {
    /// Blocks that it may reach though they are not the internet's.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub allow: Vec<IpNet>,
    /// The hosts that it may reach, where not all of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hosts: Option<Vec<HostPattern>>,
}

/// The same, ready for requests; cheap to share.
#[derive(Clone, Debug, Default)]
pub struct TenantEgress {
    /// Blocks that it may reach though they are not the internet's.
    pub exceptions: Arc<[IpNet]>,
    /// The hosts that it may reach, where not all of them.
    pub hosts: Option<Arc<[HostRule]>>,
}

impl From<&EgressRules> for TenantEgress {
    fn from(rules: &EgressRules) -> Self {
        let hosts = rules.hosts.as_ref().map(|hosts| hosts.iter().cloned().map(HostRule::from).collect());
        Self { exceptions: rules.allow.as_slice().into(), hosts }
    }
}

impl<S: Send + Sync + 'static> Catalog<S> {
    /// Where requests of a tenant may go. Never waits.
    pub fn egress(&self, tenant: &TenantId) -> TenantEgress {
        self.state.tenants.load().get(tenant).map(|tenant| tenant.egress.clone()).unwrap_or_default()
    }

    /// What is set for a tenant.
    ///
    /// # Errors
    /// Where there is no such tenant.
    pub fn egress_rules(&self, tenant: &TenantId) -> Result<EgressRules, CatalogError> {
        Ok(self.tenant(tenant)?.doc.egress.clone())
    }

    /// Sets where requests of a tenant may go, all of it.
    ///
    /// # Errors
    /// Where there is no such tenant, or a list is too long.
    pub async fn set_egress(&self, id: &TenantId, egress: EgressRules) -> Result<EgressRules, CatalogError> {
        if egress.allow.len() > MOST || egress.hosts.as_ref().is_some_and(|hosts| hosts.len() > MOST) {
            let hint = "use larger blocks, or patterns such as *.example.com";
            return Err(CatalogError::Limit { what: "entries of a list", limit: MOST, hint });
        }
        let writing = self.writing().await;
        let tenant = self.tenant(id)?;
        let doc = TenantDoc { egress, ..tenant.doc.clone() };
        let changes = vec![put(tenant_key(id), Expect::Revision(tenant.revision), &doc)?];
        self.put_tenant(writing, changes, doc).await?;
        self.egress_rules(id)
    }
}
