//! `http-request`: sends a request and hands its answer on. Egress decides whether it may be sent; here is what is sent
//! and what counts as an answer.

mod answer;
mod body;
mod settings;

use std::time::Duration;

use base64::Engine as _;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde_json::Value;
use weir_egress::{Answer, Basic, Outgoing};
use weir_flow::{Compiled, Data, Exit, Kind, Role, StepCheck, Template};
use weir_model::{StepDef, Usage};

use self::answer::{Statuses, Wanted};
use self::body::Body;
use super::{Begin, Failure, Finish, Notes, Step, StepContext, Worked, text_of};

/// Headers one request may have.
const MAX_HEADERS: usize = 64;
/// What an answer is waited for less than the step may take, so that its own message is the one told.
const MARGIN: Duration = Duration::from_millis(20);
/// Tells services that deduplicate which requests are one.
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

pub(super) struct HttpRequest;

impl Kind<Box<dyn Step>> for HttpRequest {
    fn name(&self) -> &'static str {
        "http-request"
    }

    fn summary(&self) -> &'static str {
        "Sends an HTTP request and hands on its answer: `status`, `headers` and `body`."
    }

    fn schema(&self) -> Value {
        settings::schema()
    }

    fn compile(&self, step: &StepDef, cx: &mut StepCheck<'_>) -> Option<Compiled<Box<dyn Step>>> {
        let code = settings::compile(step, cx)?;
        Some(Compiled { code: Box::new(code), exits: vec![Exit::next()], role: Role::Plain })
    }
}

/// A compiled step.
struct Requester {
    method: Template,
    url: Template,
    query: Option<Template>,
    headers: Vec<(HeaderName, Template)>,
    auth: Option<Auth>,
    body: Body,
    timeout: Option<Duration>,
    redirects: u32,
    ok: Statuses,
    wanted: Wanted,
    max_bytes: Option<u64>,
}

/// How the request says who sends it.
enum Auth {
    Basic { user: Template, password: Template },
    Bearer(Template),
}

impl Step for Requester {
    fn begin(&self, cx: &StepContext<'_>) -> Result<Begin, Failure> {
        if cx.limits.http_calls == 0 {
            let message = "The step may send no requests: its limit `http_calls` is 0 or used up by this run.";
            return Err(Failure::new("WEIR-STEP-HTTP-CALLS", message));
        }
        let mut rendering = Rendering { cx, missing: Vec::new() };
        let request = self.request(&mut rendering)?;
        let missing = rendering.missing;
        let (run, ok, wanted) = (std::sync::Arc::clone(cx.run), self.ok.clone(), self.wanted);
        let most_output = cx.limits.output_bytes;
        Ok(Begin::Work(Box::pin(async move {
            let sent = request.body.len() as u64;
            match run.send(request, None).await {
                Ok(answer) => worked(answer, &ok, wanted, most_output, missing),
                Err(error) => {
                    let failure = Failure { retryable: error.is_retryable(), ..Failure::from_coded(&error) };
                    // What was refused here was not sent; anything else may have been.
                    let (http_calls, http_bytes) = if error.is_retryable() { (1, sent) } else { (0, 0) };
                    let usage = Usage { http_calls, http_bytes, ..Usage::default() };
                    Worked {
                        result: Err(failure),
                        notes: Notes { usage: Some(Box::new(usage)), missing, ..Notes::default() },
                    }
                }
            }
        })))
    }

    fn has_effects(&self) -> bool {
        true
    }
}

/// Templates of one step, rendered.
struct Rendering<'a> {
    cx: &'a StepContext<'a>,
    missing: Vec<String>,
}

impl Rendering<'_> {
    fn data(&mut self, template: &Template) -> Result<Data, Failure> {
        let rendered = template.render(self.cx.scope).map_err(|error| Failure::template(&error))?;
        self.missing.extend(rendered.missing);
        Ok(rendered.data)
    }

    fn text(&mut self, template: &Template) -> Result<String, Failure> {
        Ok(text_of(&self.data(template)?))
    }
}

