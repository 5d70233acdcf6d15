//! What opens doors: API tokens, callers' credentials and signatures, and the one place where weir does cryptography. It must not keep what it makes or know
//! where it is kept.

#![forbid(unsafe_code)]

pub mod credential;
mod digest;
mod error;
mod record;
mod role;
pub mod signature;
mod token;

pub use error::TokenError;
pub use record::{TokenHash, TokenRecord};
pub use role::Role;
pub use token::{Token, TokenId};
