//! How many runs each tenant has in the queue, whatever they wait for. It counts; the callers write.

use std::collections::HashMap;

use parking_lot::Mutex;
use weir_model::TenantId;

pub(super) struct Counts {
    /// How many runs of all tenants there may be.
    most: u64,
    queued: Mutex<Queued>,
}

#[derive(Default)]
struct Queued {
    all: u64,
    of: HashMap<TenantId, u64>,
}

impl Counts {
    pub(super) fn new(most: usize) -> Self {
        Self { most: u64::try_from(most).unwrap_or(u64::MAX), queued: Mutex::default() }
    }

    pub(super) fn set(&self, of: Vec<(TenantId, u64)>) {
        let all = of.iter().map(|(_, count)| count).sum();
        *self.queued.lock() = Queued { all, of: of.into_iter().collect() };
    }

    pub(super) fn admit(&self, tenant: &TenantId, most: u64) -> bool {
        let mut queued = self.queued.lock();
        let own = queued.of.get(tenant).copied().unwrap_or(0);
        if most != u64::MAX && (own >= most || queued.all >= self.most) {
            return false;
        }
        queued.all += 1;
        queued.of.insert(tenant.clone(), own + 1);
        true
    }

    pub(super) fn uncount(&self, tenant: &TenantId) {
        let mut queued = self.queued.lock();
        let Some(own) = queued.of.get_mut(tenant) else { return };
        *own = own.saturating_sub(1);
        if *own == 0 {
            queued.of.remove(tenant);
        }
        queued.all = queued.all.saturating_sub(1);
    }
}
