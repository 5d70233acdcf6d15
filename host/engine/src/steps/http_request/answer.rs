//! What a step makes of an answer: its output, or a failure that says what came. It sends nothing.

use http::{HeaderMap, StatusCode, header};
use indexmap::IndexMap;
use serde_json::Value;
use weir_egress::Answer;
use weir_flow::{Data, StepCheck};
use weir_model::Json;

use super::base64_of;
use crate::steps::Failure;

/// Bytes of a failed answer's body that go into the failure.
const FAILURE_BYTES: usize = 4 << 10;

/// Statuses that are no failure.
#[derive(Clone, Debug)]
pub(super) struct Statuses(Box<[(u16, u16)]>);

impl Statuses {
    pub(super) fn compile(ok: Option<&Value>, cx: &mut StepCheck<'_>) -> Option<Self> {
        let items: Vec<&Value> = match ok {
            None => return Some(Self([(200, 299)].into())),
            Some(Value::Array(items)) => items.iter().collect(),
            Some(one) => vec![one],
        };
        let ranges: Option<Vec<(u16, u16)>> = items.into_iter().map(range).collect();
        if ranges.as_ref().is_none_or(Vec::is_empty) {
            let message = "`ok` lists statuses: numbers such as 404, ranges such as 200-204 or 2xx, or `any`.";
            cx.error("WEIR-FLOW-WITH", "/with/ok", message);
        }
        ranges.map(|ranges| Self(ranges.into()))
    }

    pub(super) fn have(&self, status: u16) -> bool {
        self.0.iter().any(|(first, last)| (*first..=*last).contains(&status))
    }
}

fn range(value: &Value) -> Option<(u16, u16)> {
    let status = |number: u64| u16::try_from(number).ok().filter(|status| (100..=599).contains(status));
    if let Some(number) = value.as_u64() {
        return status(number).map(|status| (status, status));
    }
    let text = value.as_str()?.trim();
    if text == "any" {
        return Some((100, 599));
    }
    if let Some(class) = text.strip_suffix("xx") {
        let first = status(class.parse::<u64>().ok()?.checked_mul(100)?)?;
        return Some((first, first + 99));
    }
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let (first, last) = (status(first.trim().parse().ok()?)?, status(last.trim().parse().ok()?)?);
    (first <= last).then_some((first, last))
}

/// What the body becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// What its content type says: JSON, text where it is text, base64 otherwise.
    Auto,
    Json,
    Text,
    Base64,
}

impl Wanted {
    pub(super) fn compile(response: Option<&Value>, cx: &mut StepCheck<'_>) -> Option<Self> {
        match response.map(|value| value.as_str().unwrap_or_default()) {
            None | Some("auto") => Some(Self::Auto),
            Some("json") => Some(Self::Json),
            Some("text") => Some(Self::Text),
            Some("base64") => Some(Self::Base64),
            Some(_) => {
                cx.error("WEIR-FLOW-WITH", "/with/response", "`response` is one of auto, json, text and base64.");
                None
            }
        }
    }
}

/// The step's output.
pub(super) fn output(answer: &Answer, wanted: Wanted, most: u64) -> Result<Data, Failure> {
    if answer.body.len() as u64 > most {
        let size = answer.body.len();
        return Err(Failure::new("WEIR-STEP-OUTPUT", format!("The answer has {size} bytes; {most} are allowed.")));
    }
    let entries = [
        ("status", Data::from(i64::from(answer.status.as_u16()))),
        ("headers", headers(&answer.headers)),
        ("body", body(answer, wanted)?),
        ("url", Data::from(answer.url.as_str())),
    ];
    Ok(Data::object(entries))
}

fn headers(headers: &HeaderMap) -> Data {
    let mut all: IndexMap<&str, Vec<Data>> = IndexMap::with_capacity(headers.len());
    for (name, value) in headers {
        let text = String::from_utf8_lossy(value.as_bytes());
        all.entry(name.as_str()).or_default().push(Data::from(&*text));
    }
    let one =
        |mut values: Vec<Data>| if values.len() == 1 { values.pop().unwrap_or_default() } else { Data::list(values) };
    Data::object(all.into_iter().map(|(name, values)| (name, one(values))))
}

