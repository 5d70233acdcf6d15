//! Starting a run of the background lane that must not be started twice, however often it is tried and whatever stops the
//! server in between. The run's id says which run it is; it does not decide what is started.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use weir_cluster::{Remembered, SeenKey};
use weir_model::Capture;

use crate::engine::enqueue;
use crate::run::RunContext;
use crate::{EngineError, Services};

/// How long it is known of a run that left no trace that it was started.
const KNOWN: Duration = Duration::from_secs(7 * 24 * 3_600);

/// Starts a run whose id is derived from what starts it; false where it was started before.
pub(crate) async fn start_once(services: &Arc<Services>, context: RunContext) -> Result<bool, EngineError> {
    let context = Arc::new(context);
    // Of flows that keep nothing of their runs it is kept that they were started; it is written with the run.
    let leaves_no_trace = context.release.plan.capture == Capture::None;
    let mark = leaves_no_trace.then(|| mark_of(&context));
    if is_known(services, &context, mark.clone()).await? {
        return Ok(false);
    }
    let until = services.clock.now().plus(KNOWN);
    let remember = mark.map(|key| Remembered { key, until, value: Bytes::from_static(b"{}") });
    enqueue(services, &context, remember).await.map(|()| true)
}

async fn is_known(services: &Arc<Services>, context: &RunContext, mark: Option<SeenKey>) -> Result<bool, EngineError> {
    let (cluster, tenant, run) = (services.cluster.clone(), context.tenant.clone(), context.id);
    let now = services.clock.now();
    let look = move || -> Result<bool, EngineError> {
        if cluster.run_log.get(&tenant, run)?.is_some() || cluster.queue.get(&tenant, run)?.is_some() {
            return Ok(true);
        }
        Ok(match mark {
            Some(mark) => cluster.seen.get(&mark, now)?.is_some(),
            None => false,
        })
    };
    tokio::task::spawn_blocking(look).await.map_err(|error| EngineError::Store(error.to_string()))?
}

/// The run's id as a digest; requests have hashes there.
fn mark_of(context: &RunContext) -> SeenKey {
    let mut digest = [0; 32];
    let (head, _) = digest.split_at_mut(16);
    head.copy_from_slice(context.id.as_bytes());
    SeenKey { tenant: context.tenant.clone(), flow: context.flow_id, mode: context.mode, digest }
}
