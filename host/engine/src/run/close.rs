//! The caller's answer and the run's end: what must be on disk before either is told. It executes no step.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use weir_cluster::{Done, Entry, QueueKey};
use weir_flow::Data;
use weir_model::{Capture, ErrorInfo, EventKind, Mode, Outcome, RunRecord, RunSummary};

use super::{End, Ending, Run, Told};
use crate::reply::Reply;
use crate::{answer, failures};

/// Bytes of state up to which a run that failed can be retried; a larger one can only be replayed.
const MOST_RESUME_STATE: usize = 4 << 20;

impl Run {
    /// Takes a Response step's answer. Where steps remain, the run becomes durable before the caller hears of it.
    pub(super) async fn answer(&mut self, reply: Reply) -> Result<(), Ending> {
        if self.answered.is_some() {
            return Ok(());
        }
        self.answered = Some(reply.clone());
        if self.position.is_over() || self.caller.is_none() {
            return Ok(());
        }
        let told = match self.make_durable().await {
            Ok(()) => Told::Reply(reply),
            Err(error) => {
                tracing::error!(run = %self.context.id, %error, "The rest of a run could not be stored.");
                self.answered = None;
                self.tell(Told::Unavailable);
                return Err(Ending::Failed(error.info()));
            }
        };
        self.tell(told);
        Ok(())
    }

    fn tell(&mut self, told: Told) {
        if let (Told::Reply(reply), true) = (&told, self.context.mode == Mode::Development) {
            let answer = reply.record(self.recorder.value_cap()).0;
            self.context.emit(|| EventKind::Answered { answer: Box::new(answer) });
        }
        if let Some(caller) = self.caller.take() {
            // The caller may have left: the answer stays in the record.
            let _ = caller.send(told);
        }
    }

    /// Ends the run: its record, the caller's answer, the listeners.
    pub(super) async fn close(mut self, ending: Ending) -> End {
        let (outcome, error) = match ending {
            Ending::Completed => (Outcome::Completed, None),
            Ending::Failed(error) => (Outcome::Failed, Some(error)),
            Ending::TimedOut(error) => (Outcome::TimedOut, Some(error)),
            Ending::Cancelled(error) => (Outcome::Cancelled, Some(error)),
            // A run that waits has no end; nothing calls this for one.
            Ending::Parked(_) => (Outcome::Waiting, None),
        };
        let duration_us = self.context.elapsed_us();
        let told = self.last_word(error.as_ref());
        let sent = self.sent(&told);
        if outcome != Outcome::Cancelled {
            failures::after_end(&self.context.services, &self.context, outcome, error.as_ref()).await;
        }
        self.log(outcome, error.clone(), sent.as_ref(), duration_us).await;
        if let Some(remember) = &self.context.remember {
            remember.end(answer::of(&told, &self.context));
        }
        if self.caller.is_some() {
            self.tell(told);
        }
        self.context.services.live.unregister(&self.context);
        if self.context.caller_left.load(Ordering::Relaxed) {
            self.context.services.live.hide(self.context.id);
        }
        self.context.emit(|| EventKind::RunFinished { outcome, error: error.clone(), duration_us });
        let output = match &self.answered {
            Some(reply) => data_of(reply),
            None => self.last_output,
        };
        End { outcome, error, output }
    }

    /// What a caller who still waits is told.
    fn last_word(&self, error: Option<&ErrorInfo>) -> Told {
        match (&self.answered, error) {
            (Some(reply), _) => Told::Reply(reply.clone()),
            (None, Some(error)) => Told::Failed(error.clone()),
            (None, None) => Told::Ended,
        }
    }

    /// The answer that the caller got or gets, for the record.
    fn sent(&self, told: &Told) -> Option<Reply> {
        let context = &self.context;
        if context.caller_left.load(Ordering::Relaxed) {
            return Some(answer::no_answer_in_time(context.id, context.release.plan.webhook.wait));
        }
        if let Some(reply) = &self.answered {
            return Some(reply.clone());
        }
        if self.caller.is_some() {
            return Some(answer::of(told, context));
        }
        (self.durable.is_some() && context.depth == 0 && context.origin.is_none()).then(|| answer::accepted(context))
    }

