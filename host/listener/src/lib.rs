//! What both listeners share: connections within bounds of number and time, TLS, the form that a request's head must have,
//! bodies within size, time and rate, and their content codings.
//!
//! It knows no routes and answers no request: that is the room's which listens.

#![forbid(unsafe_code)]

mod activity;
mod addresses;
mod body;
mod coding;
mod connection;
mod head;
mod json;
mod options;
mod server;
mod stream;
mod tls;
mod tracked;

pub use body::{BodyError, BodyLimits, Received, read};
pub use coding::{Coding, CodingError};
pub use head::{ALLOWED_METHODS, BadHead, check};
pub use json::{JsonBound, check_json};
pub use options::Options;
pub use server::{Farewell, Service, serve};
pub use tls::{Tls, TlsError};
