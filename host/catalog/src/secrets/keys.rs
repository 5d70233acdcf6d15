//! The secret keys of a running server, and the start: every tenant's data key is opened, or the server is not. It writes
//! no document.

use std::collections::BTreeMap;
use std::sync::Arc;

use arc_swap::ArcSwapOption;
use weir_cluster::DocKind;
use weir_model::TenantId;
use weir_vault::{DataKey, KeySource, Keyring, KeysError, SealError};

use super::{Safe, TenantKey};
use crate::documents::{SecretDoc, TenantKeyDoc};
use crate::{Catalog, CatalogError};

/// The keys that seal the tenants' data keys.
pub(crate) struct Keys {
    pub(super) source: Arc<dyn KeySource>,
    current: ArcSwapOption<Keyring>,
}

impl Keys {
    /// Keys that are not read yet.
    pub(crate) fn of(source: Arc<dyn KeySource>) -> Self {
        Self { source, current: ArcSwapOption::empty() }
    }

    /// The keys in use.
    pub(super) fn now(&self) -> Result<Arc<Keyring>, KeysError> {
        self.current.load_full().ok_or(KeysError::Empty)
    }

    pub(super) fn replace(&self, keyring: Keyring) {
        self.current.store(Some(Arc::new(keyring)));
    }
}

/// Secrets that no key opens.
struct Locked<'a> {
    tenant: &'a TenantId,
    error: SealError,
}

impl<S: Send + Sync + 'static> Catalog<S> {
    /// Reads the keys and all safes. The first key is made where nothing was ever sealed; a server whose keys were lost must
    /// not go on with others.
    pub(crate) fn load_safes<'a>(
        &self,
        tenants: impl Iterator<Item = &'a TenantId>,
    ) -> Result<BTreeMap<TenantId, Arc<Safe>>, CatalogError> {
        let keyring = self.keys.source.load()?;
        let (mut safes, mut locked) = (BTreeMap::new(), Vec::new());
        for tenant in tenants {
            match self.load_safe(tenant, keyring.as_ref())? {
                Ok(safe) if safe.key.is_none() && safe.secrets.is_empty() => {}
                Ok(safe) => {
                    safes.insert(tenant.clone(), Arc::new(safe));
                }
                Err(error) => locked.push(Locked { tenant, error }),
            }
        }
        if let Some(Locked { tenant, error }) = locked.first() {
            let others = match locked.len() - 1 {
                0 => String::new(),
                more => format!(" and of {more} more"),
            };
            let keys = keyring.as_ref().map(|keyring| keyring.ids().collect::<Vec<_>>().join(", "));
            let keys = keys.unwrap_or_else(|| "none".into());
            return Err(CatalogError::Locked { tenant: TenantId::clone(tenant), others, keys, error: error.clone() });
        }
        self.keys.replace(match keyring {
            Some(keyring) => keyring,
            None => self.keys.source.make(&*self.entropy)?,
        });
        Ok(safes)
    }

    /// What one tenant keeps; the inner error where no key opens it.
    fn load_safe(&self, tenant: &TenantId, keyring: Option<&Keyring>) -> Result<Result<Safe, SealError>, CatalogError> {
        let mut safe = Safe::default();
        self.shelf.each(DocKind::Secret, Some(tenant), "", |_, doc: SecretDoc| {
            safe.secrets.insert(doc.name.clone(), Arc::new(doc));
        })?;
        let mut stored = None;
        self.shelf.each(DocKind::TenantKey, Some(tenant), "", |doc, key: TenantKeyDoc| {
            stored = Some((key, doc.revision));
        })?;
        let Some((doc, revision)) = stored else {
            // Written with the first secret, in one write.
            return if safe.secrets.is_empty() {
                Ok(Ok(safe))
            } else {
                let key = format!("tenant key of {tenant}");
                Err(CatalogError::Damaged { key, reason: "it is missing, and there are secrets under it".into() })
            };
        };
        let unknown = || SealError::Unknown { key: doc.sealed.key_id().to_owned() };
        let opened = keyring.ok_or_else(unknown).and_then(|keys| DataKey::unwrap(&doc.id, tenant, &doc.sealed, keys));
        match opened {
            Ok(key) => safe.key = Some(TenantKey { doc, revision, key: Arc::new(key) }),
            // Nothing is lost with it: the next secret gets another one.
            Err(_) if safe.secrets.is_empty() => {}
            Err(error) => return Ok(Err(error)),
        }
        Ok(Ok(safe))
    }
}
