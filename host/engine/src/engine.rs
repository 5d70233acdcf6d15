//! The door of the room: a request becomes a run, and its caller gets an answer whatever happens. It executes no steps.

use std::future::poll_fn;
use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock};
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::oneshot;
use weir_cluster::{Cluster, QueueKey, QueuedRun, Remembered, Subscription, When};
use weir_egress::Egress;
use weir_model::{Clock, Entropy, FlowId, Outcome, RunId, RunIds, TenantId};
use weir_sandbox::Sandbox;

use crate::answer::{self, DEFAULT_WAIT};
use crate::attached::Attached;
use crate::background::{self, Background};
use crate::lanes::{LaneOptions, Lanes};
use crate::run::{Checkpoint, Run, RunContext, Start, Told};
use crate::seen::{Called, Remember};
use crate::services::Live;
use crate::steady::Steady;
use crate::{Catalog, EngineError, History, Reply, Services, kv, schedules, seen, timers, upkeep};

/// What the engine is made of.
pub struct Options {
    /// What exists.
    pub catalog: Arc<Catalog>,
    /// Shared state.
    pub cluster: Cluster,
    /// Components.
    pub sandbox: Arc<Sandbox>,
    /// The way out.
    pub egress: Arc<Egress>,
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
        let steady = Steady::new(Arc::clone(&options.clock));
        let background = Background::open(Arc::clone(&options.cluster.queue), options.lanes.background_queue);
        let services = Arc::new(Services {
            catalog: options.catalog,
            cluster: options.cluster,
            sandbox: options.sandbox,
            egress: options.egress,
            clock: options.clock,
            entropy: options.entropy,
            lanes: Lanes::new(options.lanes),
            background,
            live: Live::default(),
            run_ids: RunIds::default(),
            steady,
            public_url: OnceLock::new(),
            seen: Arc::default(),
        });
        tokio::spawn(background::dispatch(Arc::clone(&services)));
        tokio::spawn(timers::watch_timers(Arc::clone(&services)));
        tokio::spawn(schedules::run_schedules(Arc::clone(&services)));
        tokio::spawn(seen::sweep_for_ever(Arc::clone(&services)));
        tokio::spawn(upkeep::retain_for_ever(Arc::clone(&services)));
        tokio::spawn(kv::sweep_for_ever(Arc::clone(&services)));
        Self { services }
    }

    /// Runs a flow for a request and gives the answer for its caller. The run goes on if this future is dropped.
    pub async fn call(&self, start: Start) -> Reply {
        let id = self.services.new_run_id();
        if !start.release.plan.answers {
            return self.accept(start, id, None).await;
        }
        self.call_with(start, id, None).await.into_reply()
    }

    /// Runs a flow whose caller waits for its answer.
    pub(crate) async fn call_with(&self, start: Start, id: RunId, remember: Option<Remember>) -> Called {
        let services = &self.services;
        let wait = start.release.plan.webhook.wait.unwrap_or(DEFAULT_WAIT);
        let most = usize::try_from(services.catalog.limits(&start.tenant).tenant_runs).unwrap_or(usize::MAX);
        let Some(slot) = services.lanes.waiting.enter(&start.tenant, most, wait.duration()).await else {
            return Called::Refused(answer::unavailable(
                "WEIR-RUN-CAPACITY",
                "The server runs as many flows as it may; try again shortly.",
            ));
        };
        let mut context = RunContext::new(Arc::clone(services), id, start, None);
        context.remember = remember;
        let context = Arc::new(context);
        let (caller, mut told) = oneshot::channel();
        let run = Run::new(Arc::clone(&context), Some(caller));
        let alive = Live::enter(services);
        let mut attached = Attached::new(async move {
            let _ = run.execute().await;
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
            Ok(None | Some(Told::Unavailable)) => Called::Refused(answer::of(&Told::Unavailable, &context)),
            Ok(Some(told)) => Called::Answered(answer::of(&told, &context)),
            Err(_) => Called::SentAway(self.send_away(&context)),
        }
    }

    /// The caller waited as long as the flow lets it; the run can be looked up as running from now on.
    fn send_away(&self, context: &Arc<RunContext>) -> Reply {
        context.caller_left.store(true, Ordering::Relaxed);
        self.services.live.show(context);
        self.services.live.register(context);
        context.control.wake();
        answer::no_answer_in_time(context.id, context.release.plan.webhook.wait)
    }

    /// Puts a request whose caller does not wait for the run on disk, with what its hook is to remember of it, and only
    /// then says so.
    pub(crate) async fn accept(&self, start: Start, id: RunId, remember: Option<Remembered>) -> Reply {
        let services = &self.services;
        let context = Arc::new(RunContext::new(Arc::clone(services), id, start, None));
        match enqueue(services, &context, remember).await {
            Ok(()) => answer::accepted(&context),
            Err(EngineError::QueueFull) => answer::unavailable(
                "WEIR-QUEUE-FULL",
                "Too many runs wait already; nothing was accepted. Try again shortly.",
            ),
            Err(error) => {
                tracing::error!(run = %context.id, %error, "A request could not be stored.");
                answer::of(&Told::Unavailable, &context)
            }
        }
    }

    /// What runs may use of the server.
    pub(crate) const fn services(&self) -> &Arc<Services> {
        &self.services
    }

    /// Says where callers reach the hooks, such as `https://hooks.example`, for the resume URLs of runs. The first call
    /// counts.
    pub fn set_public_url(&self, url: &str) {
        let _ = self.services.public_url.set(url.trim_end_matches('/').to_owned());
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
        self.services.lanes.close();
        let _ = tokio::time::timeout(patience, self.services.live.wait_for_none()).await;
        let _ = self.services.cluster.run_log.settle().await;
        self.services.live.count()
    }
}

