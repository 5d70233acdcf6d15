//! The step kinds: one file each, and the registry that lists them. A kind compiles its `with` and says what a step does
//! with the run's data; it must not touch the run's position, its record or the store.

mod action;
mod call;
mod code;
mod condition;
mod delete;
mod fail;
mod for_each;
mod http_request;
mod log;
mod parallel;
mod response;
mod set;
mod stop;
mod switch;
mod wait;

use std::sync::Arc;

use futures_util::future::BoxFuture;
use weir_flow::{Compiled, Data, Kind, Kinds, Open, Scope, StepCheck};
use weir_model::{ActionVersion, Code, Coded, ErrorInfo, Json, Limits, LogLine, StepDef, Timestamp, Usage};

use crate::reply::Reply;
use crate::run::{RunContext, WaitFor};

/// The registry: one line per kind.
fn built_in() -> Vec<Box<dyn Kind<Box<dyn Step>>>> {
    vec![
        Box::new(response::Response),
        Box::new(set::Set),
        Box::new(delete::Delete),
        Box::new(condition::Branch),
        Box::new(switch::Switch),
        Box::new(for_each::ForEach),
        Box::new(parallel::Parallel),
        Box::new(wait::Wait),
        Box::new(log::Log),
        Box::new(call::Call),
        Box::new(http_request::HttpRequest),
        Box::new(code::Script),
        Box::new(fail::Fail),
        Box::new(stop::Stop),
    ]
}

/// Every step kind this build knows, for checking and compiling flows.
pub fn kinds() -> Arc<dyn Kinds<Box<dyn Step>>> {
    Arc::new(Registry { built_in: built_in() })
}

struct Registry {
    built_in: Vec<Box<dyn Kind<Box<dyn Step>>>>,
}

impl Kinds<Box<dyn Step>> for Registry {
    fn kinds(&self) -> &[Box<dyn Kind<Box<dyn Step>>>] {
        &self.built_in
    }

    fn action(
        &self,
        step: &StepDef,
        version: &ActionVersion,
        cx: &mut StepCheck<'_>,
    ) -> Option<Compiled<Box<dyn Step>>> {
        action::compile(step, version, cx)
    }
}

/// A compiled step: executed any number of times, by many runs at once.
pub trait Step: Send + Sync {
    /// Reads what the step needs from the run's data and decides what happens.
    ///
    /// # Errors
    /// [`Failure`] where a template cannot be evaluated or a setting has a wrong value; it takes the step's `error` exit.
    fn begin(&self, cx: &StepContext<'_>) -> Result<Begin, Failure>;

    /// Whether it does something outside the run that should not be done again after a crash.
    fn has_effects(&self) -> bool {
        false
    }
}

/// WaitFor a step may look at when it begins.
pub struct StepContext<'a> {
    /// The run's data.
    pub scope: &'a Scope,
    /// The step's `input`, evaluated; none where it has none.
    pub input: Option<Data>,
    /// The step's id.
    pub step: &'a Arc<str>,
    /// Which try this is, from 1.
    pub attempt: u32,
    /// The place in the loops and branches around the step, outermost first.
    pub frame: &'a [String],
    /// WaitFor the step may use; its own `timeout` and what is left of the run's totals are in it.
    pub limits: Limits,
    /// The run.
    pub run: &'a Arc<RunContext>,
}

impl StepContext<'_> {
    /// WaitFor tells services that deduplicate that a request is another try of the same: the same for every attempt of this
    /// step at this place of its loops, and for runs that retry this one.
    pub fn idempotency_key(&self) -> String {
        let place: String = self.frame.iter().flat_map(|frame| ["/", frame]).collect();
        format!("{}:{}{place}", self.run.root, self.step)
    }
}

