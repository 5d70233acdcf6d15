//! Looks up the secrets that a hook's callers are checked with, for the moment of the check. A hook whose secrets are gone
//! lets nobody in.

use weir_model::{Auth, Coded as _};
use weir_vault::SecretText;

use super::Door;
use crate::Refusal;

/// The values of the secrets that `auth` names and that are there; one at least.
pub(super) fn of(door: &Door<'_>, auth: &Auth) -> Result<Vec<SecretText>, Refusal> {
    let mut texts = Vec::new();
    for (_, name) in auth.secrets() {
        match door.catalog.secret(door.tenant, name.as_str()) {
            Ok(Some(secret)) => texts.push(secret.text),
            // One that was taken away on purpose: the others still count.
            Ok(None) => tracing::debug!(tenant = %door.tenant, %name, "A hook names a secret that is not there."),
            Err(error) => {
                let code = error.code();
                tracing::error!(tenant = %door.tenant, flow = %door.flow, %code, %error, "A secret cannot be opened.");
            }
        }
    }
    if texts.is_empty() {
        tracing::error!(tenant = %door.tenant, flow = %door.flow, "A hook has no secret left to check its callers with.");
        return Err(Refusal::NoSecret);
    }
    Ok(texts)
}
