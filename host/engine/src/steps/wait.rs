//! `wait`: lets time pass, waits for a moment, or for a call of the run's resume URL. It says what is waited for; the run
//! waits, in memory or on disk.

use std::time::Duration;

use serde_json::{Map, Value, json};
use weir_flow::{Compiled, Data, Escape, Exit, Kind, Role, StepCheck, Template};
use weir_model::{Span, StepDef, Timestamp};

use super::{Begin, Failure, Step, StepContext};
use crate::run::WaitFor;

/// The longest wait.
const LONGEST: Duration = Duration::from_secs(366 * 24 * 60 * 60);

pub(super) struct Wait;

impl Kind<Box<dyn Step>> for Wait {
    fn name(&self) -> &'static str {
        "wait"
    }

    fn summary(&self) -> &'static str {
        "Waits: `for` a length of time, `until` a moment, or for a `call` of `run.resume_url`, whose payload becomes the output."
    }

    fn schema(&self) -> Value {
        json!({
            "type": "object",
            "properties": {
                "for": { "description": "A length of time such as `500ms`, `4s`, `2d`, at most 366d; a number means seconds." },
                "until": { "type": "string", "description": "A moment in RFC 3339, such as `2026-12-24T18:00:00+01:00`." },
                "call": {
                    "type": "object",
                    "properties": {
                        "within": { "description": "How long to wait for the call; then the step fails with WEIR-WAIT-TIMEOUT." },
                    },
                    "required": ["within"],
                    "additionalProperties": false,
                },
            },
            "minProperties": 1,
            "maxProperties": 1,
            "additionalProperties": false,
        })
    }

    fn compile(&self, step: &StepDef, cx: &mut StepCheck<'_>) -> Option<Compiled<Box<dyn Step>>> {
        let with = cx.settings(step, &["for", "until", "call"])?;
        let code = compile(with, cx)?;
        Some(Compiled { code: Box::new(code), exits: vec![Exit::next()], role: Role::Plain })
    }
}

fn compile(with: &Map<String, Value>, cx: &mut StepCheck<'_>) -> Option<Waiter> {
    let waiter = match (with.get("for"), with.get("until"), with.get("call")) {
        (Some(span), None, None) => Waiter::For(template(span, "/with/for", cx)?),
        (None, Some(moment), None) => Waiter::Until(template(moment, "/with/until", cx)?),
        (None, None, Some(call)) => {
            let within = call.as_object().filter(|call| call.len() == 1).and_then(|call| call.get("within"));
            let Some(within) = within else {
                cx.error(
                    "WEIR-FLOW-WITH",
                    "/with/call",
                    "`call` needs `within` and nothing else: `call: { within: 2d }`.",
                );
                return None;
            };
            Waiter::Call(template(within, "/with/call/within", cx)?)
        }
        _ => {
            let message =
                "`wait` needs exactly one of `for: 4s`, `until: 2026-12-24T18:00:00Z` and `call: { within: 2d }`.";
            cx.error("WEIR-FLOW-WITH", "/with", message);
            return None;
        }
    };
    waiter.check(cx);
    Some(waiter)
}

fn template(value: &Value, path: &str, cx: &mut StepCheck<'_>) -> Option<Template> {
    cx.template(value, path, Escape::None)
}

enum Waiter {
    For(Template),
    Until(Template),
    Call(Template),
}

impl Waiter {
    /// Says at publish what a constant would only say when it runs.
    fn check(&self, cx: &mut StepCheck<'_>) {
        let (template, path) = match self {
            Self::For(span) => (span, "/with/for"),
            Self::Until(moment) => (moment, "/with/until"),
            Self::Call(span) => (span, "/with/call/within"),
        };
        let Some(constant) = template.constant() else { return };
        let problem = match self {
            Self::Until(_) => moment(constant).err(),
            Self::For(_) | Self::Call(_) => span(constant).err(),
        };
        if let Some(problem) = problem {
            cx.error("WEIR-FLOW-WITH", path, format!("`{}` {problem}.", path.rsplit('/').next().unwrap_or(path)));
        }
    }
}

impl Step for Waiter {
    fn begin(&self, cx: &StepContext<'_>) -> Result<Begin, Failure> {
        let services = &cx.run.services;
        let render = |template: &Template| template.render(cx.scope).map_err(|error| Failure::template(&error));
        let after = |data: &Data, name| {
            let span = span(data).map_err(|problem| Failure::setting(name, problem))?;
            // The clock shows whole milliseconds: one more, so that no wait ends before its time.
            Ok(services.steady.now().plus(span.saturating_add(Duration::from_millis(1))))
        };
        match self {
            Self::For(span) => Ok(Begin::Pause(WaitFor::After, after(&render(span)?.data, "for")?)),
            Self::Call(span) => Ok(Begin::Pause(WaitFor::Call(None), after(&render(span)?.data, "call.within")?)),
            Self::Until(at) => {
                let due = moment(&render(at)?.data).map_err(|problem| Failure::setting("until", problem))?;
                if due.since(services.clock.now()) > LONGEST {
                    return Err(Failure::setting("until", "lies more than 366d ahead, the longest wait"));
                }
                Ok(Begin::Pause(WaitFor::At, due))
            }
        }
    }
}

fn span(data: &Data) -> Result<Duration, String> {
    let given = || data.to_json().text().chars().take(40).collect::<String>();
    let span = match (data.as_str(), data.as_f64()) {
        (Some(text), _) => text.parse::<Span>().map(Span::duration).map_err(|error| format!("is wrong: {error}"))?,
        (None, Some(seconds)) if seconds >= 0.0 => {
            Duration::try_from_secs_f64(seconds).map_err(|_| format!("is {}, which is too long", given()))?
        }
        _ => return Err(format!("is {}, no length of time; write one such as 4s or 2d", given())),
    };
    if span > LONGEST { Err(format!("is {}, more than 366d, the longest wait", given())) } else { Ok(span) }
}

fn moment(data: &Data) -> Result<Timestamp, String> {
    let text = data.as_str().ok_or("is no text; write a moment such as 2026-12-24T18:00:00Z")?;
    Timestamp::parse(text).map_err(|_| {
        let given: String = text.chars().take(40).collect();
        format!("is {given:?}, no moment; write one in RFC 3339 such as 2026-12-24T18:00:00Z")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_read_as_text_or_seconds_and_end_after_a_year() {
        assert_eq!(span(&Data::from("4s")), Ok(Duration::from_secs(4)));
        assert_eq!(span(&Data::from(0.25)), Ok(Duration::from_millis(250)));
        for wrong in [Data::from("soon"), Data::from(-1.0), Data::from(1e300), Data::from("367d"), Data::null()] {
            assert!(span(&wrong).is_err(), "{}", wrong.to_json().text());
        }
        assert!(moment(&Data::from("2026-12-24T18:00:00+01:00")).is_ok());
        assert!(moment(&Data::from("tomorrow")).is_err() && moment(&Data::from(7.0)).is_err());
    }
}
