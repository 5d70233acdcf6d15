//! How long runs are kept: what the operator sets for the whole server, what is set for a tenant. It keeps and combines
//! numbers; the engine holds the run log to them.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tokio::sync::Notify;
use weir_cluster::Expect;
use weir_model::TenantId;

use crate::documents::{TenantDoc, tenant_key};
use crate::shelf::put;
use crate::{Catalog, CatalogError};

/// What one level says of how long runs are kept. A number that is not there is not bounded by this level, nor is one that
/// is 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RetentionDef {
    /// Days after which a run goes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub days: Option<u32>,
    /// Bytes on disk that a tenant's runs may take; the oldest go first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
}

impl RetentionDef {
    /// What a server keeps where its operator says nothing.
    pub const DEFAULT: Self = Self { days: Some(30), bytes: Some(10 << 30) };

    /// Both together: of each number the lower counts.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self { days: lower_of(self.days, other.days), bytes: lower_of(self.bytes, other.bytes) }
    }
}

/// The lower of two bounds; 0 is none.
fn lower_of<T: Copy + Default + Ord>(a: Option<T>, b: Option<T>) -> Option<T> {
    let bound = |number: &T| *number > T::default();
    a.into_iter().chain(b).filter(bound).min()
}

/// How long a tenant's runs are kept, and who says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TenantRetention {
    /// What is set for the tenant, in force or not.
    pub own: RetentionDef,
    /// What is set for the whole server.
    pub server: RetentionDef,
    /// What holds.
    pub holds: RetentionDef,
}

/// The retention of the whole server, and the news of changes.
#[derive(Debug)]
pub(crate) struct Retention {
    server: RetentionDef,
    changed: Arc<Notify>,
}

impl Retention {
    pub(crate) fn of(server: RetentionDef) -> Self {
        Self { server, changed: Arc::default() }
    }
}

impl<S: Send + Sync + 'static> Catalog<S> {
    /// How long a tenant's runs are kept. Never waits.
    ///
    /// # Errors
    /// Where there is no such tenant.
    pub fn retention(&self, id: &TenantId) -> Result<TenantRetention, CatalogError> {
        let (own, server) = (self.tenant(id)?.doc.retention, self.retention.server);
        Ok(TenantRetention { own, server, holds: server.and(own) })
    }

    /// Sets how long a tenant's runs are kept, both numbers: one that is left out is the server's again.
    ///
    /// # Errors
    /// Where there is no such tenant.
    pub async fn set_retention(&self, id: &TenantId, retention: RetentionDef) -> Result<TenantRetention, CatalogError> {
        let writing = self.writing().await;
        let tenant = self.tenant(id)?;
        let doc = TenantDoc { retention, ..tenant.doc.clone() };
        let changes = vec![put(tenant_key(id), Expect::Revision(tenant.revision), &doc)?];
        self.put_tenant(writing, changes, doc).await?;
        self.retention.changed.notify_one();
        self.retention(id)
    }

    /// Ready once a tenant's retention was set, or if it was since this was last waited for.
    pub async fn retention_changed(&self) {
        self.retention.changed.notified().await;
    }
}
