//! Turns what went wrong in a call into a failure with a code and words for the author of the flow. It decides no retry.

use serde_json::Value;
use wasmtime::component::ResourceTableError;
use wasmtime::{PoolConcurrencyLimitError, Trap, WasmBacktrace};
use wasmtime_wasi::I32Exit;
use weir_model::{Code, Json, Limits};

use crate::Failure;
use crate::action::bytes_at_a_time;
use crate::bindings::weir::action::types::ActionError;
use crate::logs::{cut, escape};
use crate::meter::Exceeded;
use crate::stack::Stack;
use crate::words::Words;

/// Bytes of a message that an action gives.
const MAX_MESSAGE: usize = 4 << 10;

/// What is known about a call that trapped.
pub(crate) struct Scene<'a> {
    pub(crate) limits: &'a Limits,
    /// Whether memory was refused during the call.
    pub(crate) denied: bool,
    /// Whether calls of the host are used up: functions that get handles found none from then on.
    pub(crate) calls_used_up: bool,
    /// Limits that refused something and let the call go on.
    pub(crate) reached: &'a [&'static str],
    /// The last that it said on standard error.
    pub(crate) last_words: Option<&'a Words>,
}

impl Failure {
    pub(crate) fn new(code: &'static str, message: String) -> Self {
        Self { code: Code::new(code), message, detail: None, retry_after_ms: None, retryable: false }
    }

    fn retryable(mut self) -> Self {
        self.retryable = true;
        self
    }
}

/// The call used up its wall time.
pub(crate) fn timeout(limits: &Limits) -> Failure {
    let millis = limits.step_millis;
    let text = format!("the action took longer than {millis} ms; make it faster, or give the step a longer timeout");
    Failure::new("WEIR-STEP-TIMEOUT", text).retryable()
}

/// All places for instances were taken for the whole of the call's time.
pub(crate) fn busy() -> Failure {
    let text = "too many actions run at the same time on this server; try again, or give the server more instances";
    Failure::new("WEIR-STEP-CAPACITY", text.into()).retryable()
}

/// The action's own failure; `denied` says that memory was refused during the call.
pub(crate) fn reported(error: ActionError, limits: &Limits, denied: bool) -> Failure {
    match error {
        ActionError::Invalid(message) => Failure::new("WEIR-STEP-INVALID", words(&message)),
        ActionError::Retryable(retry) => Failure {
            retry_after_ms: retry.after_ms,
            ..Failure::new("WEIR-STEP-RETRYABLE", words(&retry.message)).retryable()
        },
        ActionError::Failed(detail) => {
            let value: Value = serde_json::from_str(&detail).unwrap_or_else(|_| detail.clone().into());
            let detail = Json::parse(detail).or_else(|_| Json::of(&value)).ok();
            if denied && is_starved(&value) {
                return Failure { detail, ..memory(limits, &raised_at(&value)) };
            }
            let message = value.as_str().or_else(|| value.get("message")?.as_str());
            let message = message.map_or_else(|| "the action reported a failure; see its detail".into(), words);
            Failure { detail, ..Failure::new("WEIR-STEP-FAILED", message) }
        }
    }
}

/// The action wanted more memory than it may have.
fn memory(limits: &Limits, at: &str) -> Failure {
    let most = limits.memory_bytes;
    let text = format!("the action needs more than its {most} bytes of memory{at}; use less, or raise the limit");
    Failure::new("WEIR-STEP-MEMORY", text)
}

/// Whether a failure is what an interpreter raises where it gets no memory: Python's `MemoryError`, QuickJS's error, or
/// `null` with no stack where nothing is left for that.
fn is_starved(detail: &Value) -> bool {
    let has = |key: &str, text: &str| detail.get(key).and_then(Value::as_str) == Some(text);
    has("error", "MemoryError") || has("name", "InternalError") || (has("stack", "") && has("message", "null"))
}

/// The innermost of the calls in a failure's detail, which are lines or a list.
fn raised_at(detail: &Value) -> String {
    let stack = detail.get("stack").unwrap_or(&Value::Null);
    let first = stack.as_str().and_then(|lines| lines.lines().next()).or_else(|| stack.get(0)?.as_str());
    let first = first.map(|line| line.trim().trim_start_matches("at ")).filter(|line| !line.is_empty());
    first.map(|line| format!(" in {}", words(line))).unwrap_or_default()
}

/// A trap, or an error of the host.
pub(crate) fn trapped(error: &wasmtime::Error, scene: &Scene<'_>) -> Failure {
    let trap = error.downcast_ref::<Trap>().copied();
    let stack = Stack::of(error);
    let at = place(&stack, scene);
    if trap == Some(Trap::OutOfFuel) {
        let fuel = scene.limits.fuel;
        let text = format!("the action used up its fuel of {fuel}{at}; does a loop not end? else raise the limit");
        return Failure::new("WEIR-STEP-FUEL", text);
    }
    // Compilers keep a stack of their own in memory; where that one ends, reads and writes go out of bounds.
    let overflown = trap == Some(Trap::MemoryOutOfBounds) && stack.recursive();
    if overflown || trap == Some(Trap::StackOverflow) {
        let text = format!(
            "the action's calls are nested too deep for its stack{at}; does a recursion not end? else use a loop"
        );
        return Failure::new("WEIR-STEP-STACK", text);
    }
    if error.is::<PoolConcurrencyLimitError>() {
        return busy();
    }
    if let Some(failure) = exceeded(error, scene, &at) {
        return failure;
    }
    // A guest's allocator that gets no memory aborts, which looks like any other trap.
    if scene.denied {
        return memory(scene.limits, &at);
    }
    refused(scene, &at).unwrap_or_else(|| Failure::new("WEIR-STEP-TRAP", gave_up(error, &stack, scene, &at)))
}

