//! Live events of development runs, to whoever listens. It keeps nothing: who comes late or is slow misses events.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::RwLock;
use tokio::sync::broadcast::{self, error::RecvError};
use weir_model::{DebugEvent, FlowId, TenantId};

/// Events that a slow listener may be behind before the oldest are dropped for it.
const BACKLOG: usize = 256;

type Place = (TenantId, FlowId);

/// Carries debug events from runs to listeners.
#[derive(Default)]
pub struct DebugBus {
    channels: RwLock<HashMap<Place, broadcast::Sender<Arc<DebugEvent>>>>,
    /// All subscriptions together, so that a run whom nobody watches takes no lock.
    total: AtomicUsize,
}

impl DebugBus {
    /// Hands an event to all listeners of a flow; free of cost where there is none on the host.
    pub fn publish(&self, tenant: &TenantId, flow: FlowId, event: Arc<DebugEvent>) {
        if self.total.load(Ordering::Relaxed) == 0 {
            return;
        }
        if let Some(channel) = self.channels.read().get(&(tenant.clone(), flow)) {
            // An error says that the last listener is just leaving.
            let _ = channel.send(event);
        }
    }

    /// Listens to a flow until the subscription is dropped.
    pub fn subscribe(self: &Arc<Self>, tenant: &TenantId, flow: FlowId) -> Subscription {
        let place = (tenant.clone(), flow);
        let mut channels = self.channels.write();
        let receiver = match channels.entry(place.clone()) {
            Entry::Occupied(channel) => channel.get().subscribe(),
            Entry::Vacant(vacant) => {
                let (sender, receiver) = broadcast::channel(BACKLOG);
                vacant.insert(sender);
                receiver
            }
        };
        self.total.fetch_add(1, Ordering::Relaxed);
        Subscription { receiver: Some(receiver), bus: Arc::clone(self), place, dropped: 0 }
    }

    /// How many listen to a flow.
    pub fn listeners(&self, tenant: &TenantId, flow: FlowId) -> usize {
        if self.total.load(Ordering::Relaxed) == 0 {
            return 0;
        }
        self.channels.read().get(&(tenant.clone(), flow)).map_or(0, broadcast::Sender::receiver_count)
    }
}

/// One listener of a flow.
pub struct Subscription {
    receiver: Option<broadcast::Receiver<Arc<DebugEvent>>>,
    bus: Arc<DebugBus>,
    place: Place,
    dropped: u64,
}

impl Subscription {
    /// The next event. None once there will be no more, which does not happen while the bus lives. Safe to drop between
    /// polls: no event is lost by it.
    pub async fn recv(&mut self) -> Option<Arc<DebugEvent>> {
        loop {
            match self.receiver.as_mut()?.recv().await {
                Ok(event) => return Some(event),
                Err(RecvError::Lagged(missed)) => self.dropped = self.dropped.saturating_add(missed),
                Err(RecvError::Closed) => return None,
            }
        }
    }

    /// Events dropped so far because this listener was slow.
    pub const fn dropped(&self) -> u64 {
        self.dropped
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        let mut channels = self.bus.channels.write();
        // The receiver goes first, so that the count below does not see it.
        self.receiver = None;
        if channels.get(&self.place).is_some_and(|channel| channel.receiver_count() == 0) {
            channels.remove(&self.place);
        }
        self.bus.total.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests;
