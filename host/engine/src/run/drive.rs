//! The run's loop: takes the next step that can execute, or waits for one that needs the host. It never decides what a
//! step does (steps) or where an exit leads (the flow room's machine).

use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use weir_flow::ThreadId;
use weir_model::{Code, ErrorInfo, EventKind};

use super::pause::{Over, Pause, WaitFor};
use super::step::Executing;
use super::{Ending, Run};
use crate::EngineError;
use crate::steps::{Begin, Failure, Finish, Notes, Worked};

/// Steps after which other tasks get the thread.
const STEPS_BETWEEN_YIELDS: u64 = 128;

/// How much longer than its time a step's work gets: a component is stopped by a clock of its own, which knows what it
/// used, and that one shall be first.
const GRACE: Duration = Duration::from_millis(25);

/// How long a run in memory sleeps at most before it looks at the clock again.
const LOOK_AT_CLOCK: Duration = Duration::from_millis(500);

/// WaitFor came of a step that was under way with the host.
type Event = Box<(Executing, Worked)>;

/// WaitFor steps of this run are under way with the host.
#[derive(Default)]
struct UnderWay {
    futures: FuturesUnordered<BoxFuture<'static, Event>>,
    threads: Vec<ThreadId>,
}

impl Run {
    /// Executes steps until the run is over, fails, or leaves memory to wait.
    pub(super) async fn drive(&mut self) -> Ending {
        self.context.emit(|| EventKind::RunStarted { trigger: Box::new(self.context.trigger_record()) });
        let mut under_way = UnderWay::default();
        loop {
            while let Some(thread) = self.next_thread(&under_way) {
                if let Err(ending) = self.may_go_on() {
                    return ending;
                }
                // Steps that need no host never wait; a long chain of them must not hold the thread.
                if self.steps_taken.is_multiple_of(STEPS_BETWEEN_YIELDS) {
                    tokio::task::yield_now().await;
                }
                if let Err(ending) = self.begin(thread, 1, &mut under_way).await {
                    return ending;
                }
            }
            if self.position.is_over() {
                return Ending::Completed;
            }
            let went_on = match under_way.threads.is_empty() {
                true => self.wait_out(&mut under_way).await,
                false => self.wait_for_work(&mut under_way).await,
            };
            if let Err(ending) = went_on {
                return ending;
            }
        }
    }

    /// Waits until a step that is under way ends, a pause is over, or something reaches the run from outside.
    async fn wait_for_work(&mut self, under_way: &mut UnderWay) -> Result<(), Ending> {
        let context = std::sync::Arc::clone(&self.context);
        let left = self.time_left().min(self.longest_sleep());
        let event = tokio::select! {
            biased;
            event = under_way.futures.next() => event,
            () = context.control.woken() => None,
            () = tokio::time::sleep(left) => None,
        };
        self.look_outside().await?;
        if let Some(event) = event {
            let (executing, worked) = *event;
            under_way.threads.retain(|thread| *thread != executing.thread);
            return self.worked(executing, worked).await;
        }
        if self.time_left().is_zero() {
            return Err(self.out_of_time());
        }
        self.end_pauses(under_way).await
    }

    /// Nothing is under way and every path waits: leaves memory where that is worth it, else waits here.
    async fn wait_out(&mut self, under_way: &mut UnderWay) -> Result<(), Ending> {
        self.look_outside().await?;
        if self.pauses.is_empty() {
            return Err(Ending::Completed);
        }
        if self.may_park() {
            return match self.park().await {
                Ok(Some(place)) => Err(Ending::Parked(place)),
                Ok(None) => Ok(()),
                Err(error) => Err(Ending::Failed(error.info())),
            };
        }
        let (context, began) = (std::sync::Arc::clone(&self.context), self.context.alive());
        let sleep = self.longest_sleep();
        let caller_left = async {
            match &mut self.caller {
                Some(caller) if !caller.is_closed() => caller.closed().await,
                _ => std::future::pending().await,
            }
        };
        tokio::select! {
            () = context.control.woken() => {}
            () = caller_left => {}
            () = tokio::time::sleep(sleep) => {}
        }
        self.idle += context.alive().saturating_sub(began);
        self.look_outside().await?;
        self.end_pauses(under_way).await
    }

