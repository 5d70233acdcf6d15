//! Runs whose time has come: they get in line. A few are taken from their timers as they are, so that nothing is written for
//! them; where more are due than fit, those behind are made ready on disk, so that they do not hide later timers. It does
//! not know when to look; timers does.

use weir_cluster::{ClusterError, MAX_PAGE, QueueKey, QueuedRun, When};
use weir_model::{Outcome, RunSummary, TenantId, Timestamp};

use super::Background;
use super::claims::Claims;
use super::turns::Turn;

/// Runs in line or alive whose places are still among the timers: of one tenant, and of all. Fewer than one page of timers
/// together, so that those behind them can be seen.
const MOST_OF_TENANT: usize = 256;
const MOST_OF_ALL: usize = 768;
/// Places read beyond those that are known to be in front.
const READ_ON: usize = 64;
/// Runs made ready on disk together.
const AT_ONCE: usize = 32;

/// Whether more runs of a tenant may be taken from timers, now that one of them is gone. True but for a few of them, so that
/// timers are not read for each.
pub(super) fn has_room(claims: &Claims, tenant: &TenantId) -> bool {
    claims.fired(tenant) == MOST_OF_TENANT / 2 || claims.all_fired() == MOST_OF_ALL / 2
}

/// What a look at the timers found.
#[derive(Default)]
struct Look {
    /// When the next one is due.
    next: Option<Timestamp>,
    taken: usize,
    /// Due places for which there was no room.
    over: Vec<QueueKey>,
    /// Whether there may be more that are due behind those that were read.
    is_full: bool,
}

impl Background {
    /// Gets runs in line whose time has come: when the next one is due, as far as that can be seen.
    pub(crate) async fn fire(
        &self,
        when: When,
        now: Timestamp,
        wall: Timestamp,
    ) -> Result<Option<Timestamp>, ClusterError> {
        let mut more = READ_ON;
        loop {
            let (look, limit) = self.look(when, now, more)?;
            if look.taken > 0 {
                self.wake.notify_one();
            }
            if !look.is_full {
                return Ok(look.next);
            }
            if look.taken == 0 && limit < MAX_PAGE {
                more = more.saturating_mul(4);
            } else if look.taken == 0 && look.over.is_empty() {
                // All that can be seen is in line; one that leaves makes this look again.
                return Ok(None);
            } else if look.taken == 0 {
                self.make_ready(look.over, wall).await?;
                more = READ_ON;
            }
            tokio::task::yield_now().await;
        }
    }

    fn look(&self, when: When, now: Timestamp, more: usize) -> Result<(Look, usize), ClusterError> {
        // Held over the read: a run that leaves its place meanwhile would else be taken for one that is there.
        let mut state = self.state.lock();
        let limit = MAX_PAGE.min(state.claims.all_fired() + more);
        let places = self.queue.timers(when, limit)?;
        let mut look = Look { is_full: places.len() >= limit, ..Look::default() };
        for key in places {
            if key.due > now {
                (look.next, look.is_full) = (Some(key.due), false);
                break;
            }
            let claims = &mut state.claims;
            if claims.fired(&key.tenant) >= MOST_OF_TENANT || claims.all_fired() >= MOST_OF_ALL {
                if claims.is_free(key.run) {
                    look.over.push(key);
                }
            } else if claims.take_fired(&key) {
                look.taken += 1;
                state.push(Turn::new(key, None));
            }
        }
        Ok((look, limit))
    }

    async fn make_ready(&self, places: Vec<QueueKey>, now: Timestamp) -> Result<(), ClusterError> {
        for places in places.chunks(AT_ONCE) {
            let mut pushed = Vec::with_capacity(places.len());
            for key in places.iter().filter(|key| self.claim(key.run)) {
                match self.queue.get(&key.tenant, key.run) {
                    Ok(Some(queued)) if queued.key == *key => {
                        let (ready, flow) = (QueueKey { when: When::Ready, due: now, ..key.clone() }, queued.flow);
                        let summary = RunSummary { outcome: Outcome::Running, waits_until: None, ..queued.summary };
                        let replaces = Some(key.clone());
                        let moved = QueuedRun { key: ready.clone(), replaces, remember: None, summary, ..queued };
                        pushed.push((ready, flow, self.queue.push(moved)));
                    }
                    Ok(_) => self.release(key.run),
                    Err(error) => {
                        // It stays claimed, so that it is not read for ever.
                        tracing::error!(run = %key.run, %error, "A run whose time has come cannot be read.");
                    }
                }
            }
            for (key, flow, pushed) in pushed {
                let run = key.run;
                if let Err(error) = pushed.await {
                    self.release(run);
                    return Err(error.into());
                }
                self.offer(key, flow, None);
            }
        }
        Ok(())
    }
}
