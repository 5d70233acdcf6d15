//! How a run that has not ended stands, and where a run came from, in words. It knows no clock.

use weir_model::{Origin, OriginKind, Timestamp};

/// What a waiting run waits for.
pub(super) fn waits(until: Option<Timestamp>, now: Timestamp) -> String {
    until.map_or_else(|| "for a call".into(), |until| format!("until {until}, {}", left(until, now)))
}

/// How long it is until a moment, in its one or two largest units: `3 h left`, `2 d 4 h left`.
pub(super) fn left(until: Timestamp, now: Timestamp) -> String {
    let seconds = until.since(now).as_secs();
    let (large, small) = match seconds {
        0 => return "due".into(),
        1..60 => ((seconds, "s"), (0, "")),
        60..3_600 => ((seconds / 60, "min"), (seconds % 60, "s")),
        3_600..86_400 => ((seconds / 3_600, "h"), (seconds % 3_600 / 60, "min")),
        _ => ((seconds / 86_400, "d"), (seconds % 86_400 / 3_600, "h")),
    };
    match small {
        (0, _) => format!("{} {} left", large.0, large.1),
        (n, unit) => format!("{} {} {n} {unit} left", large.0, large.1),
    }
}

/// What started a run, in a word.
pub(super) const fn origin_kind(kind: OriginKind) -> &'static str {
    match kind {
        OriginKind::Retry => "retry",
        OriginKind::Replay => "replay",
        OriginKind::Schedule => "schedule",
        OriginKind::Failure => "failure",
    }
}

/// What started a run, with the run it came from.
pub(super) fn origin(origin: Origin) -> String {
    let kind = origin_kind(origin.kind);
    origin.run.map_or_else(|| kind.into(), |run| format!("{kind} of run {run}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_left_is_told_in_its_largest_units() {
        let now = Timestamp::parse("2026-11-24T10:00:00Z").unwrap();
        let told = |text: &str| left(Timestamp::parse(text).unwrap(), now);
        assert_eq!(told("2026-11-24T13:00:00Z"), "3 h left");
        assert_eq!(told("2026-11-26T14:30:00Z"), "2 d 4 h left");
        assert_eq!(told("2026-11-24T10:01:05Z"), "1 min 5 s left");
        assert_eq!(told("2026-11-24T10:00:09Z"), "9 s left");
        assert_eq!(told("2026-11-24T09:00:00Z"), "due");
        assert_eq!(waits(None, now), "for a call");
    }

    #[test]
    fn an_origin_names_its_run() {
        let run = "0193a2b4-5c6d-7e8f-9a0b-1c2d3e4f5a6b".parse().unwrap();
        let of = |kind, run| origin(Origin { kind, run });
        assert_eq!(of(OriginKind::Retry, Some(run)), "retry of run 0193a2b4-5c6d-7e8f-9a0b-1c2d3e4f5a6b");
        assert_eq!(of(OriginKind::Schedule, None), "schedule");
    }
}