    /// Obeys what reached the run from outside.
    async fn look_outside(&mut self) -> Result<(), Ending> {
        let context = std::sync::Arc::clone(&self.context);
        if let Some(why) = context.control.cancelled() {
            return Err(Ending::Cancelled(why));
        }
        let mut taken = Vec::new();
        for call in context.control.take_calls() {
            let plan = &context.release.plan;
            let id = |thread| self.position.step_of(thread).and_then(|at| plan.step(at)).map(|step| &*step.id);
            let is_meant = |pause: &Pause| call.step.is_none() || id(pause.thread) == call.step.as_deref();
            match self.pauses.iter_mut().find(|pause| pause.takes_call() && is_meant(pause)) {
                Some(pause) => {
                    pause.what = WaitFor::Call(Some(call.payload.json().clone()));
                    taken.push(call.answer);
                }
                None => drop(call.answer.send(Err(EngineError::NotWaiting(context.id)))),
            }
        }
        if taken.is_empty() {
            return Ok(());
        }
        // On disk before the callers hear of it, where the run itself is.
        let saved = self.save().await;
        for answer in taken {
            // A caller may have gone away.
            let _ = answer.send(saved.clone());
        }
        saved.map_err(|error| Ending::Failed(error.info()))
    }

    /// How long the run may sleep before a pause is over. Not long, since the wall clock may be put forward meanwhile.
    fn longest_sleep(&self) -> Duration {
        let shortest = self.pauses.iter().map(|pause| pause.left(&self.context.services)).min();
        shortest.map_or(Duration::MAX, |left| left.min(LOOK_AT_CLOCK))
    }

    /// Lets the steps go on whose pauses are over.
    async fn end_pauses(&mut self, under_way: &mut UnderWay) -> Result<(), Ending> {
        // One by one: what is put on disk on the way must have the others.
        while let Some(at) = self.pauses.iter().position(|pause| pause.left(&self.context.services).is_zero()) {
            let pause = self.pauses.remove(at);
            // A frame that failed elsewhere has dropped this path meanwhile.
            let Some(executing) = self.executing_since(&pause) else { continue };
            let attempt = pause.attempt;
            match pause.over() {
                Over::TryAgain => self.begin(executing.thread, attempt, under_way).await?,
                Over::Ended(json) => {
                    let output = weir_flow::Data::from_json(json.text().as_bytes());
                    let output = output.unwrap_or_else(|_| weir_flow::Data::null());
                    self.finished(executing, Finish::next(output)).await?;
                }
                Over::NotCalled => self.failed(executing, Failure::not_called(), Notes::default())?,
            }
        }
        Ok(())
    }

    /// The first thread whose step can begin.
    fn next_thread(&self, under_way: &UnderWay) -> Option<ThreadId> {
        if under_way.threads.is_empty() && self.pauses.is_empty() {
            return self.position.ready();
        }
        let waits = |thread: ThreadId| self.pauses.iter().any(|pause| pause.thread == thread);
        self.position.runnable().into_iter().find(|thread| !under_way.threads.contains(thread) && !waits(*thread))
    }

    /// Begins the step a thread stands at, and ends it where it does not need the host.
    async fn begin(&mut self, thread: ThreadId, attempt: u32, under_way: &mut UnderWay) -> Result<(), Ending> {
        let Some(mut executing) = self.executing(thread, attempt) else { return Ok(()) };
        let context = std::sync::Arc::clone(&self.context);
        let Some(step) = context.release.plan.steps.get(executing.step) else { return Ok(()) };
        context.emit(|| EventKind::StepStarted { id: step.id.to_string(), uses: step.uses.to_string() });
        match self.decide(&mut executing, step) {
            Ok(Begin::Finish(finish)) => self.finished(executing, *finish).await,
            Ok(Begin::Pause(what, due)) => {
                if matches!(what, WaitFor::Call(_)) && !self.is_inner {
                    // Its resume URL works even while its caller waits; its end takes it out again.
                    context.token();
                    context.services.live.register(&context);
                }
                self.pauses.push(Pause::of(&executing, what, due));
                Ok(())
            }
            Ok(Begin::Open(open, notes)) => match self.position.open(&context.release.plan, thread, open) {
                Ok(()) => {
                    self.opened(&executing, notes);
                    Ok(())
                }
                Err(error) => self.failed(executing, Failure::from_coded(&error), notes),
            },
            Ok(Begin::Work(work)) => {
                let limit = self.time_left().min(step.timeout.unwrap_or(Duration::MAX));
                under_way.threads.push(thread);
                under_way.futures.push(Box::pin(async move {
                    let worked = match tokio::time::timeout(limit.saturating_add(GRACE), work).await {
                        Ok(worked) => worked,
                        Err(_) => Worked { result: Err(Failure::timeout(limit)), notes: Notes::default() },
                    };
                    Box::new((executing, worked))
                }));
                Ok(())
            }
            Err(failure) => self.failed(executing, failure, Notes::default()),
        }
    }

    async fn worked(&mut self, executing: Executing, mut worked: Worked) -> Result<(), Ending> {
        self.charge(&executing, &mut worked);
        // A frame that failed elsewhere has dropped this path meanwhile.
        if self.position.step_of(executing.thread) != Some(executing.step) {
            return Ok(());
        }
        let plan = &self.context.release.plan;
        self.has_news |= plan.steps.get(executing.step).is_some_and(|step| step.code.has_effects());
        match worked.result {
            Ok(finish) => self.finished(executing, *finish).await?,
            Err(failure) => self.failed(executing, failure, worked.notes)?,
        }
        // WaitFor was done outside must not be done again after a crash.
        if self.has_news && self.durable.is_some() && !self.position.is_over() {
            self.save().await.map_err(|error| Ending::Failed(error.info()))?;
        }
        Ok(())
    }

