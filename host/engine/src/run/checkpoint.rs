//! The form in which a run waits in the queue: what started it, and where it stands. It reads and writes bytes only.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, StatusCode};
use serde::{Deserialize, Serialize};
use weir_flow::Position;
use weir_model::{FlowName, Json, Mode, Origin, RequestInfo, RunId, StepRecord, Usage};

use super::RunContext;
use super::pause::Pause;
use crate::payload::Payload;
use crate::reply::Reply;
use crate::{EngineError, Release};

/// The first byte of every checkpoint; another form would get another.
const FORMAT: u8 = 1;

/// A run in the queue.
#[derive(Serialize, Deserialize)]
pub(crate) struct Checkpoint {
    pub(crate) flow: FlowName,
    pub(crate) version: u32,
    /// The draft's text revision, so that a run never goes on in a draft that changed under it.
    pub(crate) revision: u64,
    pub(crate) mode: Mode,
    pub(crate) request: Arc<RequestInfo>,
    pub(crate) payload: Json,
    pub(crate) depth: u32,
    pub(crate) called_by: Option<RunId>,
    pub(crate) started_at: weir_model::Timestamp,
    /// What started it, where that was no request.
    #[serde(default)]
    pub(crate) origin: Option<Origin>,
    /// The first of the runs that try the same; none in states of older versions.
    #[serde(default)]
    pub(crate) root: Option<RunId>,
    /// The secret in its resume URL, where somebody asked for it.
    #[serde(default)]
    pub(crate) token: Option<String>,
    /// How often it was taken up again.
    #[serde(default)]
    pub(crate) resumed: u32,
    /// Whether it was never taken up: the state is another run's, which this one retries.
    #[serde(default)]
    pub(crate) is_new: bool,
    /// How long it was alive, without the time in which all of its paths waited; in microseconds.
    #[serde(default)]
    pub(crate) active_us: u64,
    /// Steps that wait for a time, a call or another try.
    #[serde(default)]
    pub(crate) pauses: Vec<Pause>,
    /// None for a run that has not begun.
    pub(crate) position: Option<Position>,
    pub(crate) steps_taken: u64,
    /// What its components used before it, which counts against the run's totals.
    #[serde(default)]
    pub(crate) used: Usage,
    pub(crate) answered: Option<SavedReply>,
    pub(crate) steps: Vec<StepRecord>,
    /// All steps, those whose records did not fit included.
    #[serde(default)]
    pub(crate) step_count: u32,
    /// Whether something of the record was cut.
    #[serde(default)]
    pub(crate) truncated: bool,
    /// Bytes of each variable, for the limit.
    #[serde(default)]
    pub(crate) variable_bytes: HashMap<Arc<str>, u64>,
    /// Whether its caller was sent away before it was answered.
    #[serde(default)]
    pub(crate) caller_left: bool,
    /// The body, where it is not the payload's text; it follows the JSON part as bytes.
    #[serde(skip)]
    pub(crate) body: Bytes,
    body_is_payload: bool,
}

impl Checkpoint {
    /// A run that has not begun.
    pub(crate) fn fresh(context: &RunContext) -> Self {
        Self {
            flow: context.flow.clone(),
            version: context.version,
            revision: context.release.revision,
            mode: context.mode,
            request: Arc::clone(&context.request),
            payload: context.payload.json().clone(),
            depth: context.depth,
            called_by: context.called_by,
            started_at: context.started_at,
            origin: context.origin,
            root: Some(context.root),
            token: context.known_token().map(str::to_owned),
            resumed: 0,
            is_new: false,
            active_us: 0,
            pauses: Vec::new(),
            position: None,
            steps_taken: 0,
            used: Usage::default(),
            answered: None,
            steps: Vec::new(),
            step_count: 0,
            truncated: false,
            variable_bytes: HashMap::new(),
            caller_left: context.caller_left.load(Ordering::Relaxed),
            body_is_payload: context.body == context.payload.json().text().as_bytes(),
            body: context.body.clone(),
        }
    }

    /// The same for a run that tries again where this one failed: its place and records stay, what it used up is given back.
    #[must_use]
    pub(crate) fn for_retry(self) -> Self {
        let (pauses, used) = (Vec::new(), Usage::default());
        Self {
            pauses,
            used,
            steps_taken: 0,
            step_count: 0,
            active_us: 0,
            resumed: 0,
            is_new: true,
            token: None,
            caller_left: false,
            ..self
        }
    }

    /// Whether `release` is what the run began with.
    pub(crate) fn fits(&self, release: &Release) -> bool {
        self.version == release.version && self.revision == release.revision
    }

    /// As bytes: format, length of the JSON part, JSON part, body.
    pub(crate) fn encode(&self) -> Result<Bytes, EngineError> {
        let mut bytes = Vec::with_capacity(512 + self.payload.text().len());
        bytes.extend([FORMAT, 0, 0, 0, 0]);
        serde_json::to_writer(&mut bytes, self).map_err(EngineError::checkpoint)?;
        let length = u32::try_from(bytes.len() - 5).map_err(EngineError::checkpoint)?;
        if let Some(place) = bytes.get_mut(1..5) {
            place.copy_from_slice(&length.to_be_bytes());
        }
        if !self.body_is_payload {
            bytes.extend_from_slice(&self.body);
        }
        Ok(bytes.into())
    }

    /// Reads what [`Self::encode`] wrote.
    pub(crate) fn decode(bytes: &Bytes) -> Result<Self, EngineError> {
        let damaged = || EngineError::checkpoint("its length does not fit its content");
        let (head, rest) = bytes.split_first_chunk::<5>().ok_or_else(damaged)?;
        let [format, a, b, c, d] = *head;
        if format != FORMAT {
            return Err(EngineError::checkpoint(format!("format {format} is not known to this version of weir")));
        }
        let length = usize::try_from(u32::from_be_bytes([a, b, c, d])).map_err(EngineError::checkpoint)?;
        let (json, body) = rest.split_at_checked(length).ok_or_else(damaged)?;
        let mut checkpoint: Self = serde_json::from_slice(json).map_err(EngineError::checkpoint)?;
        checkpoint.body = if checkpoint.body_is_payload {
            Bytes::copy_from_slice(checkpoint.payload.text().as_bytes())
        } else {
            Bytes::copy_from_slice(body)
        };
        Ok(checkpoint)
    }

    /// The payload in both of its forms.
    pub(crate) fn payload(&self) -> Result<Payload, EngineError> {
        let text = Bytes::copy_from_slice(self.payload.text().as_bytes());
        Payload::from_json(&text).map_err(EngineError::checkpoint)
    }
}

/// An answer as a checkpoint keeps it.
#[derive(Serialize, Deserialize)]
pub(crate) struct SavedReply {
    status: u16,
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
}

impl From<&Reply> for SavedReply {
    fn from(reply: &Reply) -> Self {
        let headers = reply.headers.iter().map(|(name, value)| (name.to_string(), value.as_bytes().to_vec()));
        Self { status: reply.status.as_u16(), headers: headers.collect(), body: reply.body.to_vec() }
    }
}

impl From<SavedReply> for Reply {
    fn from(saved: SavedReply) -> Self {
        let header = |(name, value): (String, Vec<u8>)| {
            Some((HeaderName::try_from(name).ok()?, HeaderValue::from_bytes(&value).ok()?))
        };
        Self {
            status: StatusCode::from_u16(saved.status).unwrap_or(StatusCode::OK),
            headers: saved.headers.into_iter().filter_map(header).collect(),
            body: saved.body.into(),
        }
    }
}
