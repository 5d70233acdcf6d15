//! Who may run now: one lane for runs whose callers wait, one for the background, each with slots of its own, so that
//! neither starves the other. It does not know what runs do.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How many runs may be alive and wait.
#[derive(Clone, Copy, Debug)]
pub struct LaneOptions {
    /// Runs alive at a time whose callers wait.
    pub waiting_slots: usize,
    /// Callers who may wait for a slot; more get 503.
    pub waiting_queue: usize,
    /// Background runs alive at a time.
    pub background_slots: usize,
    /// Background runs that may wait in the queue; more get 503.
    pub background_queue: usize,
}

impl Default for LaneOptions {
    fn default() -> Self {
        Self { waiting_slots: 256, waiting_queue: 1_024, background_slots: 64, background_queue: 1_000_000 }
    }
}

/// Both lanes.
pub(crate) struct Lanes {
    pub(crate) waiting: Lane,
    pub(crate) background: Arc<Semaphore>,
    pub(crate) background_queue: usize,
}

impl Lanes {
    pub(crate) fn new(options: LaneOptions) -> Self {
        Self {
            waiting: Lane {
                slots: Arc::new(Semaphore::new(options.waiting_slots)),
                queued: AtomicUsize::new(0),
                most_queued: options.waiting_queue,
            },
            background: Arc::new(Semaphore::new(options.background_slots)),
            background_queue: options.background_queue,
        }
    }
}

/// A lane whose callers wait for a slot, up to a number and a time.
pub(crate) struct Lane {
    slots: Arc<Semaphore>,
    queued: AtomicUsize,
    most_queued: usize,
}

impl Lane {
    /// A slot; none where too many wait already, or none came free in time.
    pub(crate) async fn enter(&self, patience: Duration) -> Option<OwnedSemaphorePermit> {
        if let Ok(slot) = Arc::clone(&self.slots).try_acquire_owned() {
            return Some(slot);
        }
        let _place = Place::take(&self.queued, self.most_queued)?;
        tokio::time::timeout(patience, Arc::clone(&self.slots).acquire_owned()).await.ok()?.ok()
    }
}

/// A place among those who wait for a slot, until dropped.
struct Place<'a>(&'a AtomicUsize);

impl<'a> Place<'a> {
    fn take(queued: &'a AtomicUsize, most: usize) -> Option<Self> {
        let place = Self(queued);
        (queued.fetch_add(1, Ordering::Relaxed) < most).then_some(place)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_full_lane_turns_callers_away_and_a_free_slot_lets_one_in() {
        let options = LaneOptions { waiting_slots: 1, waiting_queue: 1, ..LaneOptions::default() };
        let lane = Lanes::new(options).waiting;
        let slot = lane.enter(Duration::from_millis(1)).await.unwrap();
        assert!(lane.enter(Duration::from_millis(1)).await.is_none());
        let (second, third) = tokio::join!(
            async {
                let second = lane.enter(Duration::from_secs(5)).await;
                second.is_some()
            },
            async {
                let third = lane.enter(Duration::from_secs(5)).await;
                drop(slot);
                third.is_none()
            }
        );
        assert!(second && third);
        assert_eq!(lane.queued.load(Ordering::Relaxed), 0);
    }
}
