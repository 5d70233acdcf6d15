//! Signed deliveries that must not come twice: the first one runs, and whoever sends it again is refused, also after a
//! restart. It must not verify signatures; it is told what makes a delivery this one.

use std::time::Duration;

use bytes::Bytes;
use sha2::{Digest as _, Sha256};
use weir_cluster::{Remembered, SeenKey};

use super::under_way::Verdict;
use super::{IdempotencyError, IdempotencyKey, Keeps, lead};
use crate::{Engine, Reply, Services, Start};

/// What makes a delivery this one, and how long that has to be known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeliveryId {
    digest: [u8; 32],
    keep: Duration,
}

impl DeliveryId {
    /// A delivery by a digest of its id or of all that was signed.
    pub const fn new(digest: [u8; 32], keep: Duration) -> Self {
        Self { digest, keep }
    }

    fn key(&self, start: &Start) -> SeenKey {
        // Longer than any idempotency key, so that no caller can choose one that has the same digest.
        let mut digest = Sha256::new_with_prefix([0; IdempotencyKey::MAX_BYTES + 1]);
        digest.update(self.digest);
        let digest = digest.finalize().into();
        SeenKey { tenant: start.tenant.clone(), flow: start.flow_id, mode: start.mode, digest }
    }
}

impl Engine {
    /// Runs a flow for a delivery unless it came before. One whose run failed may come again, for its sender sends it again;
    /// one that is still under way may not. The run goes on if this future is dropped.
    ///
    /// # Errors
    /// Where the delivery came before, or nobody can say.
    pub async fn call_unless_seen(&self, start: Start, delivery: DeliveryId) -> Result<Reply, IdempotencyError> {
        let services = self.services();
        let key = delivery.key(&start);
        if read(services, &key)?.is_some() {
            return Err(IdempotencyError::Replay);
        }
        match services.seen.enter(&key, [0; 32]) {
            Verdict::First(ticket) => {
                // It may have ended between the look and the ticket.
                if read(services, &key)?.is_some() {
                    return Err(IdempotencyError::Replay);
                }
                let mut stage = ticket.stage();
                tokio::spawn(lead(self.clone(), ticket, start, delivery.keep, Keeps::Coming));
                stage.told().await.ok_or(IdempotencyError::Busy)
            }
            Verdict::Follow(_) | Verdict::Mismatch => Err(IdempotencyError::Replay),
            Verdict::Crowded => Err(IdempotencyError::Crowded),
        }
    }

    /// The same for a delivery with an idempotency key: where it comes again with that key it gets the first answer, and
    /// with another key it is refused, for the key is not what was signed.
    ///
    /// # Errors
    /// As [`Engine::call_once`], and where the delivery came before with another key.
    pub async fn call_once_signed(
        &self,
        start: Start,
        key: IdempotencyKey,
        delivery: DeliveryId,
    ) -> Result<Reply, IdempotencyError> {
        self.bind(&start, &key, &delivery).await?;
        self.call_once(start, key).await
    }

    /// Remembers the idempotency key that a delivery came with, before it runs, where others would have that it came.
    async fn bind(&self, start: &Start, key: &IdempotencyKey, delivery: &DeliveryId) -> Result<(), IdempotencyError> {
        let services = self.services();
        let place = delivery.key(start);
        let is_this = |bound: &Bytes| if **bound == key.0 { Ok(()) } else { Err(IdempotencyError::Replay) };
        loop {
            if let Some(bound) = read(services, &place)? {
                return is_this(&bound);
            }
            let ticket = match services.seen.enter(&place, key.0) {
                Verdict::First(ticket) => ticket,
                Verdict::Follow(mut other) => {
                    let _ = other.over().await;
                    continue;
                }
                Verdict::Mismatch => return Err(IdempotencyError::Replay),
                Verdict::Crowded => return Err(IdempotencyError::Crowded),
            };
            if let Some(bound) = read(services, &place)? {
                return is_this(&bound);
            }
            let until = services.clock.now().plus(delivery.keep);
            let bound = Remembered { key: place.clone(), until, value: Bytes::copy_from_slice(&key.0) };
            let written = services.cluster.seen.put(bound).await;
            drop(ticket);
            return written.map_err(|error| {
                tracing::error!(%error, "What a hook is to remember cannot be written.");
                IdempotencyError::Store
            });
        }
    }
}

fn read(services: &Services, key: &SeenKey) -> Result<Option<Bytes>, IdempotencyError> {
    services.cluster.seen.get(key, services.clock.now()).map_err(|error| {
        tracing::error!(%error, "What a hook remembers cannot be read.");
        IdempotencyError::Store
    })
}
