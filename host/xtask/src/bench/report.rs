//! Medians of the rounds, as a table for the README. It measures nothing.

use std::fs;

use anyhow::{Context as _, Result};

use super::case::{Case, Measured};

/// All rounds of all cases.
pub(crate) struct Report {
    rows: Vec<(&'static str, Vec<Measured>)>,
}

impl Report {
    /// An empty report; the first case is what the others are compared with.
    pub(crate) fn new(cases: &[Case]) -> Self {
        Self { rows: cases.iter().map(|case| (case.name, Vec::new())).collect() }
    }

    /// Adds a round's figures.
    pub(crate) fn add(&mut self, case: &Case, measured: Measured) {
        if let Some((_, rounds)) = self.rows.iter_mut().find(|(name, _)| *name == case.name) {
            rounds.push(measured);
        }
    }

    /// The table, with the machine it was made on and what the in-process bench printed.
    pub(crate) fn table(&self, step_cost: &str) -> Result<String> {
        let bare = self.rows.first().context("there are no cases")?;
        let (bare_rate, bare_cpu) = (median(&bare.1, |m| m.load.rate)?, median(&bare.1, |m| m.cpu_us)?);
        let mut table = format!("{}\n\n", machine()?);
        table += "| what | req/s | × bare | CPU per request | × bare | p50 | p99 | resident |\n";
        table += "|---|---|---|---|---|---|---|---|\n";
        for (name, rounds) in &self.rows {
            let (rate, cpu) = (median(rounds, |m| m.load.rate)?, median(rounds, |m| m.cpu_us)?);
            let (p50, p99) = (median(rounds, |m| m.load.p50_us)?, median(rounds, |m| m.load.p99_us)?);
            let resident = median(rounds, |m| m.resident_mib)?;
            table += &format!(
                "| {name} | {rate:.0} | {:.2} | {cpu:.1} µs | {:.1} | {p50:.0} µs | {p99:.0} µs | {resident:.0} MiB |\n",
                rate / bare_rate,
                cpu / bare_cpu,
            );
        }
        Ok(format!("{table}\n{}", step_cost.trim()))
    }
}

fn median(rounds: &[Measured], figure: impl Fn(&Measured) -> f64) -> Result<f64> {
    let mut figures: Vec<f64> = rounds.iter().map(figure).collect();
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().context("a case has no rounds")
}

/// The machine in a line.
fn machine() -> Result<String> {
    let cpu = fs::read_to_string("/proc/cpuinfo")?;
    let models: Vec<&str> = cpu.lines().filter_map(|line| line.strip_prefix("model name")).collect();
    let model = models.first().map_or("unknown", |line| line.trim_start_matches(['\t', ' ', ':']));
    let memory = fs::read_to_string("/proc/meminfo")?;
    let kib = memory.lines().find_map(|line| line.strip_prefix("MemTotal:")).unwrap_or_default();
    let kib: u64 = kib.trim().trim_end_matches(" kB").parse().unwrap_or(0);
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease")?;
    let (cores, gib) = (models.len(), kib >> 20);
    Ok(format!("{cores} cores ({model}), {gib} GiB, Linux {}; server and load generator share them.", kernel.trim()))
}
