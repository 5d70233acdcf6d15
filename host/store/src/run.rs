//! Runs as the store sees them: log entries, queued runs, and what a list asks for. It never looks into an engine's state.

use bytes::Bytes;
use weir_model::{FlowId, Mode, Outcome, RunId, RunSummary, TenantId, Timestamp};

/// Most items that one page may ask for; a larger limit is lowered to it.
pub const MAX_PAGE: usize = 1_000;

/// What the run log gets when a run ends or changes its state.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The tenant.
    pub tenant: TenantId,
    /// The short form, for lists; its outcome replaces an earlier one.
    pub summary: RunSummary,
    /// The full record as JSON; none where only the summary is kept. An earlier record of the run is replaced.
    pub record: Option<Bytes>,
    /// The queued run that this entry ends; it is removed in the same write.
    pub done: Option<QueueKey>,
    /// Whether the answer waits until the entry is on disk.
    pub sync: bool,
}

impl Entry {
    /// Longest record in bytes.
    pub const MAX_RECORD: usize = 16 << 20;
}

/// The place of a run in the queue: by the time it is due, then by tenant, then by run.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct QueueKey {
    /// When it may go on.
    pub due: Timestamp,
    /// The tenant.
    pub tenant: TenantId,
    /// The run.
    pub run: RunId,
}

/// A run that waits for its turn or its time.
#[derive(Clone, Debug)]
pub struct QueuedRun {
    /// Its place in the queue.
    pub key: QueueKey,
    /// The place it had before; removed in the same write. None for a run that was not queued, and after loading.
    pub replaces: Option<QueueKey>,
    /// The flow.
    pub flow: FlowId,
    /// The short form; written too, so that the run is listed while it waits.
    pub summary: RunSummary,
    /// Where the run stands, in the engine's own form.
    pub state: Bytes,
}

impl QueuedRun {
    /// Longest state in bytes.
    pub const MAX_STATE: usize = 32 << 20;
}

/// Which runs a list wants.
#[derive(Clone, Debug)]
pub struct RunFilter {
    /// The tenant.
    pub tenant: TenantId,
    /// Only runs of this flow.
    pub flow: Option<FlowId>,
    /// Only runs that stand or ended so.
    pub outcome: Option<Outcome>,
    /// Only runs of the draft, or of published versions.
    pub mode: Option<Mode>,
    /// Only runs whose id was made at or after this moment.
    pub since: Option<Timestamp>,
    /// Only runs whose id was made before this moment.
    pub until: Option<Timestamp>,
}

impl RunFilter {
    /// All runs of a tenant.
    pub const fn of(tenant: TenantId) -> Self {
        Self { tenant, flow: None, outcome: None, mode: None, since: None, until: None }
    }
}

/// A part of a list.
#[derive(Clone, Debug)]
pub struct Page {
    /// The items, newest first.
    pub items: Vec<RunSummary>,
    /// Where the next page starts; none at the end. A page may be short, even empty, and still have a next one.
    pub next: Option<String>,
}
