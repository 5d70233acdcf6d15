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
    pub done: Option<Done>,
    /// The state from which the run can be retried, in the engine's own form; kept beside the record.
    pub resume: Option<Bytes>,
    /// Whether the answer waits until the entry is on disk.
    pub sync: bool,
}

impl Entry {
    /// Longest record in bytes.
    pub const MAX_RECORD: usize = 16 << 20;
}

/// What a queued run waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum When {
    /// Its turn among its tenant's runs, in the order of `due`, which is when it became ready.
    Ready,
    /// A length of time; `due` is by the steady clock, which a jump of the wall clock does not move.
    After,
    /// A moment of the wall clock.
    At,
    /// The end of the runs before it in a flow that takes its runs in order; `due` says nothing.
    Held,
}

/// The place of a run in the queue.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct QueueKey {
    /// What it waits for.
    pub when: When,
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
    /// Whether the flow takes its runs in order: the run then holds back those after it until it is done.
    pub ordered: bool,
    /// What the hook remembers of the request, written in the same batch.
    pub remember: Option<Remembered>,
    /// The short form; written too, so that the run is listed while it waits.
    pub summary: RunSummary,
    /// Where the run stands, in the engine's own form.
    pub state: Bytes,
}

impl QueuedRun {
    /// Longest state in bytes.
    pub const MAX_STATE: usize = 32 << 20;
}

/// A queued run that is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Done {
    /// Its place.
    pub key: QueueKey,
    /// Its flow.
    pub flow: FlowId,
    /// Whether it held back others.
    pub ordered: bool,
}

/// A request that a hook must know again: the tenant's, by its flow, mode and a digest of its key.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SeenKey {
    /// The tenant.
    pub tenant: TenantId,
    /// The flow.
    pub flow: FlowId,
    /// Draft or published version.
    pub mode: Mode,
    /// A digest of the request's key.
    pub digest: [u8; 32],
}

/// What a hook remembers of a request until a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remembered {
    /// Which request.
    pub key: SeenKey,
    /// Until when, by the wall clock.
    pub until: Timestamp,
    /// What it was answered, in the engine's own form.
    pub value: Bytes,
}

impl Remembered {
    /// Longest value in bytes.
    pub const MAX_VALUE: usize = 11 << 20;
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
