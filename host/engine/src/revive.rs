//! A queued run becomes a run again: its state is read, its definition found. What cannot go on is ended, so that it does
//! not come back for ever. It decides nothing about turns.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use weir_catalog::CatalogError;
use weir_cluster::{Done, Entry, QueuedRun};
use weir_model::{Capture, Outcome};

use crate::run::{Checkpoint, Run, RunContext, Start};
use crate::{EngineError, Release, Services};

/// The run of a queued state.
pub(crate) async fn revive(services: &Arc<Services>, queued: QueuedRun) -> Result<Run, EngineError> {
    let checkpoint = Checkpoint::decode(&queued.state)?;
    let release = find_release(services, &queued, &checkpoint).await?;
    let start = start_of(&queued, &checkpoint, release)?;
    let mut context = RunContext::new(Arc::clone(services), queued.key.run, start, None);
    context.started_at = checkpoint.started_at;
    context.before = services.steady.now().since(checkpoint.started_at).max(Duration::ZERO);
    context.depth = checkpoint.depth;
    context.called_by = checkpoint.called_by;
    context.root = checkpoint.root.unwrap_or(context.id);
    context.caller_left.store(checkpoint.caller_left, Ordering::Relaxed);
    if let Some(token) = &checkpoint.token {
        context.keep_token(token.clone());
    }
    Ok(Run::resume(Arc::new(context), queued.key, checkpoint))
}

fn start_of(queued: &QueuedRun, checkpoint: &Checkpoint, release: Arc<Release>) -> Result<Start, EngineError> {
    Ok(Start {
        tenant: queued.key.tenant.clone(),
        flow: checkpoint.flow.clone(),
        flow_id: queued.flow,
        release,
        mode: checkpoint.mode,
        request: Arc::clone(&checkpoint.request),
        body: checkpoint.body.clone(),
        payload: checkpoint.payload()?,
        origin: checkpoint.origin,
    })
}

async fn find_release(
    services: &Arc<Services>,
    queued: &QueuedRun,
    checkpoint: &Checkpoint,
) -> Result<Arc<Release>, EngineError> {
    let gone = |reason: String| EngineError::DefinitionGone(reason);
    let release = services.catalog.release(&queued.key.tenant, queued.flow, checkpoint.version).await;
    let release = match release {
        Ok(release) => release,
        Err(CatalogError::Stopping) => return Err(EngineError::Stopping),
        Err(CatalogError::Cluster(error)) => return Err(EngineError::Store(error.to_string())),
        Err(error) => return Err(gone(error.to_string())),
    };
    if checkpoint.fits(&release) {
        Ok(release)
    } else {
        Err(gone(format!("the draft of {} was changed after the run began", checkpoint.flow)))
    }
}

/// Ends a run that cannot go on. Its state stays beside its record where the flow keeps records of what failed.
/// False where it is still in the queue.
pub(crate) async fn abandon(services: &Arc<Services>, queued: QueuedRun, error: &EngineError) -> bool {
    if matches!(error, EngineError::Stopping | EngineError::Store(_)) {
        tracing::warn!(run = %queued.key.run, %error, "A queued run waits for the next start.");
        return false;
    }
    tracing::warn!(run = %queued.key.run, %error, "A queued run was given up.");
    let run = queued.key.run;
    let hook = services.catalog.hook_by_flow(&queued.key.tenant, queued.flow);
    let capture = hook.and_then(|hook| Some(hook.published.as_ref()?.plan.capture));
    let is_kept = matches!(capture, None | Some(Capture::Full | Capture::Errors));
    let mut summary = queued.summary;
    (summary.outcome, summary.waits_until) = (Outcome::Failed, None);
    summary.error = Some(error.info());
    let entry = Entry {
        tenant: queued.key.tenant.clone(),
        summary,
        record: None,
        done: Some(Done { key: queued.key, flow: queued.flow, ordered: queued.ordered }),
        resume: is_kept.then_some(queued.state),
        sync: false,
    };
    if let Err(error) = services.cluster.run_log.append(entry).await {
        tracing::error!(%run, %error, "A run's end could not be stored.");
        return false;
    }
    true
}
