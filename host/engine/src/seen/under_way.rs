//! The first requests with their keys that are under way, and who waits for their answers: in memory, bounded per tenant.
//! It runs nothing and knows nothing of what is on disk.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::watch;
use weir_cluster::SeenKey;
use weir_model::TenantId;

use super::memory::Fingerprint;
use crate::Reply;

/// First requests of one tenant that may be under way at a time, those included whose callers were sent away.
const MOST_FIRST: usize = 4_096;
/// Callers of one tenant who may wait for the answers of others.
const MOST_WAITING: usize = 1_024;

/// Where the first request with a key stands.
#[derive(Clone, Debug)]
enum Stage {
    /// Its run has not answered.
    Running,
    /// Its caller waited long enough and was told this; the run goes on.
    SentAway(Reply),
    /// It was answered; the second value says whether that is remembered.
    Over(Reply, bool),
}

/// All first requests that are under way.
#[derive(Debug, Default)]
pub(crate) struct UnderWay(Mutex<HashMap<TenantId, Tenant>>);

#[derive(Debug, Default)]
struct Tenant {
    first: HashMap<SeenKey, First>,
    waiting: usize,
}

#[derive(Debug)]
struct First {
    fingerprint: Fingerprint,
    stage: watch::Receiver<Stage>,
}

/// What a request with a key is to do.
#[derive(Debug)]
pub(super) enum Verdict {
    /// It is the first and runs.
    First(Ticket),
    /// Another one runs; wait for its answer.
    Follow(Follower),
    /// Another one runs that asked for something else.
    Mismatch,
    /// There is no room for it.
    Crowded,
}

impl UnderWay {
    /// Makes a request the first with its key, or one that waits for the first.
    pub(super) fn enter(self: &Arc<Self>, key: &SeenKey, fingerprint: Fingerprint) -> Verdict {
        let mut tenants = self.0.lock();
        let tenant = tenants.entry(key.tenant.clone()).or_default();
        if let Some(first) = tenant.first.get(key) {
            if first.fingerprint != fingerprint {
                return Verdict::Mismatch;
            }
            if tenant.waiting >= MOST_WAITING {
                return Verdict::Crowded;
            }
            tenant.waiting += 1;
            let stage = StageView(first.stage.clone());
            return Verdict::Follow(Follower { table: Arc::clone(self), tenant: key.tenant.clone(), stage });
        }
        if tenant.first.len() >= MOST_FIRST {
            return Verdict::Crowded;
        }
        let (told, stage) = watch::channel(Stage::Running);
        tenant.first.insert(key.clone(), First { fingerprint, stage });
        Verdict::First(Ticket { table: Arc::clone(self), key: key.clone(), fingerprint, told })
    }

    /// Changes what is kept of a tenant, and lets go of tenants of whom there is nothing left.
    fn change(&self, id: &TenantId, change: impl FnOnce(&mut Tenant)) {
        let mut tenants = self.0.lock();
        let Some(tenant) = tenants.get_mut(id) else { return };
        change(tenant);
        if tenant.first.is_empty() && tenant.waiting == 0 {
            tenants.remove(id);
        }
    }
}

/// The right to run, of the first request with a key. Once it is dropped, the next request is the first.
#[derive(Debug)]
pub(super) struct Ticket {
    table: Arc<UnderWay>,
    key: SeenKey,
    fingerprint: Fingerprint,
    told: watch::Sender<Stage>,
}

impl Ticket {
    pub(super) fn key(&self) -> &SeenKey {
        &self.key
    }

    pub(super) fn fingerprint(&self) -> &Fingerprint {
        &self.fingerprint
    }

    /// What the request's own caller looks at.
    pub(super) fn stage(&self) -> StageView {
        StageView(self.told.subscribe())
    }

    /// The caller is told this and the run goes on; others wait for its end.
    pub(super) fn sent_away(&self, reply: Reply) {
        self.told.send_replace(Stage::SentAway(reply));
    }

