//! What of a run is put on disk while it is not over: before its caller hears of it, after steps with outside effects, and
//! when it leaves memory to wait. It ends no run.

use std::sync::atomic::Ordering;
use std::time::Duration;

use weir_cluster::{QueueKey, QueuedRun, Remembered, When};
use weir_model::{Outcome, Timestamp};

use super::pause::Pause;
use super::{Checkpoint, Run};
use crate::{EngineError, answer};

/// Shorter waits stay in memory: writing the run and reading it again costs a few milliseconds.
const WORTH_PARKING: Duration = Duration::from_millis(100);

impl Run {
    /// The run as it stands.
    pub(super) fn checkpoint(&self) -> Checkpoint {
        let mut checkpoint = Checkpoint::fresh(&self.context);
        checkpoint.position = Some(self.position.clone());
        checkpoint.steps_taken = self.steps_taken;
        checkpoint.used = self.used;
        checkpoint.answered = self.answered.as_ref().map(Into::into);
        checkpoint.steps = self.recorder.steps().to_vec();
        checkpoint.step_count = self.recorder.count;
        checkpoint.truncated = self.recorder.truncated;
        checkpoint.variable_bytes.clone_from(&self.variable_bytes);
        checkpoint.pauses.clone_from(&self.pauses);
        checkpoint.resumed = self.resumed;
        checkpoint.active_us = super::context::micros(self.active());
        checkpoint
    }

    /// Puts what remains of a run that is not in the queue there, synced, so that it ends even if the server dies now.
    pub(super) async fn make_durable(&mut self) -> Result<(), EngineError> {
        if self.durable.is_some() {
            // It was put there before, when it was about to leave memory: claimed and counted.
            return self.save().await;
        }
        let background = &self.context.services.background;
        // Who looks for the run on disk has the claim for a moment.
        while !background.claim(self.context.id) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        // It is counted, but never turned away: it is under way.
        background.admit(&self.context.tenant, u64::MAX);
        self.context.services.live.register(&self.context);
        let key = self.key(When::Ready, self.context.started_at);
        let stored = self.put(key, Outcome::Running, None).await;
        if stored.is_err() {
            let background = &self.context.services.background;
            background.release(self.context.id);
            background.uncount(&self.context.tenant);
        }
        stored
    }

    /// Puts the run as it stands in place of its last checkpoint, synced.
    pub(super) async fn save(&mut self) -> Result<(), EngineError> {
        let Some(key) = self.durable.clone() else { return Ok(()) };
        self.has_news = false;
        self.put(key, Outcome::Running, None).await
    }

    /// Whether the run may leave memory: nothing of it is under way, it waits long enough, and no caller waits for it.
    pub(super) fn may_park(&self) -> bool {
        let services = &self.context.services;
        let is_awaited = self.caller.as_ref().is_some_and(|caller| !caller.is_closed())
            && !self.context.caller_left.load(Ordering::Relaxed);
        let shortest = self.pauses.iter().map(|pause| pause.left(services)).min();
        // A called run lives inside its caller's step.
        !is_awaited && !self.is_inner && shortest.is_some_and(|left| left >= WORTH_PARKING)
    }

    /// Puts the run on disk at the place of its earliest pause. Its new place; none where something reached it meanwhile, so
    /// that it has to look again.
    pub(super) async fn park(&mut self) -> Result<Option<QueueKey>, EngineError> {
        if self.durable.is_none() {
            self.make_durable().await?;
        }
        let services = std::sync::Arc::clone(&self.context.services);
        let Some(pause) = self.pauses.iter().min_by_key(|pause| pause.left(&services)) else { return Ok(None) };
        // Its end depends on two clocks where paths wait for both kinds; the earlier one takes it up, and it parks again.
        let (when, due) = (pause.when(), pause.due);
        let is_call = pause.takes_call();
        if is_call {
            self.context.token();
        }
        let shown = self.shown_end(pause);
        self.put(self.key(when, due), Outcome::Waiting, Some(shown)).await?;
        Ok(if services.live.unregister_if_quiet(&self.context) { self.durable.take() } else { None })
    }

    /// The end of a pause by the wall clock, for lists.
    fn shown_end(&self, pause: &Pause) -> Timestamp {
        match pause.when() {
            When::At => pause.due,
            _ => self.context.services.clock.now().plus(pause.left(&self.context.services)),
        }
    }

    fn key(&self, when: When, due: Timestamp) -> QueueKey {
        QueueKey { when, due, tenant: self.context.tenant.clone(), run: self.context.id }
    }

    /// What the hook remembers of the request, once there is something to say.
    fn remembered(&self) -> Option<Remembered> {
        let context = &self.context;
        let remember = context.remember.as_ref()?;
        let reply = match &self.answered {
            Some(reply) => reply.clone(),
            None if context.caller_left.load(Ordering::Relaxed) => {
                answer::no_answer_in_time(context.id, context.release.plan.webhook.wait)
            }
            None => return None,
        };
        remember.once(context.id, &reply, context.services.clock.now())
    }

    async fn put(&mut self, key: QueueKey, outcome: Outcome, until: Option<Timestamp>) -> Result<(), EngineError> {
        let mut summary = self.summary(outcome, None);
        summary.waits_until = until;
        let queued = QueuedRun {
            key: key.clone(),
            replaces: self.durable.clone(),
            flow: self.context.flow_id,
            ordered: self.context.is_ordered(),
            remember: self.remembered(),
            summary,
            state: self.checkpoint().encode()?,
        };
        self.context.services.cluster.queue.push(queued).await.map_err(EngineError::from)?;
        self.durable = Some(key);
        Ok(())
    }
}
