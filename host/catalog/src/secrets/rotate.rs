//! Sealing the tenants' data keys anew, under the first of the secret keys. Secrets themselves stay as they are.

use std::collections::BTreeMap;
use std::sync::Arc;

use weir_cluster::{Change, Expect};
use weir_model::TenantId;
use weir_vault::{DataKey, Keyring, KeysError, Sealed};

use super::{Safe, TenantKey};
use crate::commit::Writing;
use crate::documents::{TenantKeyDoc, data_key_key};
use crate::shelf::put;
use crate::state::State;
use crate::{Catalog, CatalogError};

/// Data keys sealed in one write.
const AT_ONCE: usize = 500;

/// What came of a change of the secret keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRotation {
    /// The id of the key that everything is sealed under now.
    pub first: String,
    /// The ids of the other keys. Nothing stored needs them any more; earlier backups may.
    pub others: Vec<String>,
    /// How many tenants have secrets, or had.
    pub tenants: usize,
    /// How many of their data keys were sealed anew.
    pub renewed: usize,
}

impl<S: Send + Sync + 'static> Catalog<S> {
    /// Reads the secret keys again and seals every data key under the first of them that is not.
    ///
    /// # Errors
    /// Where the keys cannot be read; then those read before stay in use. Where a write fails, what was not written is
    /// still sealed as before, and a second call goes on with it.
    pub async fn rotate_secret_keys(&self) -> Result<KeyRotation, CatalogError> {
        let source = Arc::clone(&self.keys.source);
        let read = tokio::task::spawn_blocking(move || source.load()).await;
        let keyring = read.map_err(|_| CatalogError::Stopping)??.ok_or(KeysError::Empty)?;
        let writing = self.writing().await;
        self.keys.replace(keyring);
        self.renew(writing).await
    }

    /// At a start: the same with the keys as they were read.
    pub(crate) async fn use_first_key(&self) -> Result<(), CatalogError> {
        let writing = self.writing().await;
        let KeyRotation { first, renewed, .. } = self.renew(writing).await?;
        if renewed > 0 {
            tracing::info!(first, renewed, "Data keys of tenants were sealed anew under the first of the secret keys.");
        }
        Ok(())
    }

    async fn renew(&self, mut writing: Writing) -> Result<KeyRotation, CatalogError> {
        let keyring = self.keys.now()?;
        let safes = self.state.safes.load_full();
        let keys = || safes.iter().filter_map(|(tenant, safe)| Some((tenant, safe.key.as_ref()?)));
        let old: Vec<(&TenantId, &TenantKey)> = keys().filter(|(tenant, key)| is_old(tenant, key, &keyring)).collect();
        for some in old.chunks(AT_ONCE) {
            let renewed: Vec<(TenantId, TenantKey)> =
                some.iter().map(|(tenant, key)| self.renewed(tenant, key, &keyring)).collect::<Result<_, _>>()?;
            let change = |(tenant, key): &(TenantId, TenantKey)| {
                put(data_key_key(tenant), Expect::Revision(key.revision), &key.doc)
            };
            let changes: Vec<Change> = renewed.iter().map(change).collect::<Result<_, _>>()?;
            let remember = move |state: &State<S>, revisions: &[u64]| {
                State::<S>::change(&state.safes, |safes: &mut BTreeMap<TenantId, Arc<Safe>>| {
                    for ((tenant, key), revision) in renewed.into_iter().zip(revisions) {
                        let safe = Arc::make_mut(safes.entry(tenant).or_default());
                        safe.key = Some(TenantKey { revision: *revision, ..key });
                    }
                });
            };
            ((), writing) = self.commit(writing, changes, remember).await?;
        }
        drop(writing);
        let others = keyring.ids().skip(1).map(str::to_owned).collect();
        Ok(KeyRotation { first: keyring.first().into(), others, tenants: keys().count(), renewed: old.len() })
    }

    /// The same data key, sealed under the first key. Its revision is still the stored one's.
    fn renewed(
        &self,
        tenant: &TenantId,
        key: &TenantKey,
        keyring: &Keyring,
    ) -> Result<(TenantId, TenantKey), CatalogError> {
        let wrapped = key.key.wrap(tenant, keyring, &*self.entropy);
        let sealed: Sealed =
            wrapped.map_err(|error| CatalogError::Sealed { what: format!("the data key of {tenant}"), error })?;
        let doc = TenantKeyDoc { sealed, ..key.doc.clone() };
        Ok((tenant.clone(), TenantKey { doc, revision: key.revision, key: Arc::clone(&key.key) }))
    }
}

/// Whether a data key must be sealed anew. That it opens is tried too: another key may have come under an id in use.
fn is_old(tenant: &TenantId, key: &TenantKey, keyring: &Keyring) -> bool {
    let TenantKeyDoc { id, sealed, .. } = &key.doc;
    sealed.key_id() != keyring.first() || DataKey::unwrap(id, tenant, sealed, keyring).is_err()
}