fn body(answer: &Answer, wanted: Wanted) -> Result<Data, Failure> {
    let json = || Data::from_json(&answer.body);
    let text = || match std::str::from_utf8(&answer.body) {
        Ok(text) => Some(Data::from(text)),
        Err(_) => None,
    };
    match wanted {
        Wanted::Json => json().map_err(|error| {
            let message =
                format!("{} did not answer with JSON: {error}; set `response` to text, or to auto", answer.url);
            Failure::new("WEIR-HTTP-BODY", message)
        }),
        Wanted::Text => Ok(text().unwrap_or_else(|| Data::from(&*String::from_utf8_lossy(&answer.body)))),
        Wanted::Base64 => Ok(Data::from(&*base64_of(&answer.body))),
        Wanted::Auto if answer.body.is_empty() => Ok(Data::null()),
        Wanted::Auto => {
            let read = if is_json(&answer.headers) { json().ok() } else { None };
            Ok(read.or_else(text).unwrap_or_else(|| Data::from(&*base64_of(&answer.body))))
        }
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json" || essence.ends_with("+json")
}

/// The failure of a step whose answer has a status that is not one of those wanted.
pub(super) fn failure(answer: &Answer) -> Failure {
    let status = answer.status;
    let cut = answer.body.get(..FAILURE_BYTES.min(answer.body.len())).unwrap_or_default();
    let body = if cut.len() == answer.body.len() { body(answer, Wanted::Auto).ok() } else { None };
    let body = body.unwrap_or_else(|| Data::from(&*String::from_utf8_lossy(cut)));
    let detail = Data::object([
        ("status", Data::from(i64::from(status.as_u16()))),
        ("headers", headers(&answer.headers)),
        ("body", body),
    ]);
    let message = format!(
        "{} answered {status}; what it said is in `error.detail`. List the status in `ok` to go on with it.",
        answer.url
    );
    Failure {
        detail: Some(detail.to_json()).filter(|detail: &Json| detail.text().len() <= 4 * FAILURE_BYTES),
        retryable: is_retryable(status),
        retry_after_ms: retry_after(&answer.headers),
        ..Failure::new("WEIR-HTTP-STATUS", message)
    }
}

/// Statuses that say that the same request may succeed later.
fn is_retryable(status: StatusCode) -> bool {
    matches!(status.as_u16(), 408 | 425 | 429 | 500 | 502 | 503 | 504)
}

/// The pause that the other side asks for (RFC 9110 §10.2.3), in milliseconds. A date is read against the answer's own
/// date, so that no clock has to agree with another.
fn retry_after(headers: &HeaderMap) -> Option<u32> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    let millis = match text.parse::<u64>() {
        Ok(seconds) => seconds.checked_mul(1_000)?,
        Err(_) => {
            let at = httpdate::parse_http_date(text).ok()?;
            let now = httpdate::parse_http_date(headers.get(header::DATE)?.to_str().ok()?).ok()?;
            u64::try_from(at.duration_since(now).ok()?.as_millis()).ok()?
        }
    };
    u32::try_from(millis).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_are_numbers_ranges_and_classes() {
        for (text, wanted) in [("404", (404, 404)), ("200-204", (200, 204)), ("2xx", (200, 299)), ("any", (100, 599))] {
            assert_eq!(range(&Value::from(text)), Some(wanted));
        }
        assert_eq!(range(&Value::from(404)), Some((404, 404)));
        for wrong in ["", "two", "99", "600", "204-200", "9xx", "2xxx"] {
            assert_eq!(range(&Value::from(wrong)), None, "{wrong}");
        }
    }

    #[test]
    fn a_pause_is_seconds_or_the_way_from_date_to_date() {
        let of = |date: Option<&str>, after: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::RETRY_AFTER, after.parse().unwrap());
            headers.extend(date.map(|date| (header::DATE, date.parse().unwrap())));
            retry_after(&headers)
        };
        assert_eq!(of(None, "7"), Some(7_000));
        let later = "Sun, 29 Nov 2026 10:00:09 GMT";
        assert_eq!(of(Some("Sun, 29 Nov 2026 10:00:00 GMT"), later), Some(9_000));
        assert_eq!((of(None, later), of(None, "soon"), of(None, "99999999999")), (None, None, None));
    }
}
