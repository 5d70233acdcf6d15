//! What runs of a tenant may use: the defaults, what the operator sets, what is set for the tenant. It keeps and combines
//! numbers; engine and sandbox hold runs to them.

use std::sync::Arc;

use weir_cluster::Expect;
use weir_flow::read_limits;
use weir_model::{LimitOverrides, Limits, TenantId};

use crate::documents::{TenantDoc, tenant_key};
use crate::shelf::put;
use crate::tenants::Tenant;
use crate::{Catalog, CatalogError, Thing};

/// The limits of the whole server; a cheap clone.
#[derive(Clone, Debug)]
pub(crate) struct Base {
    operator: Arc<LimitOverrides>,
    limits: Arc<Limits>,
}

impl Base {
    /// The defaults with what the operator sets, lower or higher.
    pub(crate) fn of(operator: LimitOverrides) -> Self {
        let mut limits = Limits::default();
        limits.replace(&operator);
        Self { operator: Arc::new(operator), limits: Arc::new(limits) }
    }

    /// The server's limits, lowered by a tenant's own. Most tenants have none of their own and share them.
    pub(crate) fn lowered(&self, own: &LimitOverrides) -> Arc<Limits> {
        let mut limits = Limits::clone(&self.limits);
        limits.lower(own);
        if limits == *self.limits { Arc::clone(&self.limits) } else { Arc::new(limits) }
    }
}

/// Which level decided a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LimitLevel {
    /// Nobody set it lower.
    Default,
    /// The operator, for the whole server.
    Operator,
    /// The tenant's own.
    Tenant,
}

/// A limit as it holds for a tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LimitView {
    /// Its name.
    pub name: &'static str,
    /// What it bounds, with its unit.
    pub about: &'static str,
    /// The number that holds.
    pub value: u64,
    /// Which level decided it.
    pub level: LimitLevel,
    /// The number where no level says anything.
    pub default: u64,
}

/// All limits of a tenant.
#[derive(Clone, Debug)]
pub struct TenantLimits {
    /// What is set for the tenant, in force or not.
    pub own: LimitOverrides,
    /// Every limit as it holds.
    pub all: Vec<LimitView>,
}

impl<S: Send + Sync + 'static> Catalog<S> {
    /// What runs of a tenant may use, before their flow and steps lower it. Never waits.
    pub fn limits(&self, tenant: &TenantId) -> Arc<Limits> {
        let tenants = self.state.tenants.load();
        Arc::clone(tenants.get(tenant).map_or(&self.base.limits, |tenant| &tenant.limits))
    }

    /// Every limit of a tenant, and which level decided it.
    ///
    /// # Errors
    /// Where there is no such tenant.
    pub fn tenant_limits(&self, id: &TenantId) -> Result<TenantLimits, CatalogError> {
        let tenant = self.tenant(id)?;
        Ok(view(&self.base, &tenant))
    }

    /// Sets the limits of a tenant, all of them: those that the text leaves out are the server's again. Runs that began
    /// before go on with what they had.
    ///
    /// # Errors
    /// [`CatalogError::Limits`] with the findings where the text is wrong.
    pub async fn set_tenant_limits(&self, id: &TenantId, text: &str) -> Result<TenantLimits, CatalogError> {
        let limits = read_limits(text).map_err(CatalogError::Limits)?;
        let writing = self.writing().await;
        let tenant = self.tenant(id)?;
        let doc = TenantDoc { limits, ..tenant.doc.clone() };
        let changes = vec![put(tenant_key(id), Expect::Revision(tenant.revision), &doc)?];
        self.put_tenant(writing, changes, doc).await?;
        self.tenant_limits(id)
    }

    pub(crate) fn tenant(&self, id: &TenantId) -> Result<Arc<Tenant>, CatalogError> {
        let tenants = self.state.tenants.load();
        tenants.get(id).cloned().ok_or_else(|| CatalogError::not_found(Thing::Tenant, id))
    }
}

fn view(base: &Base, tenant: &Tenant) -> TenantLimits {
    let rows = Limits::TABLE.iter().zip(base.limits.iter()).zip(tenant.limits.iter());
    let all = rows.map(|((info, (_, base_value)), (_, value))| LimitView {
        name: info.name,
        about: info.about.trim(),
        value,
        level: if value < base_value {
            LimitLevel::Tenant
        } else if base.operator.iter().any(|(name, _)| name == info.name) {
            LimitLevel::Operator
        } else {
            LimitLevel::Default
        },
        default: info.default,
    });
    TenantLimits { own: tenant.doc.limits.clone(), all: all.collect() }
}
