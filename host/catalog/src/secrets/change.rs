//! Setting and deleting secrets. Whoever sets one gives the value again: nobody can change where a value goes without it.

use std::collections::BTreeMap;
use std::sync::Arc;

use weir_cluster::{Change, Expect};
use weir_model::{SecretName, TenantId};
use weir_vault::{DataKey, Sealed, SecretLabel};

use super::{NewSecret, Safe, SecretView, TenantKey, rules};
use crate::documents::{SecretDoc, TenantKeyDoc, data_key_key, secret_key};
use crate::shelf::put;
use crate::state::State;
use crate::{Catalog, CatalogError, Thing, bounds};

impl<S: Send + Sync + 'static> Catalog<S> {
    /// Keeps a secret, in place of the one that had the name.
    ///
    /// # Errors
    /// Where there is no such tenant, it has too many secrets, or the value, a host or an action is not as it should be.
    pub async fn set_secret(
        &self,
        tenant: &TenantId,
        name: &SecretName,
        secret: NewSecret,
    ) -> Result<SecretView, CatalogError> {
        let NewSecret { text, hosts, reveal_to } = rules::checked(secret)?;
        let writing = self.writing().await;
        self.tenant_known(tenant)?;
        let safe = self.safe(tenant);
        let now = self.clock.now();
        let mut changes = Vec::with_capacity(2);
        let made = match safe.key {
            Some(_) => None,
            None => Some(self.new_data_key(tenant)?),
        };
        if let Some((doc, _)) = &made {
            // One that no key opens and that seals nothing may be there still.
            changes.push(put(data_key_key(tenant), Expect::Any, doc)?);
        }
        let key = made.as_ref().map(|(_, key)| key).or(safe.key.as_ref().map(|key| &key.key));
        let key = key.ok_or(CatalogError::Stopping)?;
        let before = safe.secrets.get(name);
        let version = before.map_or(1, |before| before.version + 1);
        let label = SecretLabel { tenant, name, version, hosts: &hosts, reveal_to: &reveal_to };
        let sealed = key.seal(&label, &text, &*self.entropy);
        let sealed = sealed.map_err(|error| CatalogError::Sealed { what: format!("secret {name}"), error })?;
        within_bounds(&safe, name, &sealed)?;
        let created_at = before.map_or(now, |before| before.created_at);
        let doc = SecretDoc { name: name.clone(), version, hosts, reveal_to, sealed, created_at, updated_at: now };
        let view = SecretView::from(&doc);
        changes.push(put(secret_key(tenant, name), Expect::Any, &doc)?);
        let (tenant, name) = (tenant.clone(), name.clone());
        let remember = move |state: &State<S>, revisions: &[u64]| {
            change_safe(state, tenant, |safe| {
                if let Some((doc, key)) = made {
                    // The first of the changes.
                    let revision = revisions.first().copied().unwrap_or_default();
                    safe.key = Some(TenantKey { doc, revision, key });
                }
                safe.secrets.insert(name, Arc::new(doc));
            });
        };
        self.commit(writing, changes, remember).await?;
        Ok(view)
    }

    /// Deletes a secret. Runs that need it from now on fail where they do.
    ///
    /// # Errors
    /// Where there is no such secret.
    pub async fn delete_secret(&self, tenant: &TenantId, name: &SecretName) -> Result<(), CatalogError> {
        let writing = self.writing().await;
        if !self.has_secret(tenant, name.as_str()) {
            return Err(CatalogError::not_found_in(Thing::Secret, name, format!("tenant {tenant}")));
        }
        let changes = vec![Change::delete(secret_key(tenant, name), Expect::Any)];
        let (tenant, name) = (tenant.clone(), name.clone());
        let remember = move |state: &State<S>, _: &[u64]| {
            change_safe(state, tenant, |safe| {
                safe.secrets.remove(&name);
            });
        };
        self.commit(writing, changes, remember).await.map(|_| ())
    }

    /// A fresh data key with its document.
    fn new_data_key(&self, tenant: &TenantId) -> Result<(TenantKeyDoc, Arc<DataKey>), CatalogError> {
        let keyring = self.keys.now()?;
        let key = DataKey::generate(&*self.entropy);
        let sealed = key.wrap(tenant, &keyring, &*self.entropy);
        let sealed =
            sealed.map_err(|error| CatalogError::Sealed { what: format!("the data key of {tenant}"), error })?;
        Ok((TenantKeyDoc { id: key.id().into(), sealed, created_at: self.clock.now() }, Arc::new(key)))
    }
}

/// Changes a copy of a tenant's safe and puts it in.
pub(super) fn change_safe<S>(state: &State<S>, tenant: TenantId, change: impl FnOnce(&mut Safe)) {
    State::<S>::change(&state.safes, |safes: &mut BTreeMap<TenantId, Arc<Safe>>| {
        change(Arc::make_mut(safes.entry(tenant).or_default()));
    });
}

/// Refuses one secret too many, and more bytes than a tenant may have in memory.
fn within_bounds(safe: &Safe, name: &SecretName, sealed: &Sealed) -> Result<(), CatalogError> {
    let others = || safe.secrets.values().filter(|doc| doc.name != *name);
    if others().count() >= bounds::SECRETS {
        let hint = "delete secrets that are no longer used";
        return Err(CatalogError::Limit { what: "secrets", limit: bounds::SECRETS, hint });
    }
    let bytes: usize = others().map(|doc| doc.sealed.as_bytes().len()).sum();
    if bytes + sealed.as_bytes().len() > bounds::SECRET_BYTES {
        let hint = "delete secrets that are no longer used, or keep what is long elsewhere";
        return Err(CatalogError::Limit { what: "bytes of all secrets", limit: bounds::SECRET_BYTES, hint });
    }
    Ok(())
}
