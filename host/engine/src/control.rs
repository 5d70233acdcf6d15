//! WaitFor reaches a run from outside: the order to end, and calls of its resume URL. It finds the run wherever it is: alive,
//! in line, or parked on disk.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::{Notify, oneshot};
use weir_cluster::{QueueKey, QueuedRun, When};
use weir_model::{Code, ErrorInfo, Outcome, RunId, RunSummary, TenantId};

use crate::payload::Payload;
use crate::revive::revive;
use crate::run::Checkpoint;
use crate::{Engine, EngineError, Services};

/// How often and with what pause a run is looked for that is just changing hands.
const LOOKS: u32 = 100;
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// The part of a run that others may reach while it is alive.
#[derive(Debug, Default)]
pub(crate) struct Control {
    is_cancelled: AtomicBool,
    cancelled_by: Mutex<Option<String>>,
    calls: Mutex<Vec<Call>>,
    woken: Notify,
}

/// A call of the resume URL of a run that is alive.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) step: Option<String>,
    pub(crate) payload: Payload,
    pub(crate) answer: oneshot::Sender<Result<(), EngineError>>,
}

impl Control {
    pub(crate) fn cancel(&self, by: &str) {
        *self.cancelled_by.lock() = Some(by.to_owned());
        self.is_cancelled.store(true, Ordering::Release);
        self.woken.notify_one();
    }

    /// Why the run is to end, where somebody said so.
    pub(crate) fn cancelled(&self) -> Option<ErrorInfo> {
        if !self.is_cancelled.load(Ordering::Acquire) {
            return None;
        }
        let by = self.cancelled_by.lock().clone().unwrap_or_default();
        let message = format!("The run was cancelled by {by}.");
        Some(ErrorInfo { code: Code::new("WEIR-RUN-CANCELLED"), message, step: None, detail: None })
    }

    pub(crate) fn take_calls(&self) -> Vec<Call> {
        std::mem::take(&mut *self.calls.lock())
    }

    /// Whether nothing reached the run that it has not looked at.
    pub(crate) fn is_quiet(&self) -> bool {
        !self.is_cancelled.load(Ordering::Acquire) && self.calls.lock().is_empty()
    }

    /// Hands a call to the run.
    pub(crate) fn call(&self, call: Call) {
        self.calls.lock().push(call);
        self.woken.notify_one();
    }

    /// Makes the run look up.
    pub(crate) fn wake(&self) {
        self.woken.notify_one();
    }

    /// Ready once something reached the run.
    pub(crate) async fn woken(&self) {
        self.woken.notified().await;
    }
}

/// WaitFor became of an order to end a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cancelled {
    /// It has ended.
    Ended,
    /// It is alive and ends as soon as it looks up.
    Ending,
}

impl Engine {
    /// Ends a run that runs, is in line, or waits.
    ///
    /// # Errors
    /// Where there is no such run, it has ended, or the store fails.
    pub async fn cancel(&self, tenant: &TenantId, run: RunId, by: &str) -> Result<Cancelled, EngineError> {
        let services = self.services();
        for _ in 0..LOOKS {
            if services.live.reach(tenant, run, |alive| alive.control.cancel(by)).is_some() {
                return Ok(Cancelled::Ending);
            }
            let is_ours = services.background.claim(run);
            let queued = match find(services, tenant, run) {
                Ok(queued) => queued,
                Err(error) => {
                    if is_ours {
                        services.background.release(run);
                    }
                    return Err(error);
                }
            };
            services.live.doom(run, by);
            if is_ours {
                return end_parked(services, queued).await;
            }
            // It is just changing hands: it hears it when it begins, or is let go of and found at the next look.
            tokio::time::sleep(LOOK_AGAIN).await;
            if !services.live.spare(run) {
                return Ok(Cancelled::Ending);
            }
        }
        Err(EngineError::NotWaiting(run))
    }

