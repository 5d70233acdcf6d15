//! Requests that a hook knows again by their key: the first one runs, those after it get its answer, also after a restart.
//! It must not execute runs or look into requests for keys.

mod memory;
mod replay;
mod under_way;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use http::{HeaderName, HeaderValue, StatusCode};
use parking_lot::Mutex;
use sha2::{Digest as _, Sha256};
use tokio::sync::oneshot;
use weir_cluster::{ClusterError, Remembered, Seen, SeenKey, StoreError};
use weir_model::{Code, Coded, RunId, Span, Timestamp};

use self::memory::{Fingerprint, Memory};
pub use self::replay::DeliveryId;
pub(crate) use self::under_way::UnderWay;
use self::under_way::{Ticket, Verdict};
use crate::answer::{self, DEFAULT_WAIT};
use crate::services::Live;
use crate::{Engine, Reply, Services, Start};

/// How long a key is remembered where the flow does not say.
const DEFAULT_KEEP: Span = Span::from_millis(24 * 60 * 60 * 1_000);
/// The header of an answer that another request got first.
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
/// Bytes of an answer's body up to which it is written with its run; a larger one is written, or fails, by itself.
const MOST_BESIDE_A_RUN: usize = Remembered::MAX_VALUE - (512 << 10);
/// How often what is no longer remembered is removed. It counts as forgotten before; this gives its room back.
const SWEEP_EVERY: Duration = Duration::from_secs(60);
/// Entries removed in one write, so that nobody waits long behind it.
const SWEEP_AT_ONCE: usize = 1_000;

/// What tells a request from others of the same hook: a digest of the key it came with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdempotencyKey([u8; 32]);

impl IdempotencyKey {
    /// The longest key in bytes.
    pub const MAX_BYTES: usize = 255;

    /// A key of 1 to 255 bytes; none of any other length.
    pub fn new(key: &[u8]) -> Option<Self> {
        (1..=Self::MAX_BYTES).contains(&key.len()).then(|| Self(Sha256::digest(key).into()))
    }
}

/// Why a request with a key neither runs nor gets an answer that was given before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdempotencyError {
    /// The key came before, with another request.
    #[error("This idempotency key came before with another request; send a new key with a new request.")]
    Mismatch,
    /// The first request with the key is still under way.
    #[error("The first request with this idempotency key is still under way; try again shortly.")]
    Busy,
    /// Too many requests with keys are under way.
    #[error("Too many requests with idempotency keys are under way; nothing was accepted. Try again shortly.")]
    Crowded,
    /// A signed delivery that came before.
    #[error(
        "This delivery came before; nothing was done. A new one needs an id or a time of its own, and its signature."
    )]
    Replay,
    /// The store cannot say whether the key came before.
    #[error("The server cannot look up idempotency keys at the moment; nothing was accepted.")]
    Store,
}

impl Coded for IdempotencyError {
    fn code(&self) -> Code {
        Code::new(match self {
            Self::Mismatch => "WEIR-HOOK-IDEMPOTENCY-MISMATCH",
            Self::Busy => "WEIR-HOOK-IDEMPOTENCY-BUSY",
            Self::Crowded => "WEIR-RUN-CAPACITY",
            Self::Replay => "WEIR-HOOK-REPLAY",
            Self::Store => "WEIR-STORE-UNAVAILABLE",
        })
    }
}

/// What became of a call whose caller waits.
#[derive(Debug)]
pub(crate) enum Called {
    /// Nothing may be acknowledged; the caller may try again.
    Refused(Reply),
    /// The run gave this answer, or ended with it.
    Answered(Reply),
    /// The caller waited long enough; the run goes on.
    SentAway(Reply),
}

impl Called {
    /// What the caller is told.
    pub(crate) fn into_reply(self) -> Reply {
        match self {
            Self::Refused(reply) | Self::Answered(reply) | Self::SentAway(reply) => reply,
        }
    }
}

