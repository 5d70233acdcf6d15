//! What is done to runs, one or many: walks the list that a filter gives and hands each run to the engine. It decides
//! which runs an order is for; what retrying, replaying and cancelling are is the engine's.

use std::sync::Arc;

use axum::http::StatusCode;
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tracing::Instrument as _;
use weir_engine::{EngineError, Replay, RunFilter, Which};
use weir_model::{Outcome, RunId, TenantId, Timestamp};

use crate::access::Caller;
use crate::error::{Answer, ApiError};
use crate::paging::List;
use crate::runs::{Wanted, filter_of};
use crate::state::AdminState;
use crate::views::{BulkAction, BulkCommand, BulkDone, BulkErrorView, BulkView, WhichView};

/// The most runs of one call.
const MOST: u32 = 10_000;
/// How many runs are listed at a time.
const PAGE: u64 = 200;
/// For how many runs it is done at a time.
const AT_ONCE: usize = 8;
/// Failures that are told one by one.
const ERRORS_TOLD: usize = 100;

/// What is done to a run.
pub(crate) enum Order {
    Retry,
    Replay(Replay),
    Cancel,
}

/// Carries an order out, whole even where the client goes away in the middle. The run that began, or that ends.
pub(crate) async fn carry_out(
    state: &AdminState,
    tenant: TenantId,
    run: RunId,
    order: Order,
    by: String,
) -> Answer<RunId> {
    let engine = state.engine().clone();
    let work = async move {
        match order {
            Order::Retry => engine.retry(&tenant, run, &by).await,
            Order::Replay(replay) => {
                let new = engine.replay(&tenant, run, replay).await?;
                tracing::info!(%tenant, %run, %new, %by, "A run is replayed.");
                Ok(new)
            }
            Order::Cancel => {
                engine.cancel(&tenant, run, &by).await?;
                tracing::info!(%tenant, %run, %by, "A run is cancelled.");
                Ok(run)
            }
        }
    };
    let done = tokio::spawn(work.in_current_span()).await;
    Ok(done.unwrap_or(Err(EngineError::Panicked))?)
}

/// An order for many runs, checked.
pub(crate) struct Job {
    action: BulkAction,
    filter: RunFilter,
    /// No run that starts later is looked at, so that an order never takes the runs that it makes.
    until: Timestamp,
    on: Which,
    limit: u64,
    after: Option<String>,
    dry_run: bool,
    caller: Caller,
}

impl Job {
    /// The job that a caller asks for.
    pub(crate) fn new(state: &AdminState, tenant: TenantId, caller: Caller, command: &BulkCommand) -> Answer<Self> {
        let asked = &command.filter;
        if asked.is_empty() && command.action != BulkAction::Retry {
            let message = "`filter` is empty, which means every run: say which ones, by flow, outcome, mode or time";
            return Err(ApiError::malformed("WEIR-API-BULK-FILTER", message));
        }
        let limit = command.limit.unwrap_or(MOST);
        if !(1..=MOST).contains(&limit) {
            let message = format!("`limit` is {limit}: ask for 1 to {MOST} runs and follow `next` for more");
            return Err(ApiError::malformed("WEIR-API-LIMIT", message));
        }
        let now = state.clock().now();
        let wanted = Wanted {
            flow: asked.flow.as_deref(),
            outcome: asked.outcome,
            mode: asked.mode,
            since: asked.since.as_deref(),
            until: asked.until.as_deref(),
        };
        let filter = filter_of(state, tenant, &wanted)?;
        let until = filter.until.map_or(now, |until| until.min(now));
        let job = Self {
            action: command.action,
            filter: RunFilter { until: Some(until), ..filter },
            until,
            on: WhichView::of(command.on),
            limit: u64::from(limit),
            after: List::Runs.window(None, command.after.as_deref())?.after,
            dry_run: command.dry_run,
            caller,
        };
        match job.filter.outcome.filter(|outcome| !job.takes(*outcome)) {
            None => Ok(job),
            Some(outcome) => Err(job.beside_the_point(outcome)),
        }
    }

    fn beside_the_point(&self, outcome: Outcome) -> ApiError {
        let takes = match self.action {
            BulkAction::Retry => "a retry takes runs that failed, ran out of time or were cancelled",
            BulkAction::Replay => "a replay takes runs that ended",
            BulkAction::Cancel => "a cancel takes runs that run or wait",
        };
        let message = format!("the filter asks for runs that are {}: {takes}", outcome.as_str());
        ApiError::malformed("WEIR-API-BULK-FILTER", message)
    }

