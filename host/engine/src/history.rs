//! Reading what happened: records and lists of runs. It writes nothing.

use std::sync::Arc;

use weir_cluster::{Page, RunFilter};
use weir_model::{Json, RunId, TenantId};

use crate::{EngineError, Services};

/// Past and present runs.
#[derive(Clone)]
pub struct History {
    services: Arc<Services>,
}

impl History {
    pub(crate) const fn new(services: Arc<Services>) -> Self {
        Self { services }
    }

    /// A run's record, or its summary where only that was kept.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub async fn get(&self, tenant: &TenantId, run: RunId) -> Result<Option<Json>, EngineError> {
        self.services.cluster.run_log.settle().await?;
        let services = Arc::clone(&self.services);
        let tenant = tenant.clone();
        blocking(move || {
            let logged = services.cluster.run_log.get(&tenant, run)?;
            Ok(logged.or_else(|| services.live.find(&tenant, run)))
        })
        .await
    }

    /// A page of runs, newest first.
    ///
    /// # Errors
    /// Where `after` is no cursor of this list or the store cannot be read.
    pub async fn list(&self, filter: &RunFilter, after: Option<&str>, limit: usize) -> Result<Page, EngineError> {
        self.services.cluster.run_log.settle().await?;
        let (log, filter, after) =
            (Arc::clone(&self.services.cluster.run_log), filter.clone(), after.map(str::to_owned));
        blocking(move || Ok(log.list(&filter, after.as_deref(), limit)?)).await
    }
}

async fn blocking<T: Send + 'static>(
    read: impl FnOnce() -> Result<T, EngineError> + Send + 'static,
) -> Result<T, EngineError> {
    tokio::task::spawn_blocking(read).await.map_err(|error| EngineError::Store(error.to_string()))?
}
