//! The background lane: runs that nobody waits for, taken from memory while they fit and from the queue on disk when they
//! do not. It decides which run is next; the queue itself is the store's.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use parking_lot::Mutex;
use tokio::sync::Notify;
use weir_cluster::{Entry, QueueKey, QueuedRun};
use weir_model::{Outcome, RunId};

use crate::run::{Checkpoint, Run, RunContext, Start};
use crate::services::Live;
use crate::{EngineError, Release, Services};

/// Runs kept in memory while they wait; more stay on disk until it is their turn.
const MOST_IN_MEMORY: usize = 1_024;
/// Runs read from disk at a time.
const PAGE: usize = 256;

/// A run that may begin.
enum Ready {
    /// One that was just accepted.
    Fresh(QueueKey, Arc<RunContext>),
    /// One read from the queue.
    Stored(Box<QueuedRun>),
}

/// Which background runs wait and which are alive.
#[derive(Default)]
pub(crate) struct Background {
    ready: Mutex<VecDeque<Ready>>,
    /// Runs in `ready` or alive: the queue on disk lists them too, and must not be asked for them again.
    claimed: Mutex<HashSet<RunId>>,
    /// Whether the queue on disk holds runs that are not claimed.
    spilled: AtomicBool,
    waiting: AtomicUsize,
    wake: Notify,
}

impl Background {
    /// What the queue on disk holds is taken from there.
    pub(crate) fn with_stored_runs() -> Self {
        Self { spilled: AtomicBool::new(true), ..Self::default() }
    }

    /// Marks a run as taken before it is written to the queue.
    pub(crate) fn claim(&self, run: RunId) {
        self.claimed.lock().insert(run);
    }

    /// The run's entry in the queue is gone, or may be read again.
    pub(crate) fn release(&self, run: RunId) {
        self.claimed.lock().remove(&run);
    }

    /// How many accepted runs wait for their turn in memory.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Takes a run that was just written to the queue and claimed.
    pub(crate) fn offer(&self, key: QueueKey, context: Arc<RunContext>) {
        let mut ready = self.ready.lock();
        if ready.len() < MOST_IN_MEMORY && !self.spilled.load(Ordering::Acquire) {
            ready.push_back(Ready::Fresh(key, context));
        } else {
            // Order is kept: once one run waits on disk, those after it do too.
            self.spilled.store(true, Ordering::Release);
            self.release(key.run);
        }
        self.waiting.fetch_add(1, Ordering::Relaxed);
        drop(ready);
        self.wake.notify_one();
    }

    /// The next run, once there is one.
    async fn next(&self, services: &Services) -> Ready {
        loop {
            let woken = self.wake.notified();
            if let Some(ready) = self.ready.lock().pop_front() {
                let _ = self.waiting.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1));
                return ready;
            }
            if !self.spilled.load(Ordering::Acquire) || !self.refill(services) {
                woken.await;
            }
        }
    }

    /// Reads runs from disk; false where there are none to take.
    fn refill(&self, services: &Services) -> bool {
        let mut after = None;
        loop {
            // Cleared before reading: a run that is offered meanwhile sets it again.
            self.spilled.store(false, Ordering::Release);
            // Held over the read: a run that ends meanwhile would else be read as queued and taken once more.
            let (mut ready, mut claimed) = (self.ready.lock(), self.claimed.lock());
            let page = match services.cluster.queue.load(after.as_ref(), PAGE) {
                Ok(page) => page,
                Err(error) => {
                    tracing::error!(%error, "The queue cannot be read.");
                    return false;
                }
            };
            let Some(last) = page.last() else { return false };
            after = Some(last.key.clone());
            let fresh = page.into_iter().filter(|run| claimed.insert(run.key.run));
            ready.extend(fresh.map(|run| Ready::Stored(Box::new(run))));
            if !ready.is_empty() {
                // There may be more behind this page.
                self.spilled.store(true, Ordering::Release);
                return true;
            }
        }
    }
}

/// Hands out slots to background runs until the server stops.
pub(crate) async fn dispatch(services: Arc<Services>) {
    loop {
        let Ok(slot) = Arc::clone(&services.lanes.background).acquire_owned().await else { return };
        let ready = services.background.next(&services).await;
        let Some(run) = prepare(&services, ready).await else { continue };
        let alive = Live::enter(&services);
        tokio::spawn(async move {
            run.execute().await;
            drop((slot, alive));
        });
    }
}

async fn prepare(services: &Arc<Services>, ready: Ready) -> Option<Run> {
    match ready {
        Ready::Fresh(key, context) => {
            let checkpoint = Checkpoint::fresh(&context);
            Some(Run::resume(context, key, checkpoint))
        }
        Ready::Stored(queued) => match restore(services, &queued).await {
            Ok(run) => Some(run),
            Err(error) => {
                abandon(services, *queued, &error).await;
                None
            }
        },
    }
}

async fn restore(services: &Arc<Services>, queued: &QueuedRun) -> Result<Run, EngineError> {
    let checkpoint = Checkpoint::decode(&queued.state)?;
    let release = find_release(services, queued, &checkpoint).await?;
    let start = Start {
        tenant: queued.key.tenant.clone(),
        flow: checkpoint.flow.clone(),
        flow_id: queued.flow,
        release,
        mode: checkpoint.mode,
        request: Arc::clone(&checkpoint.request),
        body: checkpoint.body.clone(),
        payload: checkpoint.payload()?,
    };
    let mut context = RunContext::new(Arc::clone(services), queued.key.run, start, None);
    context.started_at = checkpoint.started_at;
    context.depth = checkpoint.depth;
    context.called_by = checkpoint.called_by;
    Ok(Run::resume(Arc::new(context), queued.key.clone(), checkpoint))
}

async fn find_release(
    services: &Arc<Services>,
    queued: &QueuedRun,
    checkpoint: &Checkpoint,
) -> Result<Arc<Release>, EngineError> {
    let gone = |reason: String| EngineError::DefinitionGone(reason);
    let release = services.catalog.release(&queued.key.tenant, queued.flow, checkpoint.version).await;
    let release = release.map_err(|error| gone(error.to_string()))?;
    if checkpoint.fits(&release) {
        Ok(release)
    } else {
        Err(gone(format!("the draft of {} was changed after the run began", checkpoint.flow)))
    }
}

/// Ends a run that cannot go on, so that it does not come back for ever.
async fn abandon(services: &Arc<Services>, queued: QueuedRun, error: &EngineError) {
    tracing::warn!(run = %queued.key.run, %error, "A queued run was given up.");
    let run = queued.key.run;
    let mut summary = queued.summary;
    summary.outcome = Outcome::Failed;
    summary.error = Some(error.info());
    let entry = Entry { tenant: queued.key.tenant.clone(), summary, record: None, done: Some(queued.key), sync: false };
    if let Err(error) = services.cluster.run_log.append(entry).await {
        tracing::error!(%run, %error, "A run's end could not be stored.");
    }
    services.background.release(run);
}