/// What a run needs to remember its answer. A run has it where its request came with a key.
#[derive(Debug)]
pub(crate) struct Remember {
    facts: Arc<Facts>,
    /// Takes the answer of a run whose caller was sent away. Dropped with the run, so that nobody waits for ever.
    end: Mutex<Option<oneshot::Sender<Reply>>>,
}

/// What is remembered of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Keeps {
    /// What it was answered, for those that come again.
    Answer,
    /// That it came, unless it failed: its sender sends it again then, and is right to.
    Coming,
}

/// Which request is remembered, and for how long.
#[derive(Debug)]
struct Facts {
    key: SeenKey,
    fingerprint: Fingerprint,
    keep: Duration,
    keeps: Keeps,
    /// Whether its answer is written, or about to be with its run.
    is_written: AtomicBool,
}

impl Remember {
    /// The memory of an answer, to be written in one batch with the run; none where it was written before, or is so large
    /// that the run could not be written with it.
    pub(crate) fn once(&self, run: RunId, reply: &Reply, now: Timestamp) -> Option<Remembered> {
        if reply.body.len() > MOST_BESIDE_A_RUN { None } else { self.facts.once(run, reply, now) }
    }

    /// The run has ended, and this is what its caller got or would have got.
    pub(crate) fn end(&self, reply: Reply) {
        if let Some(end) = self.end.lock().take() {
            // Nobody waits for it where the caller was answered.
            let _ = end.send(reply);
        }
    }
}

impl Facts {
    fn once(&self, run: RunId, reply: &Reply, now: Timestamp) -> Option<Remembered> {
        let is_failure = reply.status.is_server_error() && reply.status != StatusCode::GATEWAY_TIMEOUT;
        if (self.keeps == Keeps::Coming && is_failure) || self.is_written.swap(true, Ordering::AcqRel) {
            return None;
        }
        let value = match self.keeps {
            Keeps::Answer => memory::encode(&self.fingerprint, run, reply),
            Keeps::Coming => memory::encode(&self.fingerprint, run, &Reply::empty(reply.status)),
        };
        Some(Remembered { key: self.key.clone(), until: now.plus(self.keep), value })
    }
}

impl Engine {
    /// Runs a flow for a request that comes with a key, or gives the answer that the first such request got. The run goes
    /// on, and its answer is remembered, if this future is dropped.
    ///
    /// # Errors
    /// Where the key came with another request, its first request is still under way when the flow's wait is over, or too
    /// many are.
    pub async fn call_once(&self, start: Start, key: IdempotencyKey) -> Result<Reply, IdempotencyError> {
        let services = self.services();
        let fingerprint = fingerprint_of(&start);
        let key = SeenKey { tenant: start.tenant.clone(), flow: start.flow_id, mode: start.mode, digest: key.0 };
        if let Some(reply) = look_up(services, &key, &fingerprint)? {
            return Ok(reply);
        }
        let mut follower = match services.seen.enter(&key, fingerprint) {
            Verdict::First(ticket) => {
                // It may have been answered between the look and the ticket.
                if let Some(reply) = look_up(services, &key, &fingerprint)? {
                    ticket.over(reply.clone(), false);
                    return Ok(reply);
                }
                let mut stage = ticket.stage();
                // A task of its own: a caller who leaves takes neither the run nor its memory along.
                let keep = start.release.plan.webhook.idempotency.as_ref().and_then(|setting| setting.keep);
                let keep = keep.unwrap_or(DEFAULT_KEEP).duration();
                tokio::spawn(lead(self.clone(), ticket, start, keep, Keeps::Answer));
                return stage.told().await.ok_or(IdempotencyError::Busy);
            }
            Verdict::Follow(follower) => follower,
            Verdict::Mismatch => return Err(IdempotencyError::Mismatch),
            Verdict::Crowded => return Err(IdempotencyError::Crowded),
        };
        let wait = start.release.plan.webhook.wait.unwrap_or(DEFAULT_WAIT).duration();
        // The body is of no more use.
        drop(start);
        match tokio::time::timeout(wait, follower.over()).await {
            Ok(Some((reply, true))) => Ok(replayed(reply)),
            Ok(Some((reply, false))) => Ok(reply),
            Ok(None) | Err(_) => Err(IdempotencyError::Busy),
        }
    }
}

