//! Every decoder of this room on any bytes, as an entry for fuzzing. It opens no store.

use weir_model::{RunId, TenantId, Timestamp};

use crate::codec::{Held, Marks, read_doc, read_kv, read_queued, read_seen, read_summary, upgrade_queued};
use crate::keys::{due_v1_of, kv_due_entry, kv_tenant, order_of, place_of, run_of, seen_due_of, state_of};
use crate::{QueueKey, When};

/// Lets every decoder try the bytes, and says how many took them.
pub fn decode_any(bytes: &[u8]) -> usize {
    let row = state_of(bytes);
    let place = place_of(bytes).or_else(|| due_v1_of(bytes));
    let taken = [
        row.is_some(),
        place.is_some(),
        order_of(bytes).is_some(),
        run_of(bytes).is_some(),
        kv_tenant(bytes).is_some(),
        kv_due_entry(bytes).is_some(),
        seen_due_of(bytes).is_some(),
        read_doc(bytes).is_ok(),
        read_kv(bytes).is_ok(),
        read_seen(bytes).is_ok(),
        Held::read(bytes).is_ok(),
        Marks::split(bytes).is_ok_and(|(_, json)| read_summary(json).is_ok()),
        row.or_else(any_row).is_some_and(|(tenant, run)| read_queued(tenant, run, bytes).is_ok()),
        place.or_else(any_place).is_some_and(|place| taken_over(&place, bytes)),
    ];
    taken.iter().filter(|taken| **taken).count()
}

/// Whether the bytes are a queued run of format 1; what becomes of it must be one of today, unless its summary is none.
fn taken_over(place: &QueueKey, bytes: &[u8]) -> bool {
    let mut value = Vec::new();
    upgrade_queued(&mut value, place, bytes).is_ok() && read_queued(place.tenant.clone(), place.run, &value).is_ok()
}

fn any_row() -> Option<(TenantId, RunId)> {
    Some((TenantId::new("default").ok()?, RunId::from_bytes([0; 16])))
}

fn any_place() -> Option<QueueKey> {
    let (tenant, run) = any_row()?;
    Some(QueueKey { when: When::Ready, due: Timestamp::from_millis(0), tenant, run })
}
