//! How much of everything a tenant may have. It holds numbers; the files that refuse name them.

use std::time::Duration;

/// Flows of one tenant.
pub(crate) const FLOWS: usize = 10_000;
/// Uploaded action versions of one tenant.
pub(crate) const ACTIONS: usize = 1_000;
/// Tenants of one server.
pub(crate) const TENANTS: usize = 10_000;
/// Stored tokens of one server.
pub(crate) const TOKENS: usize = 10_000;
/// Sessions of one server, which live in memory.
pub(crate) const SESSIONS: usize = 1_000;
/// Bytes of a definition.
pub(crate) const DEFINITION: usize = 1 << 20;
/// Characters of a version's note or a token's label.
pub(crate) const NOTE: usize = 2_000;
/// Rows of one page.
pub(crate) const PAGE: usize = 500;
/// The longest time for which a flow is armed or a session is issued.
pub(crate) const ARMED: Duration = Duration::from_secs(24 * 60 * 60);
/// Bytes of one JSON Schema that an action states.
pub(crate) const SCHEMA: usize = 256 << 10;
/// Secrets of one tenant.
pub(crate) const SECRETS: usize = 1_000;
/// Bytes of one secret's value.
pub(crate) const SECRET: usize = 64 << 10;
/// Bytes of all of a tenant's secrets, sealed: they are in memory.
pub(crate) const SECRET_BYTES: usize = 8 << 20;
/// Hosts or actions that one secret names.
pub(crate) const SECRET_PLACES: usize = 32;
