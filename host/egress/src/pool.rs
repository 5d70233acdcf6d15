//! Kept connections, a pool per owner: no owner's request ever travels on another's connection. It decides which pools
//! stay.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::Full;
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use ipnet::IpNet;
use parking_lot::Mutex;
use tokio::sync::Semaphore;

use crate::connect::{Connector, Ground};
use crate::{EgressOptions, Rules};

/// Owners whose pools are kept; the one that sent nothing for the longest time goes first.
const MOST_OWNERS: usize = 1_000;
/// Bytes of an answer's head.
const HEAD_BYTES: usize = 64 << 10;

/// The connections of one owner.
pub(crate) struct Pool {
    pub(crate) client: Client<Connector, Full<Bytes>>,
    /// Requests at a time.
    pub(crate) slots: Arc<Semaphore>,
    exceptions: Arc<[IpNet]>,
}

/// The pools.
pub(crate) struct Pools {
    ground: Arc<Ground>,
    options: EgressOptions,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    /// Counts uses.
    now: u64,
    pools: HashMap<Arc<str>, (u64, Arc<Pool>)>,
}

impl Pools {
    pub(crate) fn new(ground: Arc<Ground>, options: EgressOptions) -> Self {
        Self { ground, options, kept: Mutex::default() }
    }

    /// The pool of an owner. One whose exceptions changed starts anew, so that no connection outlives its permission.
    pub(crate) fn of(&self, rules: &Rules) -> Arc<Pool> {
        let mut kept = self.kept.lock();
        kept.now += 1;
        let now = kept.now;
        if let Some((used, pool)) = kept.pools.get_mut(&rules.owner)
            && pool.exceptions == rules.exceptions
        {
            *used = now;
            return Arc::clone(pool);
        }
        if kept.pools.len() >= MOST_OWNERS {
            let oldest = kept.pools.iter().min_by_key(|(_, (used, _))| *used).map(|(owner, _)| Arc::clone(owner));
            oldest.and_then(|owner| kept.pools.remove(&owner));
        }
        let pool = Arc::new(self.open(Arc::clone(&rules.exceptions)));
        kept.pools.insert(Arc::clone(&rules.owner), (now, Arc::clone(&pool)));
        pool
    }

    fn open(&self, exceptions: Arc<[IpNet]>) -> Pool {
        let connector = Connector { ground: Arc::clone(&self.ground), exceptions: Arc::clone(&exceptions) };
        let client = Client::builder(TokioExecutor::new())
            .timer(TokioTimer::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(self.options.idle_time)
            .pool_max_idle_per_host(self.options.idle_connections)
            .http1_max_buf_size(HEAD_BYTES)
            .http2_max_header_list_size(u32::try_from(HEAD_BYTES).unwrap_or(u32::MAX))
            .build(connector);
        Pool { client, slots: Arc::new(Semaphore::new(self.options.at_once)), exceptions }
    }
}
