//! Uploading and deleting action versions, and the list of them. A version never changes once it is uploaded.

use std::sync::Arc;

use bytes::Bytes;
use weir_cluster::{Change, Expect};
use weir_model::{ActionInfo, ActionRef, ActionVersion, ArtifactHash, TenantId};
use weir_sandbox::{Admitted, Stage};

use super::{ActionView, schema};
use crate::documents::action_key;
use crate::shelf::put;
use crate::state::State;
use crate::{Catalog, CatalogError, Page, Thing, bounds};

impl<S: Send + Sync + 'static> Catalog<S> {
    /// Adds an action version from a component's bytes. The same bytes again are no error. Tells `progress` how far it is;
    /// where this is dropped, the compiler is ended.
    ///
    /// # Errors
    /// Where the sandbox refuses the component, its description cannot be used, or the version exists with other bytes.
    pub async fn push_action(
        &self,
        tenant: &TenantId,
        bytes: Bytes,
        progress: impl Fn(Stage) + Send + Sync + 'static,
    ) -> Result<ActionView, CatalogError> {
        self.tenant_known(tenant)?;
        let admitted = self.sandbox.admit(tenant, bytes.clone(), progress).await?;
        let hash = admitted.hash.clone();
        let added = self.add(tenant, bytes, admitted).await;
        if added.is_err() {
            self.forget(&hash);
        }
        added
    }

    async fn add(&self, tenant: &TenantId, bytes: Bytes, admitted: Admitted) -> Result<ActionView, CatalogError> {
        let Admitted { hash, info, size } = admitted;
        self.usable(&info)?;
        let name = format!("{}@{}", info.name, info.version);
        let writing = self.writing().await;
        let actions = self.state.actions.load().of(tenant);
        if let Some(old) = actions.exact(&info.name, &info.version) {
            let hint = "a version never changes: give the action another version and upload it again";
            return match old.artifact == hash {
                true => Ok(ActionView::from(&**old)),
                false => Err(CatalogError::Exists { thing: Thing::Action, name, hint }),
            };
        }
        if actions.count() >= bounds::ACTIONS {
            let hint = "delete versions that are no longer used";
            return Err(CatalogError::Limit { what: "action versions of the tenant", limit: bounds::ACTIONS, hint });
        }
        // The bytes first: a version without them would be of no use, bytes without a version do no harm.
        self.cluster.artifacts.put(&hash, bytes).await?;
        let version = ActionVersion { info, artifact: hash, size, created_at: self.clock.now() };
        let key = action_key(tenant, &version.info.name, &version.info.version);
        let changes = vec![put(key, Expect::Absent, &version)?];
        let (view, tenant) = (ActionView::from(&version), tenant.clone());
        let remember = move |state: &State<S>, _: &[u64]| {
            State::<S>::change(&state.actions, |index| index.insert(&tenant, Arc::new(version)));
        };
        self.commit(writing, changes, remember).await?;
        Ok(view)
    }

    /// Deletes an action version that neither a published version nor a draft uses.
    ///
    /// # Errors
    /// [`CatalogError::InUse`] where one does; [`CatalogError::NotFound`] where there is no such version.
    pub async fn delete_action(&self, tenant: &TenantId, name: &str, version: &str) -> Result<(), CatalogError> {
        self.tenant_known(tenant)?;
        let writing = self.writing().await;
        let full = format!("{name}@{version}");
        let missing = || CatalogError::not_found_in(Thing::Action, &full, format_args!("tenant {tenant}"));
        let found = self.state.actions.load().of(tenant).exact(name, version).cloned().ok_or_else(missing)?;
        let flows = self.users(tenant, &found);
        if !flows.is_empty() {
            return Err(CatalogError::InUse { name: full, flows });
        }
        let changes = vec![Change::delete(action_key(tenant, name, version), Expect::Any)];
        let (tenant, gone) = (tenant.clone(), Arc::clone(&found));
        let remember = move |state: &State<S>, _: &[u64]| {
            State::<S>::change(&state.actions, |index| index.remove(&tenant, &gone.info.name, &gone.info.version));
        };
        let ((), _writing) = self.commit(writing, changes, remember).await?;
        if self.forget(&found.artifact) {
            self.cluster.artifacts.delete(&found.artifact).await?;
        }
        Ok(())
    }

    /// Lets the sandbox drop a component that no version is made of; whether there is none.
    fn forget(&self, artifact: &ArtifactHash) -> bool {
        let unused = !self.state.actions.load().needs(artifact);
        if unused {
            self.sandbox.forget(artifact);
        }
        unused
    }

    /// A page of all versions by name, the newest of each first, after the `name@version` that the page before gave.
    ///
    /// # Errors
    /// Where the tenant does not exist or `after` is not in the list.
    pub fn actions(
        &self,
        tenant: &TenantId,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Page<ActionView>, CatalogError> {
        self.tenant_known(tenant)?;
        let actions = self.state.actions.load().of(tenant);
        let full = |version: &ActionVersion| format!("{}@{}", version.info.name, version.info.version);
        let mut versions = actions.iter();
        if let Some(after) = after {
            let gone = || CatalogError::Bad(format!("there is no action {after:?} to go on after: use `next`"));
            versions.find(|version| full(version) == after).ok_or_else(gone)?;
        }
        let rows = versions.map(|version| ActionView::from(&**version));
        Ok(Page::of(rows, limit, |view| format!("{}@{}", view.name, view.version)))
    }

    /// All versions of an action, the newest first.
    ///
    /// # Errors
    /// Where there is none.
    pub fn action(&self, tenant: &TenantId, name: &str) -> Result<Vec<ActionView>, CatalogError> {
        self.tenant_known(tenant)?;
        let actions = self.state.actions.load().of(tenant);
        match actions.versions(name) {
            [] => Err(CatalogError::not_found_in(Thing::Action, name, format_args!("tenant {tenant}"))),
            versions => Ok(versions.iter().map(|version| ActionView::from(&**version)).collect()),
        }
    }

    /// The newest version that a reference means. Never waits.
    pub fn resolve_action(&self, tenant: &TenantId, wanted: &ActionRef) -> Option<Arc<ActionVersion>> {
        self.state.actions.load().of(tenant).resolve(wanted).cloned()
    }

    /// The first few flows that would not compile without this version.
    fn users(&self, tenant: &TenantId, version: &Arc<ActionVersion>) -> Vec<String> {
        let actions = self.state.actions.load().of(tenant);
        let names = self.state.hooks.load().of_tenant(tenant);
        let pinned = |wanted: &ActionRef, pin: &str| *wanted.name == *version.info.name && pin == version.info.version;
        let meant = |wanted: &ActionRef| actions.resolve(wanted).is_some_and(|found| Arc::ptr_eq(found, version));
        let uses = |doc: &crate::documents::FlowDoc| {
            let published =
                doc.published.as_ref().is_some_and(|info| info.pins.iter().any(|(wanted, pin)| pinned(wanted, pin)));
            published || doc.draft.uses.iter().any(meant)
        };
        names.values().filter(|hook| uses(&hook.doc)).take(5).map(|hook| hook.name.to_string()).collect()
    }

    /// Whether flows can use an action that describes itself like this.
    fn usable(&self, info: &ActionInfo) -> Result<(), CatalogError> {
        let refuse = |reason: String| {
            let name = info.name.chars().take(80).collect();
            Err(CatalogError::Action { name, reason })
        };
        match format!("{}@{}", info.name, info.version).parse::<ActionRef>() {
            Ok(full) if *full.name == *info.name => {}
            Ok(_) => return refuse("its name has an @ in it: name and version are stated apart".into()),
            Err(error) => return refuse(error.to_string()),
        }
        if self.compiler.is_built_in(&info.name) {
            return refuse("a built-in step kind has this name: choose another".into());
        }
        schema::trouble(info).map_or(Ok(()), refuse)
    }
}
