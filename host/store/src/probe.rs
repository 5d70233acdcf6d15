//! Every decoder of this room on any bytes, as an entry for fuzzing. It opens no store.

use weir_model::{RunId, TenantId, Timestamp};

use crate::codec::{Held, Marks, read_doc, read_kv, read_queued, read_summary};
use crate::keys::{kv_due_entry, kv_tenant, queue_place, run_of};
use crate::run::QueueKey;

/// Lets every decoder try the bytes, and says how many took them.
pub fn decode_any(bytes: &[u8]) -> usize {
    let place = queue_place(bytes);
    let taken = [
        place.is_some(),
        run_of(bytes).is_some(),
        kv_tenant(bytes).is_some(),
        kv_due_entry(bytes).is_some(),
        read_doc(bytes).is_ok(),
        read_kv(bytes).is_ok(),
        Held::read(bytes).is_ok(),
        Marks::split(bytes).is_ok_and(|(_, json)| read_summary(json).is_ok()),
        place.or_else(any_place).is_some_and(|place| read_queued(place, bytes).is_ok()),
    ];
    taken.iter().filter(|taken| **taken).count()
}

fn any_place() -> Option<QueueKey> {
    let tenant = TenantId::new("default").ok()?;
    Some(QueueKey { due: Timestamp::from_millis(0), tenant, run: RunId::from_bytes([0; 16]) })
}
