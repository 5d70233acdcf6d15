//! The index of uploaded actions. One value is one moment; it answers which version a reference means.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use weir_model::{ActionRef, ActionVersion, ArtifactHash, TenantId};

use super::version;
use crate::documents::Pins;

/// The actions of all tenants at one moment.
#[derive(Clone, Default)]
pub(crate) struct ActionIndex(HashMap<TenantId, Arc<TenantActions>>);

/// The actions of one tenant at one moment.
#[derive(Clone, Default)]
pub(crate) struct TenantActions {
    /// Counts the changes since the start, so that what was compiled before one is known to be old.
    generation: u64,
    /// Versions of each name, the newest first.
    names: BTreeMap<Arc<str>, Vec<Arc<ActionVersion>>>,
}

impl ActionIndex {
    pub(crate) fn of(&self, tenant: &TenantId) -> Arc<TenantActions> {
        self.0.get(tenant).cloned().unwrap_or_default()
    }

    pub(crate) fn insert(&mut self, tenant: &TenantId, version: Arc<ActionVersion>) {
        Arc::make_mut(self.0.entry(tenant.clone()).or_default()).insert(version);
    }

    pub(crate) fn remove(&mut self, tenant: &TenantId, name: &str, version: &str) {
        if let Some(actions) = self.0.get_mut(tenant) {
            Arc::make_mut(actions).remove(name, version);
        }
    }

    /// Whether any version of any tenant is made of these bytes.
    pub(crate) fn needs(&self, artifact: &ArtifactHash) -> bool {
        self.0.values().any(|actions| actions.iter().any(|version| version.artifact == *artifact))
    }
}

impl TenantActions {
    pub(crate) const fn generation(&self) -> u64 {
        self.generation
    }

    /// How many versions there are of all names.
    pub(crate) fn count(&self) -> usize {
        self.names.values().map(Vec::len).sum()
    }

    /// All versions by name, the newest of each first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Arc<ActionVersion>> {
        self.names.values().flatten()
    }

    /// Versions of a name, the newest first.
    pub(crate) fn versions(&self, name: &str) -> &[Arc<ActionVersion>] {
        self.names.get(name).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn exact(&self, name: &str, version: &str) -> Option<&Arc<ActionVersion>> {
        self.versions(name).iter().find(|found| found.info.version == version)
    }

    /// The newest version that a reference means; a pre-release only where it is named or nothing else fits.
    pub(crate) fn resolve(&self, wanted: &ActionRef) -> Option<&Arc<ActionVersion>> {
        let mut fitting = self.versions(&wanted.name).iter().filter(|found| wanted.matches(&found.info.version));
        let newest = fitting.clone().next();
        let exact = || self.exact(&wanted.name, wanted.version.as_deref()?);
        fitting.find(|found| !version::is_prerelease(&found.info.version)).or_else(exact).or(newest)
    }

    /// The exact version that a published text pinned.
    pub(crate) fn pinned(&self, wanted: &ActionRef, pins: &Pins) -> Option<&Arc<ActionVersion>> {
        self.exact(&wanted.name, pins.get(wanted)?)
    }

    fn insert(&mut self, version: Arc<ActionVersion>) {
        self.generation += 1;
        let versions = self.names.entry(version.info.name.as_str().into()).or_default();
        versions.push(version);
        versions.sort_by(|left, right| version::compare(&right.info.version, &left.info.version));
    }

    fn remove(&mut self, name: &str, version: &str) {
        self.generation += 1;
        if let Some(versions) = self.names.get_mut(name) {
            versions.retain(|found| found.info.version != version);
            if versions.is_empty() {
                self.names.remove(name);
            }
        }
    }
}