    /// Everybody is told this. What is to be remembered is on disk by now.
    pub(super) fn over(self, reply: Reply, is_kept: bool) {
        self.told.send_replace(Stage::Over(reply, is_kept));
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.table.change(&self.key.tenant, |tenant| drop(tenant.first.remove(&self.key)));
    }
}

/// Where a first request stands, as those see it who wait.
#[derive(Debug)]
pub(super) struct StageView(watch::Receiver<Stage>);

impl StageView {
    /// What the first request's caller is told; none where nobody is left to say it.
    pub(super) async fn told(&mut self) -> Option<Reply> {
        match &*self.0.wait_for(|stage| !matches!(stage, Stage::Running)).await.ok()? {
            Stage::Running => None,
            Stage::SentAway(reply) | Stage::Over(reply, _) => Some(reply.clone()),
        }
    }

    /// The answer, and whether it is remembered; none where nobody is left to give it.
    async fn over(&mut self) -> Option<(Reply, bool)> {
        match &*self.0.wait_for(|stage| matches!(stage, Stage::Over(..))).await.ok()? {
            Stage::Running | Stage::SentAway(_) => None,
            Stage::Over(reply, is_kept) => Some((reply.clone(), *is_kept)),
        }
    }
}

/// A request that waits for the answer of the first with its key.
#[derive(Debug)]
pub(super) struct Follower {
    table: Arc<UnderWay>,
    tenant: TenantId,
    stage: StageView,
}

impl Follower {
    /// The first one's answer, and whether it is remembered; none where the first one left without any.
    pub(super) async fn over(&mut self) -> Option<(Reply, bool)> {
        self.stage.over().await
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.table.change(&self.tenant, |tenant| tenant.waiting = tenant.waiting.saturating_sub(1));
    }
}

#[cfg(test)]
mod tests {
    use http::StatusCode;
    use weir_model::{FlowId, Mode};

    use super::*;

    fn key(digest: u8) -> SeenKey {
        let (tenant, flow) = (TenantId::new("default").unwrap(), FlowId::from_bytes([1; 16]));
        SeenKey { tenant, flow, mode: Mode::Production, digest: [digest; 32] }
    }

    fn first(table: &Arc<UnderWay>, digest: u8) -> Ticket {
        match table.enter(&key(digest), [0; 32]) {
            Verdict::First(ticket) => ticket,
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn those_after_the_first_get_its_answer_and_the_next_is_first_again() {
        let table = Arc::new(UnderWay::default());
        let ticket = first(&table, 1);
        let mut own = ticket.stage();
        let Verdict::Follow(mut follower) = table.enter(&key(1), [0; 32]) else { panic!("not told to follow") };
        assert!(matches!(table.enter(&key(1), [1; 32]), Verdict::Mismatch));
        drop(first(&table, 2));

        ticket.sent_away(Reply::empty(StatusCode::GATEWAY_TIMEOUT));
        assert_eq!(own.told().await.unwrap().status, StatusCode::GATEWAY_TIMEOUT);
        ticket.over(Reply::empty(StatusCode::CREATED), true);
        let (reply, is_kept) = follower.over().await.unwrap();
        assert_eq!((reply.status, is_kept), (StatusCode::CREATED, true));
        drop(follower);
        assert!(table.0.lock().is_empty(), "nothing is kept of what is over");

        let ticket = first(&table, 1);
        let Verdict::Follow(mut follower) = table.enter(&key(1), [0; 32]) else { panic!("not told to follow") };
        drop(ticket);
        assert!(follower.over().await.is_none());
    }

    #[test]
    fn no_more_wait_than_may() {
        let table = Arc::new(UnderWay::default());
        let ticket = first(&table, 1);
        let followers: Vec<_> = (0..MOST_WAITING).map(|_| table.enter(&key(1), [0; 32])).collect();
        assert!(followers.iter().all(|verdict| matches!(verdict, Verdict::Follow(_))));
        assert!(matches!(table.enter(&key(1), [0; 32]), Verdict::Crowded));
        drop(followers);
        assert!(matches!(table.enter(&key(1), [0; 32]), Verdict::Follow(_)));
        drop(ticket);
        assert!(table.0.lock().is_empty());
    }
}
