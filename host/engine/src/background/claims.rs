//! Who has a run, so that none is alive twice: the lane, or somebody outside it who accepts, ends or changes the run. It
//! knows no turns and reads no queue.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use weir_cluster::QueueKey;
use weir_model::{FlowId, RunId, TenantId};

/// Where the lane came across a run that somebody else had.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) key: QueueKey,
    pub(super) flow: Option<FlowId>,
}

enum Claim {
    /// The run is in line, held back, or alive. `stamp` tells this claim from an earlier one of the same run.
    Lane { stamp: u64, fired: Option<TenantId> },
    /// Somebody else has it; where the lane wanted it meanwhile, it has to look again.
    Other { wanted: Option<Box<Seen>> },
}

/// How a turn stands that comes up.
pub(super) enum Standing {
    /// The run is the lane's.
    Ours,
    /// The run was taken from the line and given back, so that what memory knows of it may be old.
    Again,
    /// The run is somebody else's, or has another turn.
    Gone,
}

/// All claims.
#[derive(Default)]
pub(super) struct Claims {
    claims: HashMap<RunId, Claim>,
    last_stamp: u64,
    /// How many runs of each tenant the lane took from timers: their places stay in front of the others until they are done.
    fired: HashMap<TenantId, usize>,
    all_fired: usize,
}

impl Claims {
    /// For somebody outside the lane, where nobody has the run.
    pub(super) fn take_outside(&mut self, run: RunId) -> bool {
        let Entry::Vacant(free) = self.claims.entry(run) else { return false };
        free.insert(Claim::Other { wanted: None });
        true
    }

    /// Gives a run of the lane that is not alive to somebody outside it.
    pub(super) fn withdraw(&mut self, run: RunId) -> bool {
        let is_lanes = matches!(self.claims.get(&run), Some(Claim::Lane { .. }));
        if is_lanes {
            self.free(run);
            self.claims.insert(run, Claim::Other { wanted: None });
        }
        is_lanes
    }

    /// For the lane, where nobody has the run; whoever else has it calls the lane when done.
    pub(super) fn take(&mut self, key: &QueueKey, flow: Option<FlowId>) -> bool {
        match self.claims.get_mut(&key.run) {
            None => {
                self.turn_over(key.run);
                true
            }
            Some(Claim::Other { wanted }) => {
                *wanted = Some(Box::new(Seen { key: key.clone(), flow }));
                false
            }
            Some(Claim::Lane { .. }) => false,
        }
    }

    /// The same for a run that a timer fired.
    pub(super) fn take_fired(&mut self, key: &QueueKey) -> bool {
        let is_taken = self.take(key, None);
        if is_taken && let Some(Claim::Lane { fired, .. }) = self.claims.get_mut(&key.run) {
            *fired = Some(key.tenant.clone());
            *self.fired.entry(key.tenant.clone()).or_default() += 1;
            self.all_fired += 1;
        }
        is_taken
    }

    /// Makes a run the lane's, whoever had it.
    pub(super) fn turn_over(&mut self, run: RunId) {
        self.free(run);
        self.last_stamp += 1;
        self.claims.insert(run, Claim::Lane { stamp: self.last_stamp, fired: None });
    }

    /// Nobody has the run any more. Where the lane came across it meanwhile.
    pub(super) fn free(&mut self, run: RunId) -> Option<Seen> {
        match self.claims.remove(&run)? {
            Claim::Other { wanted } => wanted.map(|seen| *seen),
            Claim::Lane { fired: None, .. } => None,
            Claim::Lane { fired: Some(tenant), .. } => {
                self.all_fired = self.all_fired.saturating_sub(1);
                if let Entry::Occupied(mut count) = self.fired.entry(tenant) {
                    *count.get_mut() = count.get().saturating_sub(1);
                    if *count.get() == 0 {
                        count.remove();
                    }
                }
                None
            }
        }
    }

    /// Whether nobody has the run.
    pub(super) fn is_free(&self, run: RunId) -> bool {
        !self.claims.contains_key(&run)
    }

    /// What a turn needs to be known by later.
    pub(super) fn stamp(&self, run: RunId) -> u64 {
        match self.claims.get(&run) {
            Some(Claim::Lane { stamp, .. }) => *stamp,
            _ => 0,
        }
    }

    /// How a turn with this stamp stands; afterwards the run is the lane's, unless it is gone.
    pub(super) fn confirm(&mut self, key: &QueueKey, flow: Option<FlowId>, known: u64) -> Standing {
        match self.claims.get(&key.run) {
            Some(Claim::Lane { stamp, .. }) if *stamp == known => return Standing::Ours,
            Some(Claim::Lane { .. }) => return Standing::Gone,
            _ => {}
        }
        if self.take(key, flow) { Standing::Again } else { Standing::Gone }
    }

    /// How many of a tenant's runs that timers fired are in line or alive.
    pub(super) fn fired(&self, tenant: &TenantId) -> usize {
        self.fired.get(tenant).copied().unwrap_or(0)
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.claims.is_empty() && self.fired.is_empty() && self.all_fired == 0
    }

    pub(super) const fn all_fired(&self) -> usize {
        self.all_fired
    }
}
