//! The pauses between tries, as a definition writes them. It reads the text; the engine pauses.

use std::time::Duration;

use weir_model::{Retry, Span};

use crate::plan::RetryPlan;

const FIRST: Duration = Duration::from_secs(1);
const MOST: Duration = Duration::from_secs(30);
const LONGEST: Span = Span::from_millis(60 * 60 * 1_000);

/// The first and the longest pause of `1s` or `1s..30s`; `1s..30s` where nothing is said.
pub(super) fn backoff(text: Option<&str>) -> Result<(Duration, Duration), String> {
    let Some(text) = text else { return Ok((FIRST, MOST)) };
    let (first, most) = text.split_once("..").unwrap_or((text, text));
    let read = |text: &str| text.parse::<Span>().map_err(|error| error.to_string());
    let (first, most) = (read(first)?, read(most)?);
    if most < first {
        return Err(format!("the pause grows from {first} up to {most}, which is less: write the shorter time first"));
    }
    if most > LONGEST {
        return Err(format!("a pause of {most} is too long: write at most {LONGEST}, or use a `wait` step"));
    }
    Ok((first.duration(), most.duration()))
}

/// How a step is tried again; none where it is tried once.
pub(super) fn retry_plan(retry: &Retry) -> Option<RetryPlan> {
    let (first, most) = backoff(retry.backoff.as_deref()).ok()?;
    (retry.attempts > 1).then_some(RetryPlan { attempts: retry.attempts, first, most })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_read_as_one_time_or_two() {
        let seconds = |first, most| Ok((Duration::from_secs(first), Duration::from_secs(most)));
        assert_eq!(backoff(None), seconds(1, 30));
        assert_eq!(backoff(Some("2s")), seconds(2, 2));
        assert_eq!(backoff(Some("1s..1m")), seconds(1, 60));
        for wrong in ["", "..", "1m..1s", "1s..2h", "1s...3s", "soon"] {
            assert!(backoff(Some(wrong)).is_err(), "{wrong}");
        }
    }
}