    async fn log(&mut self, outcome: Outcome, error: Option<ErrorInfo>, sent: Option<&Reply>, duration_us: u64) {
        let context = Arc::clone(&self.context);
        let services = &context.services;
        let capture = match context.mode {
            Mode::Development => Capture::Full,
            Mode::Production => context.release.plan.capture,
        };
        let durable = self.durable.take();
        let is_ordered = context.is_ordered();
        let done = durable.map(|key| Done { key, flow: context.flow_id, ordered: is_ordered });
        if capture == Capture::None {
            if let Some(done) = done {
                let key = done.key.clone();
                self.settled(&key, services.cluster.queue.forget(done).await);
            }
            return;
        }
        let error = error.map(|error| {
            let detail = error.detail.as_ref().map(|detail| self.recorder.value(detail));
            ErrorInfo { detail, ..error }
        });
        let resume = self.resume_state(outcome, capture);
        let record = self.record_of(outcome, error, sent, duration_us);
        let mut summary = record.summary();
        summary.step_count = self.recorder.count;
        if let Some(error) = &mut summary.error {
            // It is in the record; a list has no use for it.
            error.detail = None;
        }
        let keep = capture == Capture::Full || (capture == Capture::Errors && outcome != Outcome::Completed);
        let record = if keep { serde_json::to_vec(&record).ok().map(Into::into) } else { None };
        let key = done.as_ref().map(|done| done.key.clone());
        let is_durable = done.is_some();
        // Of a run that did something outside since its checkpoint the end is synced, else a power cut would do it again.
        let sync = is_durable && self.has_news;
        let entry = Entry { tenant: context.tenant.clone(), summary, record, done, resume, sync };
        let ack = services.cluster.run_log.append(entry);
        if let Some(key) = key {
            // The queue must not hand the run out again before its entry there is gone.
            self.settled(&key, ack.await);
        }
    }

    /// What a run that did not complete can be retried from.
    fn resume_state(&self, outcome: Outcome, capture: Capture) -> Option<Bytes> {
        let is_kept = outcome != Outcome::Completed && matches!(capture, Capture::Full | Capture::Errors);
        let state = if is_kept { self.checkpoint().encode().ok() } else { None };
        state.filter(|state| state.len() <= MOST_RESUME_STATE)
    }

    fn settled(&self, key: &QueueKey, result: Result<(), weir_cluster::StoreError>) {
        if let Err(error) = result {
            tracing::error!(run = %self.context.id, %error, "A run's end could not be stored.");
        }
        if !self.is_dispatched {
            self.context.services.background.gone(key, self.context.flow_id, false);
        }
    }

    fn record_of(
        &mut self,
        outcome: Outcome,
        error: Option<ErrorInfo>,
        sent: Option<&Reply>,
        duration_us: u64,
    ) -> RunRecord {
        let answer = sent.map(|reply| {
            let (answer, is_cut) = reply.record(self.recorder.value_cap());
            self.recorder.truncated |= is_cut;
            answer
        });
        let context = &self.context;
        RunRecord {
            id: context.id,
            tenant: context.tenant.clone(),
            flow: context.flow.clone(),
            flow_id: context.flow_id,
            version: context.version,
            mode: context.mode,
            outcome,
            started_at: context.started_at,
            duration_us,
            trigger: Some(context.trigger_record()),
            steps: self.recorder.take_steps(),
            answer,
            error,
            truncated: self.recorder.truncated,
            origin: context.origin,
            resumed: self.resumed,
        }
    }

    pub(super) fn summary(&self, outcome: Outcome, error: Option<ErrorInfo>) -> RunSummary {
        self.context.summary(outcome, error, self.recorder.count, self.answered.as_ref())
    }
}

/// An answer as the output of a `call` step: JSON where it is JSON, else text.
fn data_of(reply: &Reply) -> Data {
    Data::from_json(&reply.body).unwrap_or_else(|_| Data::from(String::from_utf8_lossy(&reply.body).into_owned()))
}
