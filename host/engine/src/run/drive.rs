//! The run's loop: takes the next step that can execute, or waits for one that needs the host. It never decides what a
//! step does (steps) or where an exit leads (the flow room's machine).

use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use weir_flow::ThreadId;
use weir_model::{Code, ErrorInfo, EventKind};

use super::step::Executing;
use super::{Ending, Run};
use crate::steps::{Begin, Failure, Finish, Notes, Worked};

/// Steps after which other tasks get the thread.
const STEPS_BETWEEN_YIELDS: u64 = 128;

/// How much longer than its time a step's work gets: a component is stopped by a clock of its own, which knows what it
/// used, and that one shall be first.
const GRACE: Duration = Duration::from_millis(25);

/// Something that the run waited for.
enum Event {
    /// A step's work with the host came to its end.
    Worked(Box<(Executing, Worked)>),
    /// The pause before another try is over.
    TryAgain(ThreadId, u32),
}

/// What steps of this run are under way with the host.
#[derive(Default)]
struct UnderWay {
    futures: FuturesUnordered<BoxFuture<'static, Event>>,
    threads: Vec<ThreadId>,
}

impl Run {
    /// Executes steps until the run is over or fails.
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
            let left = self.time_left();
            let event = match tokio::time::timeout(left, under_way.futures.next()).await {
                Ok(Some(event)) => event,
                Ok(None) => return Ending::Completed,
                Err(_) => return self.out_of_time(),
            };
            let went_on = match event {
                Event::Worked(ended) => {
                    let (executing, worked) = *ended;
                    under_way.threads.retain(|thread| *thread != executing.thread);
                    self.worked(executing, worked, &mut under_way).await
                }
                Event::TryAgain(thread, attempt) => {
                    under_way.threads.retain(|waiting| *waiting != thread);
                    self.begin(thread, attempt, &mut under_way).await
                }
            };
            if let Err(ending) = went_on {
                return ending;
            }
        }
    }

    /// The first thread whose step can begin.
    fn next_thread(&self, under_way: &UnderWay) -> Option<ThreadId> {
        if under_way.threads.is_empty() {
            return self.position.ready();
        }
        self.position.runnable().into_iter().find(|thread| !under_way.threads.contains(thread))
    }

    /// Begins the step a thread stands at, and ends it where it does not need the host.
    async fn begin(&mut self, thread: ThreadId, attempt: u32, under_way: &mut UnderWay) -> Result<(), Ending> {
        let Some(mut executing) = self.executing(thread, attempt) else { return Ok(()) };
        let context = std::sync::Arc::clone(&self.context);
        let Some(step) = context.release.plan.steps.get(executing.step) else { return Ok(()) };
        context.emit(|| EventKind::StepStarted { id: step.id.to_string(), uses: step.uses.to_string() });
        match self.decide(&mut executing, step) {
            Ok(Begin::Finish(finish)) => self.finished(executing, *finish).await,
            Ok(Begin::Open(open, notes)) => match self.position.open(&context.release.plan, thread, open) {
                Ok(()) => {
                    self.opened(&executing, notes);
                    Ok(())
                }
                Err(error) => self.failed(executing, Failure::from_coded(&error), notes, under_way),
            },
            Ok(Begin::Work(work)) => {
                let limit = self.time_left().min(step.timeout.unwrap_or(Duration::MAX));
                under_way.threads.push(thread);
                under_way.futures.push(Box::pin(async move {
                    let worked = match tokio::time::timeout(limit.saturating_add(GRACE), work).await {
                        Ok(worked) => worked,
                        Err(_) => Worked { result: Err(Failure::timeout(limit)), notes: Notes::default() },
                    };
                    Event::Worked(Box::new((executing, worked)))
                }));
                Ok(())
            }
            Err(failure) => self.failed(executing, failure, Notes::default(), under_way),
        }
    }

    async fn worked(
        &mut self,
        executing: Executing,
        mut worked: Worked,
        under_way: &mut UnderWay,
    ) -> Result<(), Ending> {
        self.charge(&executing, &mut worked);
        // A frame that failed elsewhere has dropped this path meanwhile.
        if self.position.step_of(executing.thread) != Some(executing.step) {
            return Ok(());
        }
        match worked.result {
            Ok(finish) => self.finished(executing, *finish).await,
            Err(failure) => self.failed(executing, failure, worked.notes, under_way),
        }
    }

    /// Ends a step well: variables, output, record, the caller's answer, and on along the exit.
    async fn finished(&mut self, executing: Executing, mut finish: Finish) -> Result<(), Ending> {
        let changed = match self.change_variables(&executing, &mut finish) {
            Ok(changed) => changed,
            Err(failure) => {
                let notes = std::mem::take(&mut finish.notes);
                return self.failed(executing, failure, notes, &mut UnderWay::default());
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
    fn failed(
        &mut self,
        executing: Executing,
        failure: Failure,
        notes: Notes,
        under_way: &mut UnderWay,
    ) -> Result<(), Ending> {
        let context = std::sync::Arc::clone(&self.context);
        let plan = &context.release.plan;
        let pause = self.pause_before_next_try(&executing, &failure);
        let id = plan.steps.get(executing.step).map(|step| step.id.to_string()).unwrap_or_default();
        let info = failure.into_info(&id);
        self.record_failure(&executing, &info, notes);
        if let Some(pause) = pause {
            let (thread, attempt) = (executing.thread, executing.attempt + 1);
            under_way.threads.push(thread);
            under_way.futures.push(Box::pin(async move {
                tokio::time::sleep(pause).await;
                Event::TryAgain(thread, attempt)
            }));
            return Ok(());
        }
        if self.position.fail(
            plan,
            executing.thread,
            weir_flow::Data::from_serde(&info).unwrap_or_else(|_| weir_flow::Data::null()),
        ) {
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
        let pause = retry.pause_after(executing.attempt)?;
        let asked = Duration::from_millis(u64::from(failure.retry_after_ms.unwrap_or(0)));
        Some(pause.max(asked.min(retry.most)))
    }

    /// Whether the run's limits allow one more step.
    fn may_go_on(&mut self) -> Result<(), Ending> {
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

    fn time_left(&self) -> Duration {
        let gone = self.context.services.clock.elapsed().saturating_sub(self.context.started);
        self.context.limits.run_time().saturating_sub(gone)
    }

    fn out_of_time(&self) -> Ending {
        let limit = self.context.limits.run_time();
        let message = format!("The run took longer than {limit:?}, which is the limit.");
        Ending::TimedOut(ErrorInfo { code: Code::new("WEIR-RUN-TIMEOUT"), message, step: None, detail: None })
    }
}