/// What happened where no limit ended the call: the guest's own doing.
fn gave_up(error: &wasmtime::Error, stack: &Stack, scene: &Scene<'_>, at: &str) -> String {
    if let Some(panic) = scene.last_words.and_then(Words::panic) {
        let names = stack.text();
        let names = if names.is_empty() { names } else { format!(" (in {names})") };
        return format!("the action {panic}{names}; correct the action");
    }
    if error.is::<I32Exit>() {
        return format!("the action called exit{at}, so there is no answer; return from `run` instead");
    }
    let reason = match error.downcast_ref::<Trap>() {
        Some(Trap::UnreachableCodeReached) => "the action panicked or aborted".into(),
        Some(trap) => format!("the action trapped ({})", trap.to_string().trim_start_matches("wasm trap: ")),
        None => {
            let root = escape(cut(&error.root_cause().to_string(), 300));
            format!("the action was stopped: {root}")
        }
    };
    format!("{reason}{at}; correct the action")
}

/// A limit of the host's own that ended the call.
fn exceeded(error: &wasmtime::Error, scene: &Scene<'_>, at: &str) -> Option<Failure> {
    let limits = scene.limits;
    let used_up = scene.calls_used_up.then_some(&Exceeded::HostCalls);
    if let Some(exceeded) = error.downcast_ref::<Exceeded>().or(used_up) {
        let (code, what, most, hint) = match exceeded {
            Exceeded::HostCalls => {
                ("WEIR-STEP-HOST-CALLS", "called weir more than", limits.host_calls, "does a loop not end?")
            }
            Exceeded::HostBytes => (
                "WEIR-STEP-HOST-BYTES",
                "passed more bytes to and from weir than",
                limits.host_bytes,
                "read and write less,",
            ),
            Exceeded::Random => ("WEIR-STEP-RANDOM", "drew more random bytes than", limits.random_bytes, "draw less,"),
        };
        let text = format!("the action {what} its limit of {most}{at}; {hint} or raise the limit");
        return Some(Failure::new(code, text));
    }
    let root = error.root_cause().to_string();
    // wasmtime has no types for these two; their texts are pinned by tests.
    if root.contains("fuel allocated for hostcalls") {
        // While the component calls the host it is on the stack; where its result is read it is not.
        let code = if error.is::<WasmBacktrace>() { "WEIR-STEP-HOST-BYTES" } else { "WEIR-STEP-OUTPUT" };
        let most = bytes_at_a_time(limits);
        let text =
            format!("the action handed over more data at a time than the limit of {most} bytes{at}; hand over less");
        return Some(Failure::new(code, text));
    }
    let full = matches!(error.downcast_ref::<ResourceTableError>(), Some(ResourceTableError::Full));
    if full || root.contains("store handle limit exceeded") {
        let most = limits.handles;
        let text = format!("the action holds more than its {most} handles at a time{at}; drop what is done with");
        return Some(Failure::new("WEIR-STEP-HANDLES", text));
    }
    None
}

/// A limit that refused something earlier: most likely the reason why the action gave up.
fn refused(scene: &Scene<'_>, at: &str) -> Option<Failure> {
    let limits = scene.limits;
    scene.reached.iter().find_map(|reached| {
        let (code, what, most) = match *reached {
            "kv_operations" => ("WEIR-STEP-KV-OPERATIONS", "operations on the key-value store", limits.kv_operations),
            "kv_value_bytes" => ("WEIR-STEP-KV-VALUE", "bytes of one key-value entry", limits.kv_value_bytes),
            "http_calls" => ("WEIR-STEP-HTTP-CALLS", "outgoing requests", limits.http_calls),
            "variable_bytes" => ("WEIR-STEP-VARIABLES", "bytes of variables", limits.variable_bytes),
            _ => return None,
        };
        let text =
            format!("the action gave up after it reached its limit of {most} {what}{at}; use less, or raise the limit");
        Some(Failure::new(code, text))
    })
}

/// The limit that ended the call, where one did.
pub(crate) fn limit_of(failure: &Failure) -> Option<&'static str> {
    Some(match failure.code.as_str() {
        "WEIR-STEP-FUEL" => "fuel",
        "WEIR-STEP-TIMEOUT" => "step_millis",
        "WEIR-STEP-HOST-CALLS" => "host_calls",
        "WEIR-STEP-HOST-BYTES" => "host_bytes",
        "WEIR-STEP-HANDLES" => "handles",
        "WEIR-STEP-RANDOM" => "random_bytes",
        _ => return None,
    })
}

/// Where it happened, as far as names are known, and the last that the guest said.
fn place(stack: &Stack, scene: &Scene<'_>) -> String {
    let names = stack.text();
    let text = if names.is_empty() { names } else { format!(" in {names}") };
    match scene.last_words.map(Words::text) {
        Some(words) if !words.is_empty() => format!("{text} (it said: {words})"),
        _ => text,
    }
}

fn words(text: &str) -> String {
    escape(cut(text, MAX_MESSAGE))
}