    /// Ends a step well: variables, output, record, the caller's answer, and on along the exit.
    async fn finished(&mut self, executing: Executing, mut finish: Finish) -> Result<(), Ending> {
        let changed = match self.change_variables(&executing, &mut finish) {
            Ok(changed) => changed,
            Err(failure) => {
                let notes = std::mem::take(&mut finish.notes);
                return self.failed(executing, failure, notes);
            }
        };
        let context = std::sync::Arc::clone(&self.context);
        self.record_finish(&executing, &mut finish, changed);
        if finish.stops {
            self.position.stop();
        } else {
            let plan = &context.release.plan;
            if !finish.output.is_null() || plan.steps.get(executing.step).is_some_and(|step| step.save.is_some()) {
                self.position.put_output(plan, executing.thread, finish.output.clone());
            }
            self.position.leave(plan, executing.thread, &finish.exit);
            self.last_output = finish.output;
        }
        match finish.reply {
            Some(reply) => self.answer(reply).await,
            None => Ok(()),
        }
    }

    /// Ends a try that failed: another try, the `error` exit, or the end of the run.
    fn failed(&mut self, executing: Executing, failure: Failure, notes: Notes) -> Result<(), Ending> {
        let context = std::sync::Arc::clone(&self.context);
        let plan = &context.release.plan;
        let pause = self.pause_before_next_try(&executing, &failure);
        let id = plan.steps.get(executing.step).map(|step| step.id.to_string()).unwrap_or_default();
        let info = failure.into_info(&id);
        self.record_failure(&executing, &info, notes);
        if let Some(pause) = pause {
            let due = context.services.steady.now().plus(pause);
            let pause = Pause::of(&executing, WaitFor::Retry, due);
            self.pauses.push(Pause { attempt: executing.attempt + 1, ..pause });
            return Ok(());
        }
        if self.position.fail(
            plan,
            executing.thread,
            weir_flow::Data::from_serde(&info).unwrap_or_else(|_| weir_flow::Data::null()),
        ) {
            // Paths that were dropped wait for nothing any more, and must not take a call from those that do.
            let position = &self.position;
            self.pauses.retain(|pause| position.step_of(pause.thread).is_some());
            Ok(())
        } else {
            Err(Ending::Failed(info))
        }
    }

    fn pause_before_next_try(&self, executing: &Executing, failure: &Failure) -> Option<Duration> {
        if !failure.retryable {
            return None;
        }
        let retry = self.context.release.plan.steps.get(executing.step)?.retry?;
        let pause = self.spread(retry.pause_after(executing.attempt)?);
        let asked = Duration::from_millis(u64::from(failure.retry_after_ms.unwrap_or(0)));
        Some(pause.max(asked.min(retry.most)))
    }

    /// Whether the run's limits allow one more step.
    fn may_go_on(&mut self) -> Result<(), Ending> {
        if let Some(why) = self.context.control.cancelled() {
            return Err(Ending::Cancelled(why));
        }
        self.steps_taken += 1;
        let most = self.context.limits.run_steps;
        if self.steps_taken > most {
            let message =
                format!("The run took {most} steps, which is the limit; a loop in the flow probably never ends.");
            return Err(Ending::Failed(ErrorInfo {
                code: Code::new("WEIR-RUN-STEPS"),
                message,
                step: None,
                detail: None,
            }));
        }
        if self.time_left().is_zero() { Err(self.out_of_time()) } else { Ok(()) }
    }

    /// A pause up to a fifth shorter or longer, so that runs which failed together do not come back together.
    fn spread(&self, pause: Duration) -> Duration {
        let mut random = [0; 2];
        self.context.services.entropy.fill(&mut random);
        let share = f64::from(u16::from_be_bytes(random)) / f64::from(u16::MAX);
        pause.mul_f64(0.8 + 0.4 * share)
    }

    /// How long the run was alive, without the time in which all of its paths waited.
    pub(super) fn active(&self) -> Duration {
        (self.active_before + self.context.alive()).saturating_sub(self.idle)
    }

    fn time_left(&self) -> Duration {
        self.context.limits.run_time().saturating_sub(self.active())
    }

    fn out_of_time(&self) -> Ending {
        let limit = self.context.limits.run_time();
        let message = format!("The run took longer than {limit:?}, which is the limit.");
        Ending::TimedOut(ErrorInfo { code: Code::new("WEIR-RUN-TIMEOUT"), message, step: None, detail: None })
    }
}
