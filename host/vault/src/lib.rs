//! What opens doors: API tokens, callers' credentials and signatures, and sealed secrets; the one place where weir does
//! cryptography. It must not keep what it makes or know where it is kept.

#![forbid(unsafe_code)]

pub mod credential;
mod data_key;
mod digest;
mod error;
mod keyring;
pub mod placeholder;
mod record;
mod role;
mod seal;
mod secret_text;
pub mod signature;
mod token;

pub use data_key::{DataKey, SecretLabel};
pub use error::{KeysError, SealError, TokenError};
pub use keyring::{KeySource, Keyring};
pub use record::{TokenHash, TokenRecord};
pub use role::Role;
pub use seal::Sealed;
pub use secret_text::SecretText;
pub use token::{Token, TokenId};
