//! What a step's component used, in one line. It leaves out what was not used at all.

use weir_model::Usage;

use crate::output::{bytes, grouped};

/// `fuel 1,234,567, memory 1.1 MiB, host 12 calls and 3.4 KiB`; empty where nothing was used.
pub(crate) fn usage_line(usage: &Usage) -> String {
    let Usage { fuel, memory_bytes, host_calls, host_bytes, random_bytes, .. } = *usage;
    let Usage { log_bytes, stdout_bytes, kv_operations, http_calls, http_bytes, output_bytes, .. } = *usage;
    let parts = [
        ("fuel", some(fuel, grouped(fuel))),
        ("memory", some(memory_bytes, bytes(memory_bytes))),
        ("host", calls(host_calls, "call", host_bytes)),
        ("kv", calls(kv_operations, "operation", 0)),
        ("http", calls(http_calls, "call", http_bytes)),
        ("random", some(random_bytes, bytes(random_bytes))),
        ("log", some(log_bytes, bytes(log_bytes))),
        ("printed", some(stdout_bytes, bytes(stdout_bytes))),
        ("output", some(output_bytes, bytes(output_bytes))),
    ];
    let used = parts.into_iter().filter_map(|(what, much)| Some(format!("{what} {}", much?)));
    used.collect::<Vec<_>>().join(", ")
}

fn some(n: u64, text: String) -> Option<String> {
    (n > 0).then_some(text)
}

/// So many calls, and the bytes that went with them.
fn calls(n: u64, what: &str, size: u64) -> Option<String> {
    let many = if n == 1 { "" } else { "s" };
    match (n, size) {
        (0, 0) => None,
        (0, size) => Some(bytes(size)),
        (n, 0) => Some(format!("{} {what}{many}", grouped(n))),
        (n, size) => Some(format!("{} {what}{many} and {}", grouped(n), bytes(size))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_used_is_told() {
        assert_eq!(usage_line(&Usage::default()), "");
        let usage = Usage {
            fuel: 12_345,
            memory_bytes: 1 << 20,
            host_calls: 2,
            host_bytes: 3_072,
            kv_operations: 1,
            output_bytes: 7,
            micros: 9,
            ..Usage::default()
        };
        let told = "fuel 12,345, memory 1.0 MiB, host 2 calls and 3.0 KiB, kv 1 operation, output 7 B";
        assert_eq!(usage_line(&usage), told);
    }
}
