//! What does not change while a run is alive: whose it is, what it executes, what started it. It holds no position.

use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use bytes::Bytes;
use weir_flow::{Data, Globals};
use weir_model::{
    DebugEvent, ErrorInfo, EventKind, FlowId, FlowName, Limits, Mode, Origin, Outcome, RequestInfo, RunId, RunSummary,
    TenantId, Timestamp, TriggerRecord,
};

use crate::control::Control;
use crate::seen::Remember;

use crate::payload::Payload;
use crate::reply::Reply;
use crate::{Release, Services};

/// What a run is started with.
#[derive(Clone)]
pub struct Start {
    /// Whose it is.
    pub tenant: TenantId,
    /// The flow's name.
    pub flow: FlowName,
    /// The flow.
    pub flow_id: FlowId,
    /// What it executes.
    pub release: Arc<Release>,
    /// Draft or published version.
    pub mode: Mode,
    /// The request's head.
    pub request: Arc<RequestInfo>,
    /// The request's body as it came.
    pub body: Bytes,
    /// What the body says.
    pub payload: Payload,
    /// What starts it, where that is no request.
    pub origin: Option<Origin>,
}

/// A run's unchanging facts.
pub struct RunContext {
    /// The run.
    pub id: RunId,
    /// Whose it is.
    pub tenant: TenantId,
    /// The flow's name.
    pub flow: FlowName,
    /// The flow.
    pub flow_id: FlowId,
    /// The published version; 0 for a draft.
    pub version: u32,
    /// Draft or published version.
    pub mode: Mode,
    /// What it executes.
    pub release: Arc<Release>,
    /// The request's head.
    pub request: Arc<RequestInfo>,
    /// The request's body.
    pub body: Bytes,
    /// The payload.
    pub payload: Payload,
    /// When it started, by the wall clock.
    pub started_at: Timestamp,
    /// When it was taken up, by the clock for durations.
    pub started: Duration,
    /// How long before that it had started; zero for a run that was never parked.
    pub(crate) before: Duration,
    /// What started it, where that is no request.
    pub origin: Option<Origin>,
    /// The run that this one tries again, and that one the one before; itself where it tries none.
    pub(crate) root: RunId,
    /// What reaches it from outside while it is alive.
    pub(crate) control: Control,
    /// What its hook is to remember of the request. It goes with the run: those who wait for it are told so.
    pub(crate) remember: Option<Remember>,
    /// The secret in its resume URL, once somebody asked for it.
    token: OnceLock<String>,
    /// How many flows called each other down to this run; 0 for one that a request started.
    pub depth: u32,
    /// The run that called this one.
    pub called_by: Option<RunId>,
    /// What the run and its steps may use: the server's, tenant's and flow's limits as they were when it started.
    pub limits: Limits,
    /// What the run may use of the server.
    pub services: Arc<Services>,
    /// Whether its caller was sent away before it was answered.
    pub(crate) caller_left: AtomicBool,
    events_sent: AtomicU32,
}

impl RunContext {
    /// A run's facts; the run itself starts when it is executed.
    pub(crate) fn new(services: Arc<Services>, id: RunId, start: Start, caller: Option<&Self>) -> Self {
        let mut limits = Limits::clone(&services.catalog.limits(&start.tenant));
        if let Some(flow) = &start.release.plan.limits {
            limits.lower(flow);
        }
        Self {
            id,
            limits,
            version: start.release.version,
            tenant: start.tenant,
            flow: start.flow,
            flow_id: start.flow_id,
            mode: start.mode,
            release: start.release,
            request: start.request,
            body: start.body,
            payload: start.payload,
            started_at: id.made_at(),
            started: services.clock.elapsed(),
            before: Duration::ZERO,
            origin: start.origin,
            root: id,
            control: Control::default(),
            remember: None,
            token: OnceLock::new(),
            depth: caller.map_or(0, |caller| caller.depth + 1),
            called_by: caller.map(|caller| caller.id),
            services,
            caller_left: AtomicBool::new(false),
            events_sent: AtomicU32::new(0),
        }
    }

    /// What templates see besides the run's own data.
    pub(crate) fn globals(self: &Arc<Self>) -> Globals {
        let (run, flow) = (Arc::clone(self), Arc::clone(self));
        let secrets = Arc::clone(self);
        Globals {
            secrets: weir_flow::facts(&[], move |name| secrets.placeholder(name).map(Data::from)),
            payload: self.payload.data().clone().into(),
            request: weir_flow::request_data(Arc::clone(&self.request), self.body.clone()),
            run: weir_flow::facts(&["id", "mode", "started_at", "resume_url"], move |name| run.fact(name)),
            flow: weir_flow::facts(&["name", "version", "tenant"], move |name| flow.flow_fact(name)),
        }
    }

