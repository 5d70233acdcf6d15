//! The bench of a test: a sandbox of its own over a folder that goes with it, and runs of one action in it. It judges
//! no outcome and prints nothing but its progress.

use std::sync::Arc;

use bytes::Bytes;
use tempfile::TempDir;
use weir_flow::{Data, variable_trouble};
use weir_model::{Clock as _, Code, FlowName, Json, Limits, RunId, TenantId};
use weir_sandbox::{
    Action, Admitted, Call, Compiler, Context, Failure as CallFailure, MemoryKv, NoOutbound, Options, Output, Ran,
    Sandbox, Stage,
};

use super::files::Given;
use super::refused;
use crate::failure::Failure;
use crate::output::spinner;
use crate::system::{SystemClock, SystemEntropy};

/// More than any one call takes: interpreters have dozens of core instances, and each place brings sixteen.
const INSTANCES: u32 = 8;

/// The flow and the step that the action is told of.
const FLOW: &str = "local-test";
const STEP: &str = "test";

/// Where actions are tried.
pub(super) struct Bench {
    sandbox: Arc<Sandbox>,
    clock: Arc<SystemClock>,
    entropy: Arc<SystemEntropy>,
    /// Compiled code lies in it; it is removed with the bench.
    _folder: TempDir,
}

/// An action that passed what an upload would have to pass.
pub(super) struct Ready {
    action: Arc<Action>,
    pub(super) admitted: Admitted,
    /// How long checking and compiling took, in microseconds.
    pub(super) ready_us: u64,
}

/// What came of one or more runs with the same input.
pub(super) struct Series {
    /// The first run; the first that failed where one did.
    pub(super) shown: Ran,
    pub(super) count: u32,
    pub(super) failed: u32,
    /// The least and the most fuel of a run.
    pub(super) fuel: (u64, u64),
    /// Whether every run came to the same output and exit.
    pub(super) same_output: bool,
    /// How long each run took, in microseconds, the shortest first.
    pub(super) micros: Vec<u64>,
}

impl Bench {
    /// A fresh bench.
    pub(super) fn open() -> Result<Self, Failure> {
        let folder = tempfile::Builder::new().prefix("weir-action-test-").tempdir();
        let folder = folder.map_err(|error| Failure::writing(std::env::temp_dir(), error))?;
        let (clock, entropy) = (Arc::new(SystemClock::new()), Arc::new(SystemEntropy));
        let sandbox = Sandbox::new(Options {
            cache_dir: folder.path().join("components"),
            cache_bytes: 1 << 30,
            instances: INSTANCES,
            clock: clock.clone(),
            entropy: entropy.clone(),
            // The author's own component on the author's own machine: nobody else is harmed by what compiling it costs.
            compiler: Compiler::InProcess,
            compilers: 1,
        });
        Ok(Self { sandbox: sandbox.map_err(|error| refused(&error))?, clock, entropy, _folder: folder })
    }

    /// Takes a component as an upload would.
    pub(super) async fn admit(&self, tenant: &TenantId, component: Bytes) -> Result<Ready, Failure> {
        let start = self.clock.elapsed();
        let spinner = spinner("Checking the component");
        let shown = spinner.clone();
        let progress = move |stage: Stage| {
            shown.set_message(match stage {
                Stage::Compiling => "Compiling it",
                Stage::Describing => "Asking it what it does",
                _ => "Checking the component",
            });
        };
        let admitted = self.sandbox.admit(tenant, component, progress).await;
        spinner.finish_and_clear();
        let admitted = admitted.map_err(|error| refused(&error))?;
        let action = self.sandbox.get(&admitted.hash);
        let action = action.ok_or_else(|| Failure::Other(anyhow::anyhow!("the sandbox lost the component at once")))?;
        let took = self.clock.elapsed().saturating_sub(start);
        Ok(Ready { action, admitted, ready_us: u64::try_from(took.as_micros()).unwrap_or(u64::MAX) })
    }

    /// Lets the action check its settings.
    pub(super) async fn validate(&self, ready: &Ready, given: &Given) -> Result<(), Failure> {
        // The limits given are those of a run.
        let verdict = ready.action.validate(given.config.text(), &Limits::default()).await;
        let problems = match verdict {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(problems)) => problems,
            Err(failure) => {
                let message = format!("the action's check of its settings failed: {}", failure.message);
                return Err(Failure::Action { code: failure.code, message, findings: Vec::new() });
            }
        };
        Err(super::checks::unfit(&ready.admitted.info, given, problems.into_iter().map(|text| (String::new(), text))))
    }

    /// Runs the action `count` times.
    pub(super) async fn series(
        &self,
        ready: &Ready,
        given: &Given,
        tenant: &TenantId,
        count: u32,
    ) -> Result<Series, Failure> {
        let spinner = spinner("Running it");
        let first = self.call(ready, given, tenant).await?;
        let first_output = first.result.as_ref().ok().cloned();
        let mut series = Series::of(first);
        for number in 2..=count {
            spinner.set_message(format!("Run {number} of {count}"));
            let ran = self.call(ready, given, tenant).await?;
            series.add(ran, first_output.as_ref());
        }
        spinner.finish_and_clear();
        series.micros.sort_unstable();
        Ok(series)
    }

    async fn call(&self, ready: &Ready, given: &Given, tenant: &TenantId) -> Result<Ran, Failure> {
        let flow = FlowName::new(FLOW).map_err(|error| refused(&error))?;
        let run = RunId::generate(self.clock.now(), &*self.entropy);
        let idempotency_key = format!("{run}:{STEP}");
        let variables = Arc::clone(&given.variables);
        let lookup = move |name: &str| variables.get(name).map(|value: &Json| value.text().to_owned());
        let context = Context {
            tenant,
            flow: &flow,
            flow_version: 0,
            step: STEP,
            run,
            attempt: 1,
            idempotency_key: &idempotency_key,
        };
        let call = Call {
            context,
            config: given.config.text(),
            input: given.input.text(),
            limits: &given.limits,
            variables: Arc::new(lookup),
            kv: Arc::new(MemoryKv::new(self.clock.clone())),
            outbound: Arc::new(NoOutbound),
        };
        Ok(as_a_flow_reads_it(ready.action.run(call).await))
    }
}