    /// Ends a `wait` of a run by a call of its resume URL; on disk before the answer.
    ///
    /// # Errors
    /// Where there is no such run or its secret is another, it does not wait for a call (at that step), or the store fails.
    pub async fn resume_by_call(
        &self,
        tenant: &TenantId,
        run: RunId,
        token: &str,
        step: Option<&str>,
        payload: Payload,
    ) -> Result<(), EngineError> {
        let services = self.services();
        for _ in 0..LOOKS {
            let (answer, told) = oneshot::channel();
            let call = Call { step: step.map(str::to_owned), payload: payload.clone(), answer };
            let is_told = services.live.reach(tenant, run, |alive| {
                let is_allowed = alive.known_token().is_some_and(|known| is_same(known, token));
                if is_allowed {
                    alive.control.call(call);
                }
                is_allowed
            });
            match is_told {
                Some(false) => return Err(EngineError::UnknownRun(run)),
                // Without an answer it ended or was parked meanwhile.
                Some(true) => match told.await {
                    Ok(result) => return result,
                    Err(_) => continue,
                },
                None => {}
            }
            self.check_resume(tenant, run, token)?;
            if services.background.claim(run) {
                let result = resume_parked(services, tenant, run, token, step, &payload).await;
                if result.is_err() {
                    services.background.release(run);
                }
                return result;
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        Err(EngineError::NotWaiting(run))
    }
}

impl Engine {
    /// Refuses a call whose secret is not the run's, before anything more is done for it. What is just changing hands
    /// passes: [`Self::resume_by_call`] looks again.
    ///
    /// # Errors
    /// Where no run has this secret, or the store fails.
    pub fn check_resume(&self, tenant: &TenantId, run: RunId, token: &str) -> Result<(), EngineError> {
        let services = self.services();
        let is_right = |known: Option<&str>| known.is_some_and(|known| is_same(known, token));
        let is_allowed = match services.live.reach(tenant, run, |alive| is_right(alive.known_token())) {
            Some(is_allowed) => is_allowed,
            None => match services.cluster.queue.get(tenant, run)? {
                Some(queued) => is_right(Checkpoint::decode(&queued.state)?.token.as_deref()),
                None => services.cluster.run_log.get(tenant, run)?.is_some(),
            },
        };
        if is_allowed { Ok(()) } else { Err(EngineError::UnknownRun(run)) }
    }
}

/// Ends a parked run that is claimed and doomed.
async fn end_parked(services: &Arc<Services>, queued: QueuedRun) -> Result<Cancelled, EngineError> {
    let (key, flow, ordered) = (queued.key.clone(), queued.flow, queued.ordered);
    let ended = match revive(services, queued.clone()).await {
        Ok(run) => {
            let _ = run.execute().await;
            Ok(Cancelled::Ended)
        }
        Err(error) if crate::revive::abandon(services, queued, &error).await => Ok(Cancelled::Ended),
        Err(error) => Err(error),
    };
    services.live.spare(key.run);
    match &ended {
        Ok(_) => services.background.gone(&key, flow, ordered),
        Err(_) => services.background.release(key.run),
    }
    ended
}

/// Gives a parked run that is claimed what a call brought, and lets it go on.
async fn resume_parked(
    services: &Arc<Services>,
    tenant: &TenantId,
    run: RunId,
    token: &str,
    step: Option<&str>,
    payload: &Payload,
) -> Result<(), EngineError> {
    let queued = find(services, tenant, run)?;
    let mut checkpoint = Checkpoint::decode(&queued.state)?;
    if !checkpoint.token.as_deref().is_some_and(|known| is_same(known, token)) {
        return Err(EngineError::UnknownRun(run));
    }
    let release = services.catalog.release(tenant, queued.flow, checkpoint.version).await;
    let release = release.map_err(|error| EngineError::DefinitionGone(error.to_string()))?;
    let position = checkpoint.position.as_ref();
    let is_meant = |thread| {
        let id = position.and_then(|at| at.step_of(thread)).and_then(|at| release.plan.step(at)).map(|step| &*step.id);
        step.is_none() || id == step
    };
    let pause = checkpoint.pauses.iter_mut().find(|pause| pause.takes_call() && is_meant(pause.thread));
    let pause = pause.ok_or(EngineError::NotWaiting(run))?;
    pause.what = crate::run::WaitFor::Call(Some(payload.json().clone()));
    let key = QueueKey { when: When::Ready, due: services.steady.now(), tenant: tenant.clone(), run };
    let state = checkpoint.encode()?;
    let summary = RunSummary { outcome: Outcome::Running, waits_until: None, ..queued.summary };
    let moved = QueuedRun { key: key.clone(), replaces: Some(queued.key), state, summary, remember: None, ..queued };
    let flow = moved.flow;
    services.cluster.queue.push(moved).await?;
    services.background.offer(key, flow, None);
    Ok(())
}

/// A queued run, or why there is none.
fn find(services: &Services, tenant: &TenantId, run: RunId) -> Result<QueuedRun, EngineError> {
    if let Some(queued) = services.cluster.queue.get(tenant, run)? {
        return Ok(queued);
    }
    match services.cluster.run_log.get(tenant, run)? {
        Some(_) => Err(EngineError::RunEnded(run)),
        None => Err(EngineError::UnknownRun(run)),
    }
}

/// Compares secrets in a time that does not tell how much of them is right.
fn is_same(known: &str, given: &str) -> bool {
    known.len() == given.len() && known.bytes().zip(given.bytes()).fold(0, |differs, (a, b)| differs | (a ^ b)) == 0
}
