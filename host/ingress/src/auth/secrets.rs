//! Looks up the secrets that a hook's callers are checked with. A hook whose secrets are gone lets nobody in.

use weir_model::Auth;

use super::Door;
use crate::Refusal;

/// A secret's value.
pub(super) type Text = String;

/// The values of the secrets that `auth` names and that are there; one at least.
pub(super) fn of(door: &Door<'_>, auth: &Auth) -> Result<Vec<Text>, Refusal> {
    let _ = (door.catalog, auth.secrets());
    Err(Refusal::NoSecret)
}
