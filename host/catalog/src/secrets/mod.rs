//! Secrets: what a tenant has of them, and their values at use. Cryptography is the vault's; where a value goes is up to
//! whoever asks for it here.

mod change;
mod keys;
mod rotate;
mod rules;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;
use weir_model::{RunId, SecretName, TenantId, Timestamp};
use weir_vault::{DataKey, SecretText, placeholder};

use crate::documents::{SecretDoc, TenantKeyDoc};
use crate::{Catalog, CatalogError};

pub(crate) use keys::Keys;
pub use rotate::KeyRotation;

/// A secret with its value, for the moment of its use.
#[derive(Clone, Debug)]
pub struct Secret {
    /// The value.
    pub text: SecretText,
    /// Where it may be sent: names of hosts, or `*.` and the name that they end with.
    pub hosts: Vec<String>,
    /// The actions that may see it.
    pub reveal_to: Vec<String>,
}

/// A secret to keep.
#[derive(Debug)]
pub struct NewSecret {
    /// The value.
    pub text: SecretText,
    /// Where it may be sent.
    pub hosts: Vec<String>,
    /// The actions that may see it.
    pub reveal_to: Vec<String>,
}

/// A secret as the API shows it: never its value, nor how long that is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SecretView {
    /// Its name.
    pub name: SecretName,
    /// Counts how often it was set.
    pub version: u64,
    /// Where it may be sent.
    pub hosts: Vec<String>,
    /// The actions that may see it.
    pub reveal_to: Vec<String>,
    /// When it was set first.
    pub created_at: Timestamp,
    /// When it was set last.
    pub updated_at: Timestamp,
}

impl From<&SecretDoc> for SecretView {
    fn from(doc: &SecretDoc) -> Self {
        Self {
            name: doc.name.clone(),
            version: doc.version,
            hosts: doc.hosts.clone(),
            reveal_to: doc.reveal_to.clone(),
            created_at: doc.created_at,
            updated_at: doc.updated_at,
        }
    }
}

/// What a tenant keeps sealed. Values stay so until they are used.
#[derive(Clone, Debug, Default)]
pub(crate) struct Safe {
    /// None before the first secret.
    pub(crate) key: Option<TenantKey>,
    pub(crate) secrets: BTreeMap<SecretName, Arc<SecretDoc>>,
}

/// A tenant's data key, open.
#[derive(Clone, Debug)]
pub(crate) struct TenantKey {
    pub(crate) doc: TenantKeyDoc,
    pub(crate) revision: u64,
    pub(crate) key: Arc<DataKey>,
}

impl<S: Send + Sync + 'static> Catalog<S> {
    /// A secret with its value; none where there is none of that name. Never waits.
    ///
    /// # Errors
    /// [`CatalogError::Sealed`] where what is stored was changed since it was sealed.
    pub fn secret(&self, tenant: &TenantId, name: &str) -> Result<Option<Secret>, CatalogError> {
        let safes = self.state.safes.load();
        let found = safes.get(tenant).and_then(|safe| Some((safe.key.as_ref()?, safe.secrets.get(name)?)));
        let Some((key, doc)) = found else { return Ok(None) };
        let what = || format!("secret {name:?} of tenant {tenant}");
        let opened = key.key.open(&doc.label(tenant), &doc.sealed);
        let text = opened.map_err(|error| CatalogError::Sealed { what: what(), error })?;
        Ok(Some(Secret { text, hosts: doc.hosts.clone(), reveal_to: doc.reveal_to.clone() }))
    }

    /// Whether there is a secret of that name. Never waits.
    pub fn has_secret(&self, tenant: &TenantId, name: &str) -> bool {
        self.state.safes.load().get(tenant).is_some_and(|safe| safe.secrets.contains_key(name))
    }

    /// The names of a tenant's secrets, in their order. Never waits.
    pub fn secret_names(&self, tenant: &TenantId) -> Vec<SecretName> {
        self.state.safes.load().get(tenant).map(|safe| safe.secrets.keys().cloned().collect()).unwrap_or_default()
    }

    /// What stands for a secret within a run; none where there is no such secret. Never waits.
    pub fn placeholder(&self, tenant: &TenantId, run: RunId, name: &str) -> Option<String> {
        let safes = self.state.safes.load();
        let safe = safes.get(tenant)?;
        let (name, _) = safe.secrets.get_key_value(name)?;
        Some(placeholder::stand_in(&safe.key.as_ref()?.key, run, name))
    }

    /// A tenant's secrets without their values, by their names.
    ///
    /// # Errors
    /// Where there is no such tenant.
    pub fn secrets(&self, tenant: &TenantId) -> Result<Vec<SecretView>, CatalogError> {
        self.tenant_known(tenant)?;
        Ok(self.safe(tenant).secrets.values().map(|doc| SecretView::from(&**doc)).collect())
    }

    fn safe(&self, tenant: &TenantId) -> Arc<Safe> {
        self.state.safes.load().get(tenant).cloned().unwrap_or_default()
    }
}
