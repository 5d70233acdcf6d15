//! What a step and a run may use. It holds numbers and how sets of them combine; others enforce them.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Declares the full set, the set of overrides with the same names, and the table of both.
macro_rules! limits {
    ($($(#[doc = $doc:literal])* $name:ident: $default:expr;)*) => {
        /// Limits of one run and its steps. Four levels set them: the operator's file, the tenant, the flow, the step;
        /// of each number the lowest counts.
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct Limits {
            $($(#[doc = $doc])* pub $name: u64,)*
        }

        impl Default for Limits {
            fn default() -> Self {
                Self { $($name: $default,)* }
            }
        }

        /// What one level says of the limits: only the numbers that it sets.
        #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct LimitOverrides {
            $($(#[doc = $doc])* #[serde(skip_serializing_if = "Option::is_none")] pub $name: Option<u64>,)*
        }

        impl Limits {
            /// Every limit: its name, what it means, its default.
            pub const TABLE: &'static [LimitInfo] = &[
                $(LimitInfo { name: stringify!($name), about: concat!($($doc),*), default: $default },)*
            ];

            /// Takes over what the operator sets, lower or higher.
            pub fn replace(&mut self, by: &LimitOverrides) {
                $(if let Some(limit) = by.$name { self.$name = limit; })*
            }

            /// Takes over what another level sets, where that is lower.
            pub fn lower(&mut self, by: &LimitOverrides) {
                $(if let Some(limit) = by.$name { self.$name = self.$name.min(limit); })*
            }

            /// Every limit's name and number, in the order of the table.
            pub fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> {
                [$((stringify!($name), self.$name),)*].into_iter()
            }
        }

        impl LimitOverrides {
            /// Both levels together: the lower number where both set one.
            #[must_use]
            pub fn and(&self, other: &Self) -> Self {
                Self { $($name: lower_of(self.$name, other.$name),)* }
            }

            /// Sets or clears a limit by its name; whether there is such a limit.
            pub fn set(&mut self, name: &str, limit: Option<u64>) -> bool {
                match name {
                    $(stringify!($name) => self.$name = limit,)*
                    _ => return false,
                }
                true
            }

            /// The names and numbers that are set.
            pub fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> {
                [$((stringify!($name), self.$name),)*].into_iter().filter_map(|(name, limit)| Some((name, limit?)))
            }
        }
    };
}

/// A limit as listings show it.
#[derive(Clone, Copy, Debug)]
pub struct LimitInfo {
    /// Its name, the same on every level.
    pub name: &'static str,
    /// What it bounds, with its unit.
    pub about: &'static str,
    /// Its value where no level says anything.
    pub default: u64,
}

limits! {
    /// wasmtime fuel per step; about 1e10 is one second of a core (measured, wasmtime 48).
    fuel: 10_000_000_000;
    /// Bytes of linear memories and tables together, per step.
    memory_bytes: 64 << 20;
    /// Wall time of one step in milliseconds, waiting in host calls included.
    step_millis: 10_000;
    /// Calls from the component to the host, per step.
    host_calls: 1_000_000;
    /// Bytes that pass between the component and the host in host calls, per step.
    host_bytes: 64 << 20;
    /// Handles of streams, timers and other host objects that the component holds at a time.
    handles: 256;
    /// Random bytes that the component draws, per step.
    random_bytes: 1 << 20;
    /// Bytes that one log line or field set may have; the rest is counted, not kept.
    log_line_bytes: 8 << 10;
    /// Bytes of log lines kept per step; more are counted, not kept.
    log_bytes: 64 << 10;
    /// Bytes of standard output and standard error kept per step; more are counted, not kept.
    stdout_bytes: 64 << 10;
    /// Operations on the key-value store, per step.
    kv_operations: 1_000;
    /// Bytes of one key-value entry.
    kv_value_bytes: 1 << 20;
    /// Outgoing requests, per step.
    http_calls: 50;
    /// Bytes of outgoing requests and their answers together, per step.
    http_bytes: 32 << 20;
    /// Bytes of a step's output as JSON.
    output_bytes: 10 << 20;
    /// Bytes of all variables of a run as JSON.
    variable_bytes: 10 << 20;
    /// Steps that one run may take.
    run_steps: 10_000;
    /// Wall time of one run in milliseconds.
    run_millis: 300_000;
    /// wasmtime fuel of all steps of a run together.
    run_fuel: 100_000_000_000;
    /// Bytes of host calls of all steps of a run together.
    run_host_bytes: 1 << 30;
    /// Operations on the key-value store of all steps of a run together.
    run_kv_operations: 10_000;
    /// Outgoing requests of all steps of a run together.
    run_http_calls: 500;
    /// Runs of a tenant that may be alive at a time in each lane: of callers who wait, and of the background.
    tenant_runs: 256;
    /// Runs of a tenant that may wait in the background's queue, those that wait for a time or a call included.
    tenant_queue: 1_000_000;
    /// How deep flows may call flows.
    call_depth: 8;
    /// Bytes of one value in the run record; a longer one is cut and marked.
    record_value_bytes: 256 << 10;
    /// Bytes of one run record.
    record_bytes: 1 << 20;
}

fn lower_of(a: Option<u64>, b: Option<u64>) -> Option<u64> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_each_number_the_lowest_level_counts() {
        let flow = LimitOverrides { fuel: Some(5), memory_bytes: Some(u64::MAX), ..LimitOverrides::default() };
        let step = LimitOverrides { fuel: Some(9), run_steps: Some(3), ..LimitOverrides::default() };
        let mut limits = Limits::default();
        limits.lower(&flow.and(&step));
        assert_eq!((limits.fuel, limits.run_steps), (5, 3));
        assert_eq!(limits.memory_bytes, Limits::default().memory_bytes, "a level only ever lowers");
        limits.replace(&LimitOverrides { fuel: Some(u64::MAX), ..LimitOverrides::default() });
        assert_eq!((limits.fuel, limits.run_steps), (u64::MAX, 3), "but for the operator's");
    }

    #[test]
    fn limits_go_by_the_names_of_the_table() {
        let mut level = LimitOverrides::default();
        for info in Limits::TABLE {
            assert!(level.set(info.name, Some(info.default)) && !info.about.is_empty());
        }
        assert!(!level.set("fuels", Some(1)));
        let mut limits = Limits::default();
        limits.lower(&level);
        assert_eq!(limits, Limits::default());
        assert!(level.iter().eq(limits.iter()) && limits.iter().count() == Limits::TABLE.len());
        let text = serde_json::to_string(&LimitOverrides { fuel: Some(1), ..LimitOverrides::default() }).unwrap();
        assert_eq!(text, r#"{"fuel":1}"#);
    }
}