/// How a step goes on.
pub enum Begin {
    /// It is done.
    Finish(Box<Finish>),
    /// It opens a frame; its paths run before it leaves.
    Open(Open, Notes),
    /// It needs the host; the future owns what it needs.
    Work(BoxFuture<'static, Worked>),
    /// It waits until then, or for what may come before: by the wall clock for a moment, by the steady clock otherwise.
    Pause(WaitFor, Timestamp),
}

impl Begin {
    fn finish(finish: Finish) -> Result<Self, Failure> {
        Ok(Self::Finish(Box::new(finish)))
    }
}

/// A value as text: text as it is, nothing as nothing, anything else as JSON.
fn text_of(data: &Data) -> String {
    match data.as_str() {
        Some(text) => text.to_owned(),
        None if data.is_null() => String::new(),
        None => data.to_json().text().to_owned(),
    }
}

/// WaitFor a step noticed on the way, for its record.
#[derive(Default)]
pub struct Notes {
    /// Why the exit was taken.
    pub why: Option<Json>,
    /// Names that templates asked for and did not find.
    pub missing: Vec<String>,
    /// Lines logged.
    pub logs: Vec<LogLine>,
    /// Bytes of log lines that were counted but not kept.
    pub logs_dropped: u64,
    /// WaitFor its component used; none for built-in kinds.
    pub usage: Option<Box<Usage>>,
    /// Names of limits that its component ran into.
    pub limits_reached: Vec<String>,
}

/// How a step ended well.
pub struct Finish {
    /// The exit it takes.
    pub exit: Arc<str>,
    /// Its output.
    pub output: Data,
    /// Variables it sets, or deletes where there is no value.
    pub variables: Vec<(Arc<str>, Option<Data>)>,
    /// The answer for the caller.
    pub reply: Option<Reply>,
    /// Whether the whole run ends here.
    pub stops: bool,
    /// For the record.
    pub notes: Notes,
}

impl Finish {
    fn by(exit: Arc<str>, output: Data) -> Self {
        Self { exit, output, variables: Vec::new(), reply: None, stops: false, notes: Notes::default() }
    }

    pub(crate) fn next(output: Data) -> Self {
        Self::by(exit_next(), output)
    }

    fn noting(mut self, missing: Vec<String>) -> Self {
        self.notes.missing = missing;
        self
    }
}

/// The name `next` without an allocation per step.
fn exit_next() -> Arc<str> {
    static NEXT: std::sync::LazyLock<Arc<str>> = std::sync::LazyLock::new(|| Arc::from("next"));
    Arc::clone(&NEXT)
}

/// WaitFor came of a step that needed the host.
pub struct Worked {
    /// How it ended.
    pub result: Result<Box<Finish>, Failure>,
    /// For the record; used for failures too.
    pub notes: Notes,
}

/// Why a step failed.
#[derive(Debug)]
pub struct Failure {
    /// Stable code.
    pub code: Code,
    /// WaitFor happened and what to do next.
    pub message: String,
    /// Structured detail from a custom action.
    pub detail: Option<Json>,
    /// Whether another try may succeed.
    pub retryable: bool,
    /// How long to wait before that at least, in milliseconds.
    pub retry_after_ms: Option<u32>,
}

impl Failure {
    /// A failure that another try would not change.
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code: Code::new(code), message: message.into(), detail: None, retryable: false, retry_after_ms: None }
    }

    /// A failure that another room worded.
    pub(crate) fn from_coded(error: &(impl Coded + ?Sized)) -> Self {
        let (code, message) = (error.code(), error.to_string());
        Self { code, message, detail: None, retryable: false, retry_after_ms: None }
    }

    /// The step took longer than it may.
    pub(crate) fn timeout(limit: std::time::Duration) -> Self {
        let message =
            format!("The step took longer than {limit:?}, which is its limit; raise `timeout` or make it faster.");
        Self { retryable: true, ..Self::new("WEIR-STEP-TIMEOUT", message) }
    }

    /// A step that waits for a call waited in vain.
    pub(crate) fn not_called() -> Self {
        Self::new(
            "WEIR-WAIT-TIMEOUT",
            "Nobody called the run's resume URL in time; take the step's `error` exit for that.",
        )
    }

    /// A failure of a template.
    pub(crate) fn template(error: &weir_flow::TemplateError) -> Self {
        Self::new("WEIR-STEP-TEMPLATE", error.to_string())
    }

    /// A setting whose value is wrong only now that its template has been evaluated.
    fn setting(name: &str, problem: impl std::fmt::Display) -> Self {
        Self::new("WEIR-STEP-SETTING", format!("The setting `{name}` {problem}."))
    }

    /// The failure of a step whose component was not called.
    fn before_work(self) -> Worked {
        Worked { result: Err(self), notes: Notes::default() }
    }

    /// The failure as flows, records and callers see it.
    pub(crate) fn into_info(self, step: &str) -> ErrorInfo {
        ErrorInfo { code: self.code, message: self.message, step: Some(step.to_owned()), detail: self.detail }
    }
}
