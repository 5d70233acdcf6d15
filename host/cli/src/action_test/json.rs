//! The outcome of a test as one JSON object. Scripts rely on its names: they are added to, never changed.

use std::collections::BTreeMap;

use serde::Serialize;
use weir_model::{Code, Json, LogLine, Usage};

use super::report::Report;
use super::usage;

/// All of it.
#[derive(Serialize)]
pub(super) struct Object<'a> {
    action: Action<'a>,
    outcome: &'static str,
    exit: &'a str,
    output: Option<&'a Json>,
    error: Option<Error<'a>>,
    variables: BTreeMap<&'a str, Option<&'a Json>>,
    logs: &'a [LogLine],
    logs_dropped: u64,
    usage: &'a Usage,
    limits: Vec<Limit>,
    limits_reached: &'a [&'static str],
    runs: Runs,
    warnings: &'a [String],
}

#[derive(Serialize)]
struct Action<'a> {
    name: &'a str,
    version: &'a str,
    title: &'a str,
    sha256: &'a str,
    size: u64,
}

#[derive(Serialize)]
struct Error<'a> {
    code: &'a Code,
    message: &'a str,
    detail: Option<&'a Json>,
    retryable: bool,
    retry_after_ms: Option<u32>,
}

#[derive(Serialize)]
struct Limit {
    name: &'static str,
    used: u64,
    limit: u64,
    percent: f64,
    reached: bool,
}

#[derive(Serialize)]
struct Runs {
    count: u32,
    failed: u32,
    same_fuel: bool,
    same_output: bool,
    fuel: Range,
    micros: Times,
}

#[derive(Serialize)]
struct Range {
    min: u64,
    max: u64,
}

#[derive(Serialize)]
struct Times {
    min: u64,
    median: u64,
    max: u64,
}

impl<'a> Object<'a> {
    /// The object of a report.
    pub(super) fn of(report: &'a Report<'a>) -> Self {
        let (info, ran) = (&report.ready.admitted.info, &report.series.shown);
        let result = ran.result.as_ref();
        Self {
            action: Action {
                name: &info.name,
                version: &info.version,
                title: &info.title,
                sha256: report.ready.admitted.hash.as_str(),
                size: report.ready.admitted.size,
            },
            outcome: if ran.result.is_ok() { "completed" } else { "failed" },
            exit: report.exit(),
            output: result.ok().map(|output| &output.payload),
            error: result.err().map(|failure| Error {
                code: &failure.code,
                message: &failure.message,
                detail: failure.detail.as_ref(),
                retryable: failure.retryable,
                retry_after_ms: failure.retry_after_ms,
            }),
            variables: ran.variables.iter().map(|(name, value)| (name.as_str(), value.as_ref())).collect(),
            logs: &ran.logs,
            logs_dropped: ran.logs_dropped,
            usage: &ran.usage,
            limits: usage::rows(ran, report.limits).iter().map(Limit::of).collect(),
            limits_reached: &ran.limits_reached,
            runs: Runs::of(report),
            warnings: report.warnings,
        }
    }
}

impl Limit {
    fn of(row: &usage::Row) -> Self {
        let tenths = u32::try_from(row.share(1_000)).unwrap_or(u32::MAX);
        Self {
            name: row.name,
            used: row.used(),
            limit: row.limit(),
            percent: f64::from(tenths) / 10.0,
            reached: row.reached,
        }
    }
}

impl Runs {
    fn of(report: &Report<'_>) -> Self {
        let series = report.series;
        let [min, median, max] = series.times();
        Self {
            count: series.count,
            failed: series.failed,
            same_fuel: series.same_fuel(),
            same_output: series.same_output,
            fuel: Range { min: series.fuel.0, max: series.fuel.1 },
            micros: Times { min, median, max },
        }
    }
}
