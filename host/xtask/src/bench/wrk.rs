//! The load generator wrk from Debian: starts it and reads its figures.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use super::case::BODY;
use crate::shell;

/// What wrk saw.
pub(crate) struct Load {
    /// Requests answered.
    pub requests: f64,
    /// Requests a second.
    pub rate: f64,
    /// Median latency in microseconds.
    pub p50_us: f64,
    /// 99th percentile of the latency in microseconds.
    pub p99_us: f64,
}

/// Loads a URL with one thread and so many connections.
pub(crate) fn load(scratch: &Path, url: &str, connections: u32, time: Duration) -> Result<Load> {
    let script = scratch.join("post.lua");
    fs::write(&script, SCRIPT.replace("BODY", BODY))?;
    let connections = format!("-c{connections}");
    let time = format!("-d{}s", time.as_secs().max(1));
    let script = script.to_str().context("the scratch folder's path is not UTF-8")?;
    let printed = shell::output("wrk", &["-t1", &connections, &time, "-s", script, url])?;
    read(&printed)
}

/// Posts the body, and prints the figures in one line of a form of our own.
const SCRIPT: &str = r#"
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.body = [[BODY]]
function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format("figures %d %d %d %d %d\n", summary.requests, summary.duration, latency:percentile(50),
    latency:percentile(99), errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
"#;

fn read(printed: &str) -> Result<Load> {
    let line = printed.lines().find_map(|line| line.strip_prefix("figures ")).context("wrk printed no figures")?;
    let figures: Vec<f64> = line.split(' ').filter_map(|figure| figure.parse().ok()).collect();
    let &[requests, duration_us, p50_us, p99_us, errors] = figures.as_slice() else {
        bail!("wrk printed other figures than asked for: {line}");
    };
    if errors > 0.0 || requests < 1.0 {
        bail!("{errors} of {requests} requests failed; a bench with failures measures nothing:\n{printed}");
    }
    Ok(Load { requests, rate: requests / (duration_us / 1e6), p50_us, p99_us })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_read_and_failures_refused() {
        let load = read("Running 1s test\nfigures 1000 2000000 100 900 0\n").unwrap();
        assert_eq!((load.rate, load.p50_us, load.p99_us), (500.0, 100.0, 900.0));
        assert!(read("figures 1000 2000000 100 900 3").is_err());
        assert!(read("nothing").is_err());
    }
}
