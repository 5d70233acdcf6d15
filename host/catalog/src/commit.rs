//! The one way by which anything changes: first the documents, then memory. It does not know what changes.
//!
//! Both happen in a task of their own: a caller that goes away in between (a client that hangs up) must not leave memory
//! behind what is stored.

use std::sync::Arc;

use tokio::sync::OwnedMutexGuard;
use weir_cluster::Change;

use crate::state::State;
use crate::{Catalog, CatalogError};

/// The writers' lock, held.
pub(crate) struct Writing(OwnedMutexGuard<()>);

impl<S: Send + Sync + 'static> Catalog<S> {
    /// Waits until nobody else writes.
    pub(crate) async fn writing(&self) -> Writing {
        Writing(Arc::clone(&self.writers).lock_owned().await)
    }

    /// Makes all changes or none, then lets `remember` put them into memory; it is given the new revisions.
    pub(crate) async fn commit<T: Send + 'static>(
        &self,
        writing: Writing,
        changes: Vec<Change>,
        remember: impl FnOnce(&State<S>, &[u64]) -> T + Send + 'static,
    ) -> Result<(T, Writing), CatalogError> {
        let (shelf, state) = (self.shelf.clone(), Arc::clone(&self.state));
        let task = tokio::spawn(async move {
            let revisions = shelf.apply(changes).await?;
            Ok((remember(&state, &revisions), writing))
        });
        task.await.unwrap_or(Err(CatalogError::Stopping))
    }
}

impl std::fmt::Debug for Writing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Writing").field(&*self.0).finish()
    }
}