impl Series {
    fn of(first: Ran) -> Self {
        let fuel = first.usage.fuel;
        Self {
            failed: u32::from(first.result.is_err()),
            micros: vec![first.usage.micros],
            count: 1,
            fuel: (fuel, fuel),
            same_output: true,
            shown: first,
        }
    }

    fn add(&mut self, ran: Ran, first_output: Option<&Output>) {
        self.count += 1;
        self.failed += u32::from(ran.result.is_err());
        self.micros.push(ran.usage.micros);
        self.fuel = (self.fuel.0.min(ran.usage.fuel), self.fuel.1.max(ran.usage.fuel));
        self.same_output &= ran.result.as_ref().ok() == first_output;
        if ran.result.is_err() && self.shown.result.is_ok() {
            self.shown = ran;
        }
    }

    /// Whether every run used the same fuel.
    pub(super) const fn same_fuel(&self) -> bool {
        self.fuel.0 == self.fuel.1
    }

    /// The shortest, the median and the longest run, in microseconds.
    pub(super) fn times(&self) -> [u64; 3] {
        let at = |place: usize| self.micros.get(place).copied().unwrap_or_default();
        [at(0), at(self.micros.len() / 2), at(self.micros.len().saturating_sub(1))]
    }
}

/// What a step would still refuse: values that nest too deep, and names that cannot be variables.
fn as_a_flow_reads_it(mut ran: Ran) -> Ran {
    let Ok(output) = &ran.result else { return ran };
    let unread = |what: &str, json: &Json| {
        let error = Data::from_json(json.text().as_bytes()).err()?;
        Some(("WEIR-STEP-OUTPUT", format!("the action's {what} cannot be read: {error}")))
    };
    let of_variable = |(name, value): &(String, Option<Json>)| match variable_trouble(name) {
        Some(trouble) => Some(("WEIR-STEP-VARIABLE", trouble)),
        None => unread("variable", value.as_ref()?),
    };
    let trouble = unread("output", &output.payload).or_else(|| ran.variables.iter().find_map(of_variable));
    if let Some((code, message)) = trouble {
        let code = Code::new(code);
        ran.result = Err(CallFailure { code, message, detail: None, retry_after_ms: None, retryable: false });
    }
    ran
}

#[cfg(test)]
mod tests {
    use weir_model::Usage;

    use super::*;

    fn ran(fuel: u64, micros: u64, payload: &str) -> Ran {
        Ran {
            result: Ok(Output { payload: Json::parse(payload.to_owned()).unwrap(), branch: None }),
            usage: Usage { fuel, micros, ..Usage::default() },
            logs: Vec::new(),
            logs_dropped: 0,
            variables: Vec::new(),
            limits_reached: Vec::new(),
        }
    }

    #[test]
    fn a_series_knows_what_was_the_same_and_shows_the_first_failure() {
        let first = ran(10, 3, "1");
        let output = first.result.clone().ok();
        let mut series = Series::of(first);
        series.add(ran(10, 1, "1"), output.as_ref());
        assert!(series.same_fuel() && series.same_output && series.failed == 0);
        let failure = CallFailure {
            code: Code::new("X"),
            message: "m".into(),
            detail: None,
            retry_after_ms: None,
            retryable: false,
        };
        series.add(Ran { result: Err(failure), ..ran(12, 2, "1") }, output.as_ref());
        series.micros.sort_unstable();
        assert!(!series.same_fuel() && !series.same_output && series.shown.result.is_err());
        assert_eq!((series.count, series.failed, series.fuel, series.times()), (3, 1, (10, 12), [1, 2, 3]));
    }

    #[test]
    fn what_a_step_would_refuse_fails_here_too() {
        let deep = format!("{}{}", "[".repeat(1_000), "]".repeat(1_000));
        let code = |ran: Ran| as_a_flow_reads_it(ran).result.unwrap_err().code.to_string();
        assert_eq!(code(ran(1, 1, &deep)), "WEIR-STEP-OUTPUT");
        let mut named = ran(1, 1, "1");
        named.variables.push(("payload".into(), None));
        assert_eq!(code(named), "WEIR-STEP-VARIABLE");
        assert!(as_a_flow_reads_it(ran(1, 1, "1")).result.is_ok());
    }
}
