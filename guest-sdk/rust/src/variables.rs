//! The run's variables. It must not cache them: another branch of the run may change them between two calls.
//!
//! Variables live as long as the run; changes count once the action succeeds.

use serde::Serialize;
use serde::de::DeserializeOwned;

#[cfg(target_arch = "wasm32")]
use crate::bindings::weir::action::variables as host;
#[cfg(not(target_arch = "wasm32"))]
use crate::testing::host::variables as host;
use crate::{Result, codec};

/// The variable's value; none where there is none.
///
/// # Errors
/// Invalid, if the variable is not a `T`.
///
/// ```
/// use weir_action::variables;
/// # fn main() -> weir_action::Result<()> {
/// let seen: u32 = variables::get("seen")?.unwrap_or_default();
/// variables::set("seen", &(seen + 1))?;
/// # Ok(()) }
/// ```
pub fn get<T: DeserializeOwned>(name: &str) -> Result<Option<T>> {
    host::get(name).map(|json| codec::read(&format!("variable `{name}`"), &json)).transpose()
}

/// Sets a variable.
///
/// # Errors
/// Failed, if weir refuses it: a bad name, or more bytes than the run's variables may have.
pub fn set<T: Serialize + ?Sized>(name: &str, value: &T) -> Result<()> {
    let json = codec::write(&format!("variable `{name}`"), value)?;
    host::set(name, &json).map_err(|reason| crate::Error::failed(format!("variable `{name}` was not set: {reason}")))
}

/// Removes a variable, if it is there.
pub fn remove(name: &str) {
    host::remove(name);
}
