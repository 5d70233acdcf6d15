//! How much of each limit a run used: the numbers, and the table of them. It enforces nothing.

use weir_model::{Limits, Usage};
use weir_sandbox::Ran;

use crate::failure::Failure;
use crate::output::{Cell, Out, Table, Tone, bytes, duration, grouped};

/// Characters of a full bar.
const BAR: u64 = 10;

/// From this share on, in thousandths, a limit is near.
const NEAR: u64 = 800;

/// What a number counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Count,
    Bytes,
    Millis,
}

/// One limit of a step.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    /// Its name, as `--limits` takes it.
    pub(super) name: &'static str,
    /// What was used; microseconds where the unit is a time.
    used: u64,
    limit: u64,
    unit: Unit,
    /// Whether the run came up against it.
    pub(super) reached: bool,
}

/// Every limit of a step that a run can use up by and by.
pub(super) fn rows(ran: &Ran, limits: &Limits) -> Vec<Row> {
    let Usage { fuel, memory_bytes, micros, host_calls, host_bytes, random_bytes, .. } = ran.usage;
    let Usage { log_bytes, stdout_bytes, kv_operations, http_calls, http_bytes, output_bytes, .. } = ran.usage;
    let values = ran.variables.iter().filter_map(|(_, value)| value.as_ref());
    let variable_bytes = values.map(|value| u64::try_from(value.text().len()).unwrap_or(u64::MAX)).sum();
    let reached = |name| ran.limits_reached.contains(&name);
    let row = |name, used, limit, unit| Row { name, used, limit, unit, reached: reached(name) };
    vec![
        row("fuel", fuel, limits.fuel, Unit::Count),
        row("memory_bytes", memory_bytes, limits.memory_bytes, Unit::Bytes),
        row("step_millis", micros, limits.step_millis, Unit::Millis),
        row("host_calls", host_calls, limits.host_calls, Unit::Count),
        row("host_bytes", host_bytes, limits.host_bytes, Unit::Bytes),
        row("random_bytes", random_bytes, limits.random_bytes, Unit::Bytes),
        row("log_bytes", log_bytes, limits.log_bytes, Unit::Bytes),
        row("stdout_bytes", stdout_bytes, limits.stdout_bytes, Unit::Bytes),
        row("kv_operations", kv_operations, limits.kv_operations, Unit::Count),
        row("http_calls", http_calls, limits.http_calls, Unit::Count),
        row("http_bytes", http_bytes, limits.http_bytes, Unit::Bytes),
        row("output_bytes", output_bytes, limits.output_bytes, Unit::Bytes),
        row("variable_bytes", variable_bytes, limits.variable_bytes, Unit::Bytes),
    ]
}

impl Row {
    /// What was used, in the unit of the limit.
    pub(super) const fn used(&self) -> u64 {
        match self.unit {
            Unit::Millis => self.used.div_ceil(1_000),
            Unit::Count | Unit::Bytes => self.used,
        }
    }

    /// The limit.
    pub(super) const fn limit(&self) -> u64 {
        self.limit
    }

    /// `parts` times the share that was used, rounded up, so that something used is never nothing.
    pub(super) fn share(&self, parts: u64) -> u64 {
        let limit = match self.unit {
            Unit::Millis => u128::from(self.limit) * 1_000,
            Unit::Count | Unit::Bytes => u128::from(self.limit),
        };
        let share = (u128::from(self.used) * u128::from(parts)).div_ceil(limit.max(1));
        u64::try_from(share).unwrap_or(u64::MAX)
    }

    fn text(&self, n: u64) -> String {
        match self.unit {
            Unit::Count => grouped(n),
            Unit::Bytes => bytes(n),
            Unit::Millis => duration(n),
        }
    }

    fn cells(&self, bars: bool) -> Vec<Cell> {
        let tone = match self.share(1_000) {
            _ if self.reached => Tone::Bad,
            0 => Tone::Quiet,
            NEAR.. => Tone::Warn,
            _ => Tone::Plain,
        };
        let limit = if self.unit == Unit::Millis { self.limit.saturating_mul(1_000) } else { self.limit };
        let mut share = percent(self.share(1_000));
        if self.reached {
            share.push_str(" reached");
        }
        let mut cells: Vec<Cell> = [self.name.into(), self.text(self.used), self.text(limit), share]
            .into_iter()
            .map(|text: String| Cell::new(text, tone))
            .collect();
        if bars {
            cells.push(Cell::new(bar(self.share(BAR * 8)), if tone == Tone::Plain { Tone::Good } else { tone }));
        }
        cells
    }
}

/// Prints the rows, with bars on a terminal.
pub(super) fn print(rows: &[Row], out: &Out) -> Result<(), Failure> {
    let bars = out.terminal();
    let mut heads = vec!["LIMIT", "USED", "OF", "SHARE"];
    if bars {
        heads.push("");
    }
    let mut table = Table::new(heads);
    rows.iter().for_each(|row| table.row(row.cells(bars)));
    table.print(out, "")
}

/// Thousandths as a percentage.
fn percent(thousandths: u64) -> String {
    match thousandths {
        0 => "0 %".into(),
        1 => "≤ 0.1 %".into(),
        n if n < 100 => format!("{}.{} %", n / 10, n % 10),
        n => format!("{} %", n / 10),
    }
}

/// A bar of so many eighths of a character (U+2588 to U+258F).
fn bar(eighths: u64) -> String {
    let eighths = eighths.min(BAR * 8);
    let mut bar: String = (0..eighths / 8).map(|_| '█').collect();
    let last = match eighths % 8 {
        0 => "",
        1 => "▏",
        2 => "▎",
        3 => "▍",
        4 => "▌",
        5 => "▋",
        6 => "▊",
        _ => "▉",
    };
    bar.push_str(last);
    bar
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_rounded_up_and_bars_end_at_full() {
        let row = |used, limit, unit| Row { name: "fuel", used, limit, unit, reached: false };
        assert_eq!(row(1, 10_000_000_000, Unit::Count).share(1_000), 1);
        assert_eq!(row(2_500, 10, Unit::Millis).share(1_000), 250);
        assert_eq!(row(2_500, 10, Unit::Millis).used(), 3);
        assert_eq!(row(u64::MAX, u64::MAX, Unit::Count).share(1_000), 1_000);
        assert_eq!(row(0, 0, Unit::Count).share(1_000), 0);
        assert_eq!([percent(0), percent(1), percent(25), percent(1_000)], ["0 %", "≤ 0.1 %", "2.5 %", "100 %"]);
        assert_eq!([bar(0), bar(1), bar(12), bar(999)], ["", "▏", "█▌", "██████████"]);
    }

    #[test]
    fn every_row_is_a_limit_that_can_be_set() {
        let ran = Ran {
            result: Ok(weir_sandbox::Output { payload: weir_model::Json::null(), branch: None }),
            usage: Usage { fuel: 5, ..Usage::default() },
            logs: Vec::new(),
            logs_dropped: 0,
            variables: Vec::new(),
            limits_reached: vec!["log_bytes"],
        };
        let limits = Limits::default();
        for row in rows(&ran, &limits) {
            let known = Limits::TABLE.iter().find(|known| known.name == row.name).unwrap();
            assert_eq!((row.limit(), row.reached), (known.default, row.name == "log_bytes"), "{}", row.name);
        }
    }
}
