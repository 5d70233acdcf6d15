//! From a text to a plan, with the actions of one tenant. It decides which action version a reference means; what a
//! definition means is flow's.

use std::sync::Arc;

use weir_flow::{Checked, Compiled, Kind, Kinds, StepCheck, check};
use weir_model::{ActionRef, ActionVersion, FlowDef, StepDef};

use crate::actions::{TenantActions, check_config};
use crate::documents::Pins;

/// Compiles texts.
pub(crate) struct Compiler<S>(Arc<dyn Kinds<S>>);

impl<S> Clone for Compiler<S> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<S> Compiler<S> {
    pub(crate) fn new(kinds: Arc<dyn Kinds<S>>) -> Self {
        Self(kinds)
    }

    pub(crate) fn kinds(&self) -> &Arc<dyn Kinds<S>> {
        &self.0
    }

    /// A draft: references mean the newest versions, and every config is checked against its action's schema.
    pub(crate) fn draft(&self, text: &str, actions: &TenantActions) -> Checked<S> {
        let newest = |wanted: &ActionRef| actions.resolve(wanted).map(|found| ActionVersion::clone(found));
        check(text, &Strict(&*self.0), &newest)
    }

    /// A published text: references mean the pinned versions, whose schemas it passed when it was published.
    pub(crate) fn pinned(&self, text: &str, pins: &Pins, actions: &TenantActions) -> Checked<S> {
        let exact = |wanted: &ActionRef| actions.pinned(wanted, pins).map(|found| ActionVersion::clone(found));
        check(text, &*self.0, &exact)
    }

    /// The custom actions that a definition refers to, each once.
    pub(crate) fn uses(&self, def: &FlowDef) -> Vec<ActionRef> {
        let built_in = |uses: &str| self.0.kinds().iter().any(|kind| kind.name() == uses);
        let steps = def.steps.iter().map(|step| step.uses.as_str()).filter(|uses| !built_in(uses));
        let mut uses: Vec<ActionRef> = steps.filter_map(|uses| uses.parse().ok()).collect();
        uses.sort();
        uses.dedup();
        uses
    }

    /// The exact versions that a definition's references mean now.
    pub(crate) fn pins(&self, def: &FlowDef, actions: &TenantActions) -> Pins {
        let pin = |wanted: ActionRef| {
            let version = actions.resolve(&wanted)?.info.version.as_str().into();
            Some((wanted, version))
        };
        self.uses(def).into_iter().filter_map(pin).collect()
    }

    /// Whether a built-in kind has this name.
    pub(crate) fn is_built_in(&self, name: &str) -> bool {
        self.0.kinds().iter().any(|kind| kind.name() == name)
    }
}

/// The kinds with the check of configs in front of custom actions.
struct Strict<'a, S>(&'a dyn Kinds<S>);

impl<S> Kinds<S> for Strict<'_, S> {
    fn kinds(&self) -> &[Box<dyn Kind<S>>] {
        self.0.kinds()
    }

    fn action(&self, step: &StepDef, version: &ActionVersion, cx: &mut StepCheck<'_>) -> Option<Compiled<S>> {
        check_config(&version.info.config_schema, step.with.as_ref(), cx);
        self.0.action(step, version, cx)
    }
}
