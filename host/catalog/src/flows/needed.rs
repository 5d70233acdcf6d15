//! The secrets that a flow names and its tenant does not have: found before it is published. It opens none.

use weir_flow::SecretUse;
use weir_model::{Code, Finding, Findings, Severity, TenantId};

use crate::Catalog;

impl<S: Send + Sync + 'static> Catalog<S> {
    /// A finding for each use of a secret that there is not.
    pub(super) fn missing_secrets(&self, tenant: &TenantId, uses: &[SecretUse]) -> Findings {
        let missing = uses.iter().filter(|used| !self.has_secret(tenant, &used.name));
        let finding = |used: &SecretUse| Finding {
            code: Code::new("WEIR-FLOW-SECRET-MISSING"),
            severity: Severity::Error,
            path: used.path.to_string(),
            line: used.line,
            step: Some(used.step.to_string()),
            message: format!("there is no secret `{0}`: make it with `weir secret set {0} --host HOST`", used.name),
        };
        missing.map(finding).collect()
    }
}
