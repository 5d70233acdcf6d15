//! The door of the room: a request becomes a run, and its caller gets an answer whatever happens. It executes no steps.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Poll;
use std::time::Duration;

use tokio::sync::oneshot;
use weir_cluster::{Cluster, QueueKey, QueuedRun, Subscription};
use weir_model::{Clock, Entropy, FlowId, Outcome, RunIds, TenantId};
use weir_sandbox::Sandbox;

use crate::answer::{self, DEFAULT_WAIT};
use crate::attached::Attached;
use crate::background::{self, Background};
use crate::lanes::{LaneOptions, Lanes};
use crate::run::{Checkpoint, Run, RunContext, Start, Told};
use crate::services::Live;
use crate::{Catalog, EngineError, History, Reply, Services, kv};

/// What the engine is made of.
pub struct Options {
    /// What exists.
    pub catalog: Arc<Catalog>,
    /// Shared state.
    pub cluster: Cluster,
    /// Components.
    pub sandbox: Arc<Sandbox>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
    /// How many runs may be alive and wait.
    pub lanes: LaneOptions,
}

/// Starts runs and answers their callers.
#[derive(Clone)]
pub struct Engine {
    services: Arc<Services>,
}

impl Engine {
    /// An engine that takes up the runs in the queue at once. Needs a tokio runtime around it.
    pub fn start(options: Options) -> Self {
        let services = Arc::new(Services {
            catalog: options.catalog,
            cluster: options.cluster,
            sandbox: options.sandbox,
            clock: options.clock,
            entropy: options.entropy,
            lanes: Lanes::new(options.lanes),
            background: Background::with_stored_runs(),
            live: Live::default(),
            run_ids: RunIds::default(),
        });
        tokio::spawn(background::dispatch(Arc::clone(&services)));
        tokio::spawn(kv::sweep_for_ever(Arc::clone(&services)));
        Self { services }
    }

    /// Runs a flow for a request and gives the answer for its caller. The run goes on if this future is dropped.
    pub async fn call(&self, start: Start) -> Reply {
        if start.release.plan.answers { self.run_for_caller(start).await } else { self.accept(start).await }
    }

    async fn run_for_caller(&self, start: Start) -> Reply {
        let services = &self.services;
        let wait = start.release.plan.webhook.wait.unwrap_or(DEFAULT_WAIT);
        let Some(slot) = services.lanes.waiting.enter(wait.duration()).await else {
            return answer::unavailable(
                "WEIR-RUN-CAPACITY",
                "The server runs as many flows as it may; try again shortly.",
            );
        };
        let context = Arc::new(RunContext::new(Arc::clone(services), services.new_run_id(), start, None));
        let (caller, mut told) = oneshot::channel();
        let run = Run::new(Arc::clone(&context), Some(caller));
        let alive = Live::enter(services);
        let mut attached = Attached::new(async move {
            run.execute().await;
            drop((slot, alive));
        });
        let answered = poll_fn(|cx| {
            let finished = attached.poll(cx);
            match std::pin::Pin::new(&mut told).poll(cx) {
                Poll::Ready(told) => Poll::Ready(told.ok()),
                Poll::Pending if finished.is_ready() => Poll::Ready(None),
                Poll::Pending => Poll::Pending,
            }
        });
        match tokio::time::timeout(wait.duration(), answered).await {
            Ok(told) => answer::of(&told.unwrap_or(Told::Unavailable), &context),
            Err(_) => self.send_away(&context),
        }
    }

    /// The caller waited as long as the flow lets it; the run can be looked up as running from now on.
    fn send_away(&self, context: &Arc<RunContext>) -> Reply {
        context.caller_left.store(true, Ordering::Relaxed);
        self.services.live.show(context);
        answer::no_answer_in_time(context.id, context.release.plan.webhook.wait)
    }

    /// Puts a request whose caller does not wait for the run on disk, and only then says so.
    async fn accept(&self, start: Start) -> Reply {
        let services = &self.services;
        if services.background.waiting() >= services.lanes.background_queue {
            return answer::unavailable(
                "WEIR-QUEUE-FULL",
                "Too many runs wait already; nothing was accepted. Try again shortly.",
            );
        }
        let context = Arc::new(RunContext::new(Arc::clone(services), services.new_run_id(), start, None));
        match enqueue(services, &context).await {
            Ok(()) => answer::accepted(&context),
            Err(error) => {
                tracing::error!(run = %context.id, %error, "A request could not be stored.");
                answer::of(&Told::Unavailable, &context)
            }
        }
    }

    /// Records and lists of runs.
    pub fn history(&self) -> History {
        History::new(Arc::clone(&self.services))
    }

    /// Live events of a flow's development runs, until the subscription is dropped.
    pub fn subscribe(&self, tenant: &TenantId, flow: FlowId) -> Subscription {
        self.services.cluster.events.subscribe(tenant, flow)
    }

    /// How many listen to a flow's development runs.
    pub fn listeners(&self, tenant: &TenantId, flow: FlowId) -> usize {
        self.services.cluster.events.listeners(tenant, flow)
    }

    /// What exists.
    pub fn catalog(&self) -> &Arc<Catalog> {
        &self.services.catalog
    }

    /// Time.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.services.clock
    }

    /// False once the store failed; nothing is acknowledged from then on.
    pub fn is_healthy(&self) -> bool {
        self.services.cluster.is_healthy()
    }

    /// Starts no more background runs and waits for those that are alive, up to `patience`. What is left on disk goes on
    /// at the next start. How many were still alive.
    pub async fn drain(&self, patience: Duration) -> usize {
        self.services.lanes.background.close();
        let _ = tokio::time::timeout(patience, self.services.live.wait_for_none()).await;
        let _ = self.services.cluster.run_log.settle().await;
        self.services.live.count()
    }
}

/// Writes a run that has not begun to the queue, synced, and lets it begin when it is its turn.
pub(crate) async fn enqueue(services: &Arc<Services>, context: &Arc<RunContext>) -> Result<(), EngineError> {
    let key = QueueKey { due: context.started_at, tenant: context.tenant.clone(), run: context.id };
    let queued = QueuedRun {
        key: key.clone(),
        replaces: None,
        flow: context.flow_id,
        summary: context.summary(Outcome::Running, None, 0, None),
        state: Checkpoint::fresh(context).encode()?,
    };
    services.background.claim(context.id);
    if let Err(error) = services.cluster.queue.push(queued).await {
        services.background.release(context.id);
        return Err(error.into());
    }
    services.background.offer(key, Arc::clone(context));
    Ok(())
}