    /// Whether the order is for runs that stand or ended so.
    fn takes(&self, outcome: Outcome) -> bool {
        match self.action {
            // Somebody meant those that were cancelled to end, so they have to be asked for.
            BulkAction::Retry if self.filter.outcome.is_none() => {
                matches!(outcome, Outcome::Failed | Outcome::TimedOut)
            }
            BulkAction::Retry => outcome.is_final() && outcome != Outcome::Completed,
            BulkAction::Replay => outcome.is_final(),
            BulkAction::Cancel => !outcome.is_final(),
        }
    }

    fn order(&self) -> Order {
        match self.action {
            BulkAction::Retry => Order::Retry,
            BulkAction::Replay => Order::Replay(Replay { payload: None, on: self.on }),
            BulkAction::Cancel => Order::Cancel,
        }
    }

    /// Whether more pages may be taken: a long order ends with its token and with the server.
    fn may_go_on(&self, state: &AdminState, totals: &BulkDone) -> Answer<()> {
        let stopped = |code, why: &str| {
            let BulkDone { done, failed, .. } = totals;
            let message = format!("{why}: it was done for {done} runs and failed for {failed}; ask again for the rest");
            Err(ApiError::new(StatusCode::SERVICE_UNAVAILABLE, code, message))
        };
        if *state.closing().borrow() {
            return stopped("WEIR-API-STOPPING", "the server stops");
        }
        if !self.caller.still_holds(state) {
            return stopped("WEIR-API-TOKEN-ENDED", "the token opens nothing any more");
        }
        Ok(())
    }
}

/// Carries a job out, page by page, and tells how far it is.
pub(crate) async fn work(state: &AdminState, job: &Arc<Job>, tell: impl Fn(BulkView) + Sync) -> Answer<BulkDone> {
    let mut totals = BulkDone { until: job.until, ..BulkDone::default() };
    let mut after = job.after.clone();
    loop {
        let size = usize::try_from(PAGE.min(job.limit - totals.matched)).unwrap_or(1);
        let page = state.engine().history().list(&job.filter, after.as_deref(), size).await?;
        let runs: Vec<RunId> = page.items.iter().filter(|run| job.takes(run.outcome)).map(|run| run.id).collect();
        totals.matched += runs.len() as u64;
        tell(step(&totals));
        if !job.dry_run {
            each(state, job, runs, &mut totals, &tell).await;
        }
        after = page.next;
        if after.is_none() || totals.matched >= job.limit {
            break;
        }
        job.may_go_on(state, &totals)?;
    }
    totals.next = after.map(|key| List::Runs.cursor(&key));
    Ok(totals)
}

/// Carries a job out for the runs of a page.
async fn each(
    state: &AdminState,
    job: &Arc<Job>,
    runs: Vec<RunId>,
    totals: &mut BulkDone,
    tell: &(impl Fn(BulkView) + Sync),
) {
    let mut runs = runs.into_iter();
    let mut under_way = FuturesUnordered::new();
    loop {
        while under_way.len() < AT_ONCE
            && let Some(run) = runs.next()
        {
            under_way.push(one(state.clone(), Arc::clone(job), run));
        }
        let Some((run, result)) = under_way.next().await else { return };
        note(totals, run, result);
        tell(step(totals));
    }
}

async fn one(state: AdminState, job: Arc<Job>, run: RunId) -> (RunId, Answer<RunId>) {
    let by = job.caller.name();
    (run, carry_out(&state, job.filter.tenant.clone(), run, job.order(), by).await)
}

fn step(totals: &BulkDone) -> BulkView {
    BulkView::Step { matched: totals.matched, done: totals.done, failed: totals.failed }
}

fn note(totals: &mut BulkDone, run: RunId, result: Answer<RunId>) {
    match result {
        Ok(_) => totals.done += 1,
        Err(error) => {
            totals.failed += 1;
            if totals.errors.len() < ERRORS_TOLD {
                let detail = error.into_detail();
                totals.errors.push(BulkErrorView { run, code: detail.code, message: detail.message });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_all_counted_and_some_told() {
        let run: RunId = "0192f3c8-5b5e-7000-8000-000000000001".parse().unwrap();
        let mut totals = BulkDone::default();
        note(&mut totals, run, Ok(run));
        for _ in 0..150 {
            note(&mut totals, run, Err(ApiError::from(EngineError::NotFailed(run))));
        }
        assert_eq!((totals.done, totals.failed, totals.errors.len()), (1, 150, ERRORS_TOLD));
        assert_eq!(totals.errors[0].code, "WEIR-RUN-NOT-FAILED");
        let line = serde_json::to_string(&step(&totals)).unwrap();
        assert_eq!(line, r#"{"matched":0,"done":1,"failed":150}"#);
    }
}
