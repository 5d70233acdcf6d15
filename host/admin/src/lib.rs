//! The REST API on the admin address: who may do what to flows, actions and runs, over HTTP, and the OpenAPI document
//! made from the code.
//!
//! This room speaks HTTP and maps; what exists is catalog's, what happens is engine's. It must not reach the store, the
//! cluster or the sandbox.

#![forbid(unsafe_code)]

mod access;
mod actions;
mod again;
mod api;
mod backup;
mod body;
mod bulk;
mod convert;
mod drafts;
mod error;
mod events;
mod flows;
mod guard;
mod health;
mod home;
mod hooks;
mod identity;
mod limits;
mod lines;
mod paging;
mod retention;
mod runs;
mod schema;
mod secrets;
mod server;
mod state;
mod tokens;
mod upload;
mod versions;
pub mod views;

pub use error::ApiError;
pub use paging::{Page, PageQuery};
pub use server::Admin;
pub use state::{AdminOptions, AdminState};
