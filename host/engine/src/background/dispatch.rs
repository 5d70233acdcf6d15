//! Gives slots to background runs, one after another, and sees each to its end: whatever happens in it, its slot, its places
//! and its claim are free afterwards. It decides nothing about turns.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;
use weir_cluster::QueueKey;
use weir_model::{FlowId, Mode, TenantId};

use super::turns::Turn;
use crate::revive::{abandon, revive};
use crate::run::{Left, Run, RunContext};
use crate::services::Live;
use crate::{EngineError, Services};

/// A run that begins or goes on.
struct Begun {
    run: Run,
    key: QueueKey,
    flow: FlowId,
    is_ordered: bool,
}

/// Hands out slots to background runs until the lanes are closed.
pub(crate) async fn dispatch(services: Arc<Services>) {
    while let Some(slot) = services.lanes.background_slot().await {
        let most = |tenant: &TenantId| {
            let most = services.catalog.limits(tenant).tenant_runs;
            usize::try_from(most).unwrap_or(usize::MAX)
        };
        let turn = tokio::select! {
            biased;
            () = services.lanes.closed() => return,
            turn = services.background.next(most) => turn,
        };
        if !services.cluster.is_healthy() {
            // No end could be stored, and what timers start would start again and again.
            return;
        }
        let alive = Live::enter(&services);
        let services = Arc::clone(&services);
        tokio::spawn(async move {
            carry(&services, turn).await;
            drop((slot, alive));
        });
    }
}

async fn carry(services: &Arc<Services>, turn: Turn) {
    let (key, flow) = (turn.key.clone(), turn.flow);
    let begun = AssertUnwindSafe(Box::pin(begin(services, turn))).catch_unwind().await;
    let Begun { run, key, flow, is_ordered } = match begun {
        Ok(Some(begun)) => begun,
        Ok(None) => return,
        Err(panic) => return recover(services, &key, flow, None, &text_of(&*panic)).await,
    };
    let context = Arc::clone(run.context());
    match AssertUnwindSafe(Box::pin(run.execute())).catch_unwind().await {
        Ok(Left::Ended(_)) => services.background.left(&key, flow, is_ordered, true),
        Ok(Left::Parked(place)) => services.background.left(&place, flow, is_ordered, false),
        Err(panic) => recover(services, &key, is_ordered.then_some(flow), Some(&context), &text_of(&*panic)).await,
    }
}

/// Reads a run that has its turn, and lets it begin unless its flow holds it back.
async fn begin(services: &Arc<Services>, turn: Turn) -> Option<Begun> {
    let background = &services.background;
    if let Some(context) = &turn.fresh {
        let (flow, is_ordered) = (context.flow_id, context.is_ordered());
        let begins = background.begin(&turn, flow, is_ordered, bound_of(context));
        let run = Run::fresh(Arc::clone(context), turn.key.clone());
        return begins.then_some(Begun { run, key: turn.key, flow, is_ordered });
    }
    let queued = background.load(&turn)?;
    let (key, flow, is_ordered) = (queued.key.clone(), queued.flow, queued.ordered);
    match revive(services, queued.clone()).await {
        Ok(run) => {
            let begins = background.begin(&turn, flow, is_ordered, bound_of(run.context()));
            begins.then_some(Begun { run, key, flow, is_ordered })
        }
        Err(error) => {
            if abandon(services, queued, &error).await {
                background.left(&key, flow, is_ordered, true);
            } else {
                background.put_aside(key.run);
            }
            None
        }
    }
}

/// How many runs of its flow may be alive beside it.
fn bound_of(context: &RunContext) -> Option<u32> {
    context.release.plan.concurrency.filter(|_| context.mode == Mode::Production)
}

fn text_of(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("no text").to_owned()
}

/// Ends a run that broke the host's own code, so that it neither comes back for ever nor holds up others.
async fn recover(
    services: &Arc<Services>,
    key: &QueueKey,
    order: Option<FlowId>,
    context: Option<&RunContext>,
    panic: &str,
) {
    let (tenant, run) = (&key.tenant, key.run);
    tracing::error!(%tenant, %run, panic, "A run broke weir's own code and is given up.");
    if let Some(context) = context {
        services.live.unregister(context);
        services.live.hide(run);
    }
    match services.cluster.queue.get(tenant, run) {
        Ok(Some(queued)) => {
            let (key, order) = (queued.key.clone(), queued.ordered.then_some(queued.flow));
            abandon(services, queued, &EngineError::Panicked).await;
            services.background.leave(&key, order, true);
        }
        Ok(None) => services.background.leave(key, order, true),
        Err(error) => {
            tracing::error!(%run, %error, "It cannot be read, and is tried again at the next start.");
            services.background.put_aside(run);
        }
    }
}