/// Runs the first request with a key, and tells all who wait for its answer.
async fn lead(engine: Engine, ticket: Ticket, start: Start, keep: Duration, keeps: Keeps) {
    let services = Arc::clone(engine.services());
    // A server that stops waits until the answer is remembered.
    let _alive = Live::enter(&services);
    let run = services.new_run_id();
    let facts = Arc::new(Facts {
        key: ticket.key().clone(),
        fingerprint: *ticket.fingerprint(),
        keep,
        keeps,
        is_written: AtomicBool::new(false),
    });
    if !start.release.plan.answers {
        let promised = answer::accepted_as(&start.release.plan.webhook, run);
        let remembered = facts.once(run, &promised, services.clock.now());
        let reply = engine.accept(start, run, remembered).await;
        let is_kept = reply.status.is_success();
        ticket.over(reply, is_kept);
        return;
    }
    let (end, ended) = oneshot::channel();
    let remember = Remember { facts: Arc::clone(&facts), end: Mutex::new(Some(end)) };
    let reply = match engine.call_with(start, run, Some(remember)).await {
        Called::Refused(reply) => return ticket.over(reply, false),
        Called::Answered(reply) => reply,
        Called::SentAway(reply) => {
            ticket.sent_away(reply);
            // Where the run left memory to wait, it was remembered on disk that its caller was sent away.
            let Ok(reply) = ended.await else { return };
            reply
        }
    };
    match keep_answer(&services, &facts, run, &reply).await {
        Ok(is_kept) => ticket.over(reply, is_kept),
        Err(unavailable) => ticket.over(unavailable, false),
    }
}

/// Writes what a request was answered, unless that was written with the run. Whether it is remembered; the answer to give
/// instead where the store failed.
async fn keep_answer(services: &Services, facts: &Facts, run: RunId, reply: &Reply) -> Result<bool, Reply> {
    let Some(remembered) = facts.once(run, reply, services.clock.now()) else { return Ok(true) };
    match services.cluster.seen.put(remembered).await {
        Ok(()) => Ok(true),
        Err(error @ StoreError::TooLarge { .. }) => {
            tracing::warn!(%run, %error, "An answer is too large to be remembered; a repeated request runs again.");
            Ok(false)
        }
        Err(error) => {
            tracing::error!(%run, %error, "An answer could not be remembered.");
            let message = "The server cannot store answers at the moment; the request ran but is not remembered.";
            Err(answer::unavailable("WEIR-STORE-UNAVAILABLE", message))
        }
    }
}

/// The answer that the first request with the key got, where it is remembered.
fn look_up(services: &Services, key: &SeenKey, fingerprint: &Fingerprint) -> Result<Option<Reply>, IdempotencyError> {
    // A look at one key is nearly always answered from memory; a thread of its own would cost more.
    let found = services.cluster.seen.get(key, services.clock.now()).map_err(|error| {
        tracing::error!(%error, "What a hook remembers cannot be read.");
        IdempotencyError::Store
    })?;
    let Some(value) = found else { return Ok(None) };
    let Some(memory) = Memory::decode(value) else {
        tracing::error!(tenant = %key.tenant, flow = %key.flow, "What a hook remembers is damaged or of a newer weir.");
        return Err(IdempotencyError::Store);
    };
    if memory.fingerprint != *fingerprint {
        return Err(IdempotencyError::Mismatch);
    }
    tracing::debug!(run = %memory.run, "A repeated request got the first one's answer.");
    Ok(Some(replayed(memory.reply)))
}

fn replayed(mut reply: Reply) -> Reply {
    reply.headers.push((REPLAYED, HeaderValue::from_static("true")));
    reply
}

