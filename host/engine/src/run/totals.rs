//! What all steps of a run may use together: it lowers a step's limits to what is left, charges what the step used, and
//! says so where the run's total was what stopped it. It counts; the sandbox stops.
//!
//! What is left is looked at when a step begins, so steps that run at the same time may each use it up.

use weir_model::{Code, Limits, Usage};

use super::Run;
use super::step::Executing;
use crate::steps::Worked;

/// A limit of a step that has a total for the whole run.
struct Total {
    /// The step's limit.
    of_step: &'static str,
    /// The run's.
    of_run: &'static str,
    /// The code of a step that was stopped by its own limit.
    step_code: &'static str,
    /// The code of one that was stopped by the run's.
    run_code: &'static str,
    /// What is counted, for messages.
    what: &'static str,
    most: fn(&Limits) -> u64,
    step: fn(&mut Limits) -> &mut u64,
    used: fn(&mut Usage) -> &mut u64,
}

const TOTALS: [Total; 4] = [
    Total {
        of_step: "fuel",
        of_run: "run_fuel",
        step_code: "WEIR-STEP-FUEL",
        run_code: "WEIR-RUN-FUEL",
        what: "units of fuel",
        most: |limits| limits.run_fuel,
        step: |limits| &mut limits.fuel,
        used: |usage| &mut usage.fuel,
    },
    Total {
        of_step: "host_bytes",
        of_run: "run_host_bytes",
        step_code: "WEIR-STEP-HOST-BYTES",
        run_code: "WEIR-RUN-HOST-BYTES",
        what: "bytes of host calls",
        most: |limits| limits.run_host_bytes,
        step: |limits| &mut limits.host_bytes,
        used: |usage| &mut usage.host_bytes,
    },
    Total {
        of_step: "kv_operations",
        of_run: "run_kv_operations",
        step_code: "WEIR-STEP-KV-OPERATIONS",
        run_code: "WEIR-RUN-KV-OPERATIONS",
        what: "key-value operations",
        most: |limits| limits.run_kv_operations,
        step: |limits| &mut limits.kv_operations,
        used: |usage| &mut usage.kv_operations,
    },
    Total {
        of_step: "http_calls",
        of_run: "run_http_calls",
        step_code: "WEIR-STEP-HTTP-CALLS",
        run_code: "WEIR-RUN-HTTP-CALLS",
        what: "outgoing requests",
        most: |limits| limits.run_http_calls,
        step: |limits| &mut limits.http_calls,
        used: |usage| &mut usage.http_calls,
    },
];

/// Which limits of a step are what was left of the run's totals, in the order of the table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Bound([bool; TOTALS.len()]);

/// Lowers a step's limits to what is left of the totals of the run's.
fn bound(run: &Limits, used: &mut Usage, step: &mut Limits) -> Bound {
    let mut bound = Bound::default();
    for (total, bound) in TOTALS.iter().zip(&mut bound.0) {
        let left = (total.most)(run).saturating_sub(*(total.used)(used));
        let limit = (total.step)(step);
        if left < *limit {
            *limit = left;
            *bound = true;
        }
    }
    bound
}

/// Adds what a step used.
fn add(used: &mut Usage, by: &Usage) {
    let mut by = *by;
    for total in &TOTALS {
        let sum = (total.used)(used);
        *sum = sum.saturating_add(*(total.used)(&mut by));
    }
}

/// Says of a step that ran into what was left of a total that it did so.
fn explain(run: &Limits, bound: Bound, worked: &mut Worked) {
    let bound = TOTALS.iter().zip(bound.0).filter(|(_, bound)| *bound).map(|(total, _)| total);
    for total in bound {
        let notes = match &mut worked.result {
            Ok(finish) => &mut finish.notes,
            Err(_) => &mut worked.notes,
        };
        for name in notes.limits_reached.iter_mut().filter(|name| **name == total.of_step) {
            total.of_run.clone_into(name);
        }
        if let Err(failure) = &mut worked.result
            && failure.code.as_str() == total.step_code
        {
            let (most, what, name) = ((total.most)(run), total.what, total.of_run);
            failure.code = Code::new(total.run_code);
            failure.message = format!(
                "The run's steps together used up the {most} {what} that one run may have (limit `{name}`); do less in \
                 one run, or raise the limit."
            );
            failure.retryable = false;
        }
    }
}

impl Run {
    /// Lowers a step's limits to what is left of the run's totals.
    pub(super) fn bound_by_totals(&self, limits: &mut Limits) -> Bound {
        let mut used = self.used;
        bound(&self.context.limits, &mut used, limits)
    }

    /// Charges what a step used to its run.
    pub(super) fn charge(&mut self, executing: &Executing, worked: &mut Worked) {
        let notes = match &worked.result {
            Ok(finish) => &finish.notes,
            Err(_) => &worked.notes,
        };
        if let Some(usage) = &notes.usage {
            add(&mut self.used, usage);
            explain(&self.context.limits, executing.bound, worked);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::steps::{Failure, Notes};

    fn failed(code: &'static str, reached: &str) -> Worked {
        let notes = Notes { limits_reached: vec![reached.to_owned()], ..Notes::default() };
        Worked { result: Err(Failure::new(code, "stopped")), notes }
    }

    #[test]
    fn a_step_gets_what_is_left_and_is_told_whose_limit_stopped_it() {
        let run = Limits { run_fuel: 100, fuel: 70, run_kv_operations: 5, ..Limits::default() };
        let mut used = Usage::default();
        let mut step = run.clone();
        let first = bound(&run, &mut used, &mut step);
        assert_eq!((step.fuel, step.kv_operations), (70, 5), "the lower one counts");
        add(&mut used, &Usage { fuel: 70, memory_bytes: 9, kv_operations: 9, ..Usage::default() });
        let mut step = run.clone();
        let second = bound(&run, &mut used, &mut step);
        assert_eq!((step.fuel, step.kv_operations, step.http_calls), (30, 0, run.http_calls));

        for (bound, code, reached) in [(first, "WEIR-STEP-FUEL", "fuel"), (second, "WEIR-RUN-FUEL", "run_fuel")] {
            let mut worked = failed("WEIR-STEP-FUEL", "fuel");
            explain(&run, bound, &mut worked);
            assert_eq!(worked.notes.limits_reached, [reached]);
            let failure = worked.result.err().unwrap();
            assert_eq!(failure.code.as_str(), code);
            assert_eq!(failure.message.contains("`run_fuel`") && failure.message.contains("100"), bound == second);
        }
        let mut other = failed("WEIR-STEP-FAILED", "kv_operations");
        explain(&run, second, &mut other);
        assert_eq!(other.notes.limits_reached, ["run_kv_operations"]);
        assert_eq!(other.result.err().unwrap().code.as_str(), "WEIR-STEP-FAILED", "its own failure stays");
    }

    #[test]
    fn the_table_names_limits() {
        for total in &TOTALS {
            let known = |name: &str| Limits::TABLE.iter().any(|limit| limit.name == name);
            assert!(known(total.of_step) && known(total.of_run) && total.of_run.ends_with(total.of_step));
        }
    }
}
