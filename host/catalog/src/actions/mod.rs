//! Custom actions: which versions each tenant has, from upload to deletion. It must not run them.

mod change;
mod config;
mod index;
mod schema;
mod version;
mod view;

pub(crate) use config::check as check_config;
pub(crate) use index::{ActionIndex, TenantActions};
pub use schema::{SchemaFault, schema_faults, trouble as schema_trouble};
pub use view::ActionView;
