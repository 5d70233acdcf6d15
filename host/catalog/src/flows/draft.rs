//! Checking and saving drafts. A draft may have errors in its steps; it may not be something else than this flow.

use std::sync::Arc;

use weir_cluster::{Change, Expect};
use weir_flow::Checked;
use weir_model::{Findings, FlowDef, FlowId, FlowName, HookKey, Severity, TenantId, Timestamp};

use super::{missing, replace};
use crate::actions::TenantActions;
use crate::documents::{DraftDoc, DraftInfo, FlowDoc, draft_key, flow_key};
use crate::hook::{CachedDraft, Live, Release};
use crate::shelf::put;
use crate::{Catalog, CatalogError, Hook, Saved, Thing, bounds};

impl<S: Send + Sync + 'static> Catalog<S> {
    /// What a check of `text` finds, with the actions of this tenant; nothing is saved.
    ///
    /// # Errors
    /// Where the tenant does not exist or the text is too long.
    pub async fn check(&self, tenant: &TenantId, text: &str) -> Result<Findings, CatalogError> {
        self.tenant_known(tenant)?;
        Ok(self.checked(tenant, text).await?.0.findings)
    }

    /// Saves a draft, and makes the flow where there is none of that name. Without `name` the text's own name counts;
    /// `expect_revision` is the draft's revision that the caller changed.
    ///
    /// # Errors
    /// [`CatalogError::Invalid`] where the text is no definition, [`CatalogError::OtherName`] where it names another flow,
    /// [`CatalogError::Changed`] where the draft is at another revision. Errors inside steps do not keep it from being saved.
    pub async fn save_draft(
        &self,
        tenant: &TenantId,
        name: Option<&FlowName>,
        text: &str,
        expect_revision: Option<u64>,
    ) -> Result<Saved, CatalogError> {
        self.tenant_known(tenant)?;
        let (checked, actions) = self.checked(tenant, text).await?;
        let Checked { def, plan, findings } = checked;
        let asked = || name.map_or_else(String::new, FlowName::to_string);
        let Some(def) = def else { return Err(CatalogError::Invalid { flow: asked(), findings }) };
        if name.is_some_and(|name| *name != def.name) {
            return Err(CatalogError::OtherName { expected: asked(), found: def.name.to_string() });
        }
        let writing = self.writing().await;
        let old = self.hook_by_name(tenant, &def.name);
        expected(&def.name, expect_revision, old.as_deref())?;
        let doc = self.flow_doc(tenant, &def, &findings, old.as_deref())?;
        let changes = changes(tenant, &doc, old.as_deref(), text)?;
        let release = plan
            .map(|plan| Arc::new(Release { version: 0, revision: doc.draft.revision, plan }))
            .ok_or_else(|| Arc::new(findings.clone()));
        let cached = CachedDraft { revision: doc.draft.revision, actions: actions.generation(), release };
        let tenant = tenant.clone();
        let (hook, _) = self
            .commit(writing, changes, move |state, revisions| {
                let revision = revisions.first().copied().unwrap_or_default();
                let hook = match old {
                    Some(old) => old.changed(doc, revision),
                    None => Hook::new(tenant, doc, revision, Arc::new(Live::default())),
                };
                *hook.live.draft.lock() = cached.release.is_ok().then_some(cached);
                state.put_hook(hook)
            })
            .await?;
        Ok(Saved { flow: self.view(&hook), findings })
    }

    /// Checks a text on a thread of its own kind, since a long one takes a while.
    pub(super) async fn checked(
        &self,
        tenant: &TenantId,
        text: &str,
    ) -> Result<(Checked<S>, Arc<TenantActions>), CatalogError> {
        if text.len() > bounds::DEFINITION {
            let hint = "split the flow, or move large constants into an action";
            return Err(CatalogError::Limit { what: "bytes of the definition", limit: bounds::DEFINITION, hint });
        }
        let actions = self.state.actions.load().of(tenant);
        let (compiler, text, seen) = (self.compiler.clone(), text.to_owned(), Arc::clone(&actions));
        let (state, owner) = (Arc::clone(&self.state), tenant.clone());
        let checked = tokio::task::spawn_blocking(move || {
            let mut checked = compiler.draft(&text, &seen);
            missing::find(&mut checked, &state, &owner, &text);
            checked
        });
        checked.await.map(|checked| (checked, actions)).map_err(|_| CatalogError::Stopping)
    }

    /// The document of a flow whose draft is `def` from now on.
    fn flow_doc(
        &self,
        tenant: &TenantId,
        def: &FlowDef,
        findings: &Findings,
        old: Option<&Hook<S>>,
    ) -> Result<FlowDoc, CatalogError> {
        let now = self.clock.now();
        let draft = DraftInfo {
            revision: old.map_or(1, |old| old.doc.draft.revision + 1),
            updated_at: now,
            errors: count(findings, Severity::Error),
            warnings: count(findings, Severity::Warning),
            steps: u32::try_from(def.steps.len()).unwrap_or(u32::MAX),
            uses: self.compiler.uses(def),
        };
        let description = def.description.as_deref().map(Into::into);
        if let Some(old) = old {
            return Ok(FlowDoc { draft, description, updated_at: now, ..old.doc.clone() });
        }
        if self.state.hooks.load().count(tenant) >= bounds::FLOWS {
            let hint = "delete flows that are no longer used";
            return Err(CatalogError::Limit { what: "flows of the tenant", limit: bounds::FLOWS, hint });
        }
        Ok(self.new_flow(def.name.clone(), description, draft, now))
    }

    fn new_flow(&self, name: FlowName, description: Option<Box<str>>, draft: DraftInfo, now: Timestamp) -> FlowDoc {
        FlowDoc {
            id: FlowId::generate(now, &*self.entropy),
            name,
            key: HookKey::generate(&*self.entropy),
            enabled: true,
            disabled: None,
            enabled_at: None,
            description,
            draft,
            published: None,
            latest: 0,
            created_at: now,
            updated_at: now,
        }
    }
}

/// Compares the revision that the caller changed with the one there is; 0 stands for a flow that does not exist yet.
fn expected<S>(name: &FlowName, wanted: Option<u64>, old: Option<&Hook<S>>) -> Result<(), CatalogError> {
    let found = old.map_or(0, |old| old.doc.draft.revision);
    match wanted {
        Some(expected) if expected != found => {
            Err(CatalogError::Changed { thing: Thing::Flow, name: name.to_string(), expected, found })
        }
        _ => Ok(()),
    }
}

fn changes<S>(
    tenant: &TenantId,
    doc: &FlowDoc,
    old: Option<&Hook<S>>,
    text: &str,
) -> Result<Vec<Change>, CatalogError> {
    let flow = match old {
        Some(old) => replace(old, doc)?,
        None => put(flow_key(tenant, &doc.name), Expect::Absent, doc)?,
    };
    let draft = DraftDoc { text: text.into(), revision: doc.draft.revision };
    Ok(vec![flow, put(draft_key(tenant, doc.id), Expect::Any, &draft)?])
}

fn count(findings: &Findings, severity: Severity) -> u32 {
    let count = findings.iter().filter(|finding| finding.severity == severity).count();
    u32::try_from(count).unwrap_or(u32::MAX)
}
