//! What happens: runs from their request to their record. It lets runs start (lanes), executes their steps, makes durable
//! what must be, and answers callers by the response contract.
//!
//! It must not listen on sockets (ingress, admin) or know how definitions are kept (catalog) and bytes stored (store).

#![forbid(unsafe_code)]

mod again;
mod answer;
mod attached;
mod background;
mod control;
mod engine;
mod error;
mod failures;
mod history;
mod kv;
mod lanes;
mod once;
mod outbound;
mod payload;
mod reply;
mod revive;
mod run;
mod schedules;
mod seen;
mod services;
mod steady;
mod steps;
mod text;
mod timers;
mod upkeep;

pub use again::{Replay, Which};
pub use answer::DEFAULT_WAIT;
pub use control::Cancelled;
pub use engine::{Engine, Options};
pub use error::EngineError;
pub use history::History;
pub use lanes::LaneOptions;
pub use payload::Payload;
pub use reply::Reply;
pub use run::{RunContext, Start, WaitFor};
pub use seen::{DeliveryId, IdempotencyError, IdempotencyKey};
pub use services::Services;
pub use steps::{Begin, Failure, Finish, Notes, Step, StepContext, Worked, kinds};
pub use weir_cluster::{BackupInfo, BackupOrder, BackupStage, Page, RunFilter, Subscription};

/// The catalog with this room's compiled steps in it.
pub type Catalog = weir_catalog::Catalog<Box<dyn Step>>;
/// A hook whose flow is compiled to this room's steps.
pub type Hook = weir_catalog::Hook<Box<dyn Step>>;
/// A version or draft, compiled to this room's steps.
pub type Release = weir_catalog::Release<Box<dyn Step>>;