    fn fact(&self, name: &str) -> Option<Data> {
        Some(match name {
            "id" => Data::from(self.id.to_string()),
            "mode" => Data::from(if self.mode == Mode::Production { "production" } else { "development" }),
            "started_at" => Data::from(self.started_at.to_string()),
            "resume_url" => Data::from(self.resume_url()),
            _ => return None,
        })
    }

    fn flow_fact(&self, name: &str) -> Option<Data> {
        Some(match name {
            "name" => Data::from(self.flow.as_str()),
            "version" => Data::from(i64::from(self.version)),
            "tenant" => Data::from(self.tenant.as_str()),
            _ => return None,
        })
    }

    /// The URL whose call ends a `wait` of the run.
    pub(crate) fn resume_url(&self) -> String {
        let base = self.services.public_url.get().map_or("", String::as_str);
        format!("{base}/resume/{}/{}/{}", self.tenant, self.id, self.token())
    }

    /// The secret in the resume URL: 128 random bits, made when it is first asked for.
    pub(crate) fn token(&self) -> &str {
        self.token.get_or_init(|| {
            let mut bytes = [0; 16];
            self.services.entropy.fill(&mut bytes);
            bytes.iter().map(|byte| format!("{byte:02x}")).collect()
        })
    }

    /// The secret, where there is one already.
    pub(crate) fn known_token(&self) -> Option<&str> {
        self.token.get().map(String::as_str)
    }

    /// Takes over the secret of the run that goes on.
    pub(crate) fn keep_token(&self, token: String) {
        let _ = self.token.set(token);
    }

    /// Time since the run started, in microseconds.
    pub(crate) fn elapsed_us(&self) -> u64 {
        micros(self.before.saturating_add(self.alive()))
    }

    /// Whether its flow takes its runs in order.
    pub(crate) fn is_ordered(&self) -> bool {
        self.release.plan.ordered && !self.release.plan.answers && self.mode == Mode::Production
    }

    /// Time since the run was taken up.
    pub(crate) fn alive(&self) -> Duration {
        self.services.clock.elapsed().saturating_sub(self.started)
    }

    /// Tells listeners, in development runs.
    pub(crate) fn emit(&self, kind: impl FnOnce() -> EventKind) {
        if self.mode != Mode::Development || self.services.cluster.events.listeners(&self.tenant, self.flow_id) == 0 {
            return;
        }
        let event = DebugEvent {
            tenant: self.tenant.clone(),
            flow: self.flow.clone(),
            run: self.id,
            mode: self.mode,
            seq: self.events_sent.fetch_add(1, Ordering::Relaxed) + 1,
            at: self.services.clock.now(),
            kind: kind(),
        };
        self.services.cluster.events.publish(&self.tenant, self.flow_id, Arc::new(event));
    }

    /// The run in its short form.
    pub(crate) fn summary(
        &self,
        outcome: Outcome,
        error: Option<ErrorInfo>,
        step_count: u32,
        answered: Option<&Reply>,
    ) -> RunSummary {
        RunSummary {
            id: self.id,
            flow: self.flow.clone(),
            flow_id: self.flow_id,
            version: self.version,
            mode: self.mode,
            outcome,
            started_at: self.started_at,
            duration_us: 0,
            step_count,
            status: answered.map(|reply| reply.status.as_u16()),
            error,
            origin: self.origin,
            waits_until: None,
        }
    }

    /// What started the run, as records keep it: credentials in headers are left out.
    pub(crate) fn trigger_record(&self) -> TriggerRecord {
        let cap = usize::try_from(self.limits.record_value_bytes).unwrap_or(usize::MAX);
        let mut request = Arc::clone(&self.request);
        // Most requests carry none, and share their head with the record.
        if request.headers.iter().any(|(name, _)| CREDENTIALS.contains(&name.as_str())) {
            for (name, value) in &mut Arc::make_mut(&mut request).headers {
                if CREDENTIALS.contains(&name.as_str()) {
                    "[redacted]".clone_into(value);
                }
            }
        }
        TriggerRecord {
            request,
            payload: super::recorder::capped(self.payload.json(), cap).0,
            called_by: self.called_by,
        }
    }
}

/// Request headers that carry credentials.
const CREDENTIALS: [&str; 6] =
    ["authorization", "cookie", "proxy-authorization", "x-api-key", "x-auth-token", "x-csrf-token"];

/// Whole microseconds; the largest number where they do not fit.
pub(crate) fn micros(span: Duration) -> u64 {
    u64::try_from(span.as_micros()).unwrap_or(u64::MAX)
}
