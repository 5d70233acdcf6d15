//! What a step and a run may use. It holds numbers and how two sets combine; others enforce them.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Limits of one run and its steps; where several apply, the lower of each.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// wasmtime fuel per step; about 1e10 is one second of a core (measured, wasmtime 48).
    pub fuel: u64,
    /// Bytes of linear memories and tables together, per step.
    pub memory_bytes: u64,
    /// Wall time of one step in milliseconds, waiting in host calls included.
    pub step_millis: u64,
    /// Bytes that one log line or field set may have.
    pub log_line_bytes: u64,
    /// Bytes of log lines kept per step; more are counted, not kept.
    pub log_bytes: u64,
    /// Bytes of a step's output as JSON.
    pub output_bytes: u64,
    /// Bytes of all variables of a run as JSON.
    pub variable_bytes: u64,
    /// Steps that one run may take.
    pub run_steps: u64,
    /// Wall time of one run in milliseconds.
    pub run_millis: u64,
    /// How deep flows may call flows.
    pub call_depth: u32,
    /// Bytes of one value in the run record; a longer one is cut and marked.
    pub record_value_bytes: u64,
    /// Bytes of one run record.
    pub record_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            fuel: 10_000_000_000,
            memory_bytes: 64 << 20,
            step_millis: 10_000,
            log_line_bytes: 8 << 10,
            log_bytes: 64 << 10,
            output_bytes: 10 << 20,
            variable_bytes: 10 << 20,
            run_steps: 10_000,
            run_millis: 300_000,
            call_depth: 8,
            record_value_bytes: 256 << 10,
            record_bytes: 1 << 20,
        }
    }
}

impl Limits {
    /// The wall time of one step.
    pub const fn step_time(&self) -> Duration {
        Duration::from_millis(self.step_millis)
    }

    /// The wall time of one run.
    pub const fn run_time(&self) -> Duration {
        Duration::from_millis(self.run_millis)
    }
}