/// What two requests with one key must have in common. The payload stands for the body, since a form's boundary differs
/// each time it is sent.
fn fingerprint_of(start: &Start) -> Fingerprint {
    let request = &start.request;
    let method = if request.method == "HEAD" { "GET" } else { &request.method };
    let mut digest = Sha256::new();
    for part in [method, &request.path, &request.query, start.payload.json().text()] {
        digest.update((part.len() as u64).to_be_bytes());
        digest.update(part);
    }
    digest.finalize().into()
}

/// Removes from time to time what hooks no longer remember, until the server stops or its store fails.
pub(crate) async fn sweep_for_ever(services: Arc<Services>) {
    while services.cluster.is_healthy() {
        tokio::time::sleep(SWEEP_EVERY).await;
        if let Err(error) = sweep(&*services.cluster.seen, services.clock.now()).await {
            tracing::warn!(%error, "What hooks no longer remember could not be removed.");
        }
    }
}

/// Removes everything that ended by `now`: how many entries there were.
async fn sweep(seen: &dyn Seen, now: Timestamp) -> Result<usize, ClusterError> {
    let mut all = 0;
    loop {
        let looked_at = seen.sweep(now, SWEEP_AT_ONCE).await?;
        all += looked_at;
        if looked_at < SWEEP_AT_ONCE {
            return Ok(all);
        }
    }
}

#[cfg(test)]
mod tests {
    use weir_cluster::Cluster;
    use weir_model::{FlowId, Mode, TenantId};
    use weir_store::{Options, Store};

    use super::*;

    #[test]
    fn a_key_has_1_to_255_bytes() {
        assert!(IdempotencyKey::new(b"").is_none() && IdempotencyKey::new(&[b'k'; 256]).is_none());
        assert!(IdempotencyKey::new(&[b'k'; 255]).is_some());
        assert_ne!(IdempotencyKey::new(b"a"), IdempotencyKey::new(b"b"));
    }

    #[tokio::test]
    async fn an_answer_is_written_once_kept_for_its_time_and_swept_after_it() {
        let folder = std::env::temp_dir().join(format!("weir-engine-seen-{}", std::process::id()));
        let seen = Cluster::local(Store::open(&folder, &Options::default()).unwrap()).seen;
        let (tenant, flow, run) =
            (TenantId::new("default").unwrap(), FlowId::from_bytes([1; 16]), RunId::from_bytes([2; 16]));
        let key = SeenKey { tenant, flow, mode: Mode::Production, digest: [7; 32] };
        let (end, ended) = oneshot::channel();
        let (keep, is_written) = (Duration::from_millis(500), AtomicBool::new(false));
        let facts = Arc::new(Facts { key: key.clone(), fingerprint: [9; 32], keep, keeps: Keeps::Answer, is_written });
        let remember = Remember { facts, end: Mutex::new(Some(end)) };
        let (now, reply) = (Timestamp::from_millis(1_000), Reply::json(StatusCode::CREATED, "{}"));

        let remembered = remember.once(run, &reply, now).unwrap();
        assert!(remember.once(run, &reply, now).is_none());
        seen.put(remembered).await.unwrap();
        let memory = Memory::decode(seen.get(&key, Timestamp::from_millis(1_499)).unwrap().unwrap()).unwrap();
        assert_eq!((memory.fingerprint, memory.run, memory.reply.status), ([9; 32], run, StatusCode::CREATED));
        assert_eq!(seen.get(&key, Timestamp::from_millis(1_500)).unwrap(), None);
        let later = Timestamp::from_millis(1_500);
        assert_eq!((sweep(&*seen, later).await, sweep(&*seen, later).await), (Ok(1), Ok(0)));

        remember.end(reply.clone());
        remember.end(Reply::empty(StatusCode::OK));
        assert_eq!(ended.await.unwrap().status, reply.status);
        drop(seen);
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