/// Writes a run that has not begun to the queue, synced, and lets it begin when it is its turn.
pub(crate) async fn enqueue(
    services: &Arc<Services>,
    context: &Arc<RunContext>,
    remember: Option<Remembered>,
) -> Result<(), EngineError> {
    let state = Checkpoint::fresh(context).encode()?;
    push(services, context, state, remember, Some(Arc::clone(context))).await
}

/// Starts a run that no request's caller waits for. `id`: none for a new one.
pub(crate) async fn start_background(
    services: &Arc<Services>,
    id: Option<RunId>,
    start: Start,
    remember: Option<Remembered>,
) -> Result<RunId, EngineError> {
    let id = id.unwrap_or_else(|| services.new_run_id());
    let context = Arc::new(RunContext::new(Arc::clone(services), id, start, None));
    enqueue(services, &context, remember).await.map(|()| id)
}

/// Starts a run that goes on from where another one stood.
pub(crate) async fn start_from(
    services: &Arc<Services>,
    start: Start,
    mut checkpoint: Checkpoint,
) -> Result<RunId, EngineError> {
    let id = services.new_run_id();
    let mut context = RunContext::new(Arc::clone(services), id, start, None);
    context.depth = checkpoint.depth;
    context.root = checkpoint.root.unwrap_or(id);
    checkpoint.started_at = context.started_at;
    checkpoint.origin = context.origin;
    push(services, &Arc::new(context), checkpoint.encode()?, None, None).await.map(|()| id)
}

async fn push(
    services: &Arc<Services>,
    context: &Arc<RunContext>,
    state: Bytes,
    remember: Option<Remembered>,
    fresh: Option<Arc<RunContext>>,
) -> Result<(), EngineError> {
    let background = &services.background;
    if !background.admit(&context.tenant, context.limits.tenant_queue) {
        return Err(EngineError::QueueFull);
    }
    let ordered = context.is_ordered();
    let when = if ordered { When::Held } else { When::Ready };
    let key = QueueKey { when, due: context.started_at, tenant: context.tenant.clone(), run: context.id };
    let queued = QueuedRun {
        key: key.clone(),
        replaces: None,
        flow: context.flow_id,
        ordered,
        remember,
        summary: context.summary(Outcome::Running, None, 0, None),
        state,
    };
    if !background.claim(context.id) {
        // A run with this id is under way already: what starts it was started before.
        background.uncount(&context.tenant);
        return Ok(());
    }
    // In a task of its own: a caller who hangs up in between must not leave a run that is written and has no turn.
    let (services, flow) = (Arc::clone(services), context.flow_id);
    let task = tokio::spawn(async move {
        if let Err(error) = services.cluster.queue.push(queued).await {
            services.background.release(key.run);
            services.background.uncount(&key.tenant);
            return Err(error.into());
        }
        services.background.offer(key, flow, fresh);
        Ok(())
    });
    task.await.unwrap_or_else(|error| Err(EngineError::Store(error.to_string())))
}
