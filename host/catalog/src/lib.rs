//! What exists: tenants, tokens, secrets, custom actions, flows with drafts and versions, and the index from a hook's key
//! to its ready plan.
//!
//! Every change goes to the cluster first and into memory after it; readers of the index never wait. This room must not
//! execute a flow, speak HTTP, or reach the store or the WebAssembly engine around cluster and sandbox.

#![forbid(unsafe_code)]

mod actions;
mod bounds;
mod catalog;
mod commit;
mod compile;
mod documents;
mod error;
mod flows;
mod hook;
mod index;
mod limits;
mod open;
mod page;
mod retention;
mod secrets;
mod shelf;
mod state;
mod tenants;
#[cfg(test)]
mod tests;
mod tokens;

pub use actions::{ActionView, SchemaFault, schema_faults};
pub use catalog::{Catalog, Options};
pub use documents::{DisabledInfo, schedule_key};
pub use error::{CatalogError, Class, Thing};
pub use flows::{DraftText, DraftView, FlowView, Published, Saved, ScheduleView, VersionText, VersionView};
pub use hook::{Hook, Release};
pub use index::Scheduled;
pub use limits::{LimitLevel, LimitView, TenantLimits};
pub use page::Page;
pub use retention::{RetentionDef, TenantRetention};
pub use secrets::{KeyRotation, NewSecret, Secret, SecretView};
pub use tenants::TenantView;
pub use tokens::{Identity, NewToken, TokenView};
/// How far an upload is, as [`Catalog::push_action`] tells it.
pub use weir_sandbox::Stage;
