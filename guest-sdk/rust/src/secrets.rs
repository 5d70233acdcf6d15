//! Secrets of the tenant, as far as they are granted. It must not keep a value longer than the caller does.
//!
//! Declare them in the attribute: `capabilities(secret("crm-token"))`.

#[cfg(target_arch = "wasm32")]
use crate::bindings::weir::action::secrets as host;
#[cfg(not(target_arch = "wasm32"))]
use crate::testing::host::secrets as host;

pub use crate::bindings::weir::action::secrets::Error;

/// A stand-in for the secret. weir puts the value in its place inside requests to the hosts that the secret allows, so
/// that the value never enters the action's memory.
///
/// # Errors
/// [`Error::NotGranted`] or [`Error::NotFound`].
///
/// ```no_run
/// use weir_action::{http, secrets};
/// # fn main() -> weir_action::Result<()> {
/// let token = secrets::placeholder("crm-token")?;
/// http::get("https://crm.example.com/me").header("authorization", &format!("Bearer {token}")).send()?;
/// # Ok(()) }
/// ```
pub fn placeholder(name: &str) -> Result<String, Error> {
    host::placeholder(name)
}

/// The value itself; needs a grant of its own.
///
/// # Errors
/// [`Error::NotGranted`] or [`Error::NotFound`].
pub fn reveal(name: &str) -> Result<String, Error> {
    host::reveal(name)
}