impl Requester {
    fn request(&self, rendering: &mut Rendering<'_>) -> Result<Outgoing, Failure> {
        let cx = rendering.cx;
        let method = rendering.text(&self.method)?;
        let method: Method = settings::method(&method).ok_or_else(|| {
            Failure::setting("method", format!("is {:?}, no method", method.chars().take(40).collect::<String>()))
        })?;
        let mut url = rendering.text(&self.url)?.trim().to_owned();
        if let Some(query) = &self.query {
            let query = rendering.data(query)?;
            add_query(&mut url, &query)?;
        }
        let mut headers = self.headers(rendering)?;
        let (body, content_type) = self.body.render(rendering)?;
        if let Some(content_type) = content_type.filter(|_| !headers.contains_key(http::header::CONTENT_TYPE)) {
            headers.insert(http::header::CONTENT_TYPE, content_type);
        }
        if !method.is_safe() && !headers.contains_key(&IDEMPOTENCY_KEY) {
            headers.extend(HeaderValue::try_from(cx.idempotency_key()).ok().map(|key| (IDEMPOTENCY_KEY, key)));
        }
        let basic = self.basic(rendering, &mut headers)?;
        let step_time = cx.limits.step_time();
        let step_time = step_time.checked_sub(MARGIN).unwrap_or(step_time);
        Ok(Outgoing {
            method,
            url,
            headers,
            basic,
            body,
            timeout: self.timeout.map_or(step_time, |timeout| timeout.min(step_time)),
            redirects: self.redirects,
            most_bytes: self.max_bytes.unwrap_or(u64::MAX).min(cx.limits.http_bytes),
            whole: true,
        })
    }

    fn headers(&self, rendering: &mut Rendering<'_>) -> Result<HeaderMap, Failure> {
        let mut headers = HeaderMap::with_capacity(self.headers.len() + 3);
        for (name, template) in &self.headers {
            let data = rendering.data(template)?;
            if data.is_null() {
                continue;
            }
            for value in data.items().unwrap_or_else(|| vec![data.clone()]) {
                headers.append(name.clone(), header_value(name.as_str(), &text_of(&value))?);
            }
        }
        if !headers.contains_key(http::header::USER_AGENT) {
            headers.insert(http::header::USER_AGENT, HeaderValue::from_static("weir"));
        }
        Ok(headers)
    }

    fn basic(&self, rendering: &mut Rendering<'_>, headers: &mut HeaderMap) -> Result<Option<Basic>, Failure> {
        match &self.auth {
            None => Ok(None),
            Some(Auth::Basic { user, password }) => {
                Ok(Some(Basic { user: rendering.text(user)?, password: rendering.text(password)? }))
            }
            Some(Auth::Bearer(token)) => {
                let value = header_value("authorization", &format!("Bearer {}", rendering.text(token)?))?;
                headers.insert(http::header::AUTHORIZATION, value);
                Ok(None)
            }
        }
    }
}

fn header_value(name: &str, text: &str) -> Result<HeaderValue, Failure> {
    HeaderValue::try_from(text).map_err(|_| {
        Failure::setting(&format!("headers.{name}"), "has a line break or another character that headers cannot carry")
    })
}

/// Adds a query to a URL that may have one, before its fragment.
fn add_query(url: &mut String, query: &Data) -> Result<(), Failure> {
    let entries = query.entries().ok_or_else(|| Failure::setting("query", "is no object of names and values"))?;
    let mut pairs = form_urlencoded::Serializer::new(String::new());
    for (name, value) in entries {
        for value in value.items().unwrap_or_else(|| vec![value.clone()]) {
            if !value.is_null() {
                pairs.append_pair(&name, &text_of(&value));
            }
        }
    }
    let pairs = pairs.finish();
    if pairs.is_empty() {
        return Ok(());
    }
    let fragment = url.find('#').map(|at| url.split_off(at)).unwrap_or_default();
    url.push(if url.contains('?') { '&' } else { '?' });
    url.push_str(&pairs);
    url.push_str(&fragment);
    Ok(())
}

/// What a step made of an answer.
fn worked(answer: Answer, ok: &Statuses, wanted: Wanted, most_output: u64, missing: Vec<String>) -> Worked {
    let usage = Usage { http_calls: answer.requests, http_bytes: answer.bytes, ..Usage::default() };
    let notes = Notes { usage: Some(Box::new(usage)), missing, ..Notes::default() };
    if !ok.have(answer.status.as_u16()) {
        return Worked { result: Err(answer::failure(&answer)), notes };
    }
    match answer::output(&answer, wanted, most_output) {
        Ok(output) => {
            let mut finish = Finish::next(output);
            finish.notes = notes;
            Worked { result: Ok(Box::new(finish)), notes: Notes::default() }
        }
        Err(failure) => Worked { result: Err(failure), notes },
    }
}

/// Bytes as base64 text (RFC 4648 §4).
fn base64_of(bytes: &[u8]) -> String {
    base64::engine::general_purpose::STANDARD.encode(bytes)
}
