//! The targets, one file each: what is called with the bytes, and what must hold of the answer.

pub(crate) mod conditions;
pub(crate) mod data;
pub(crate) mod definitions;
#[cfg(feature = "host")]
pub(crate) mod kinds;
#[cfg(feature = "host")]
pub(crate) mod payloads;
mod scope;
mod small;
#[cfg(feature = "host")]
pub(crate) mod store;
pub(crate) mod templates;
#[cfg(feature = "host")]
pub(crate) mod uploads;

/// With this key serde_json's own reader takes a text for JSON; weir's does not, so the two cannot be compared.
const RAW_KEY: &str = "$serde_json::private::RawValue";
