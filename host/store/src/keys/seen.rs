//! The keys of `dedupe`: requests that hooks must know again, and the order in which they are forgotten.

use crate::SeenKey;
use crate::codec::mode_byte;

use super::start;

/// First bytes of the keys in `dedupe`.
#[repr(u8)]
enum SeenPrefix {
    /// tenant, flow, mode, digest: until when, and what is remembered.
    Seen = 1,
    /// until when, then a request's key without its first byte: nothing.
    Due = 2,
}

/// `dedupe`: a request.
pub(crate) fn seen(key: &mut Vec<u8>, request: &SeenKey) {
    start(key, SeenPrefix::Seen as u8, Some(&request.tenant));
    key.extend_from_slice(request.flow.as_bytes());
    key.push(mode_byte(request.mode));
    key.extend_from_slice(&request.digest);
}

/// `dedupe`: where rows of requests start that end at or after a time.
pub(crate) fn seen_due_from(row: &mut Vec<u8>, at: u64) {
    row.clear();
    row.push(SeenPrefix::Due as u8);
    row.extend_from_slice(&at.to_be_bytes());
}

/// `dedupe`: the row of a request in the order of forgetting.
pub(crate) fn seen_due(row: &mut Vec<u8>, at: u64, seen: &[u8]) {
    seen_due_from(row, at);
    row.extend_from_slice(seen.get(1..).unwrap_or_default());
}

/// When a row of the order of forgetting is due, and the key of its request.
pub(crate) fn seen_due_of(row: &[u8]) -> Option<(u64, Vec<u8>)> {
    let (prefix, rest) = row.split_first()?;
    let (due, rest) = rest.split_first_chunk::<8>()?;
    let seen = [&[SeenPrefix::Seen as u8][..], rest].concat();
    (*prefix == SeenPrefix::Due as u8).then_some((u64::from_be_bytes(*due), seen))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use weir_model::{FlowId, Mode, TenantId};

    use super::super::tests::built;
    use super::*;

    fn request() -> impl Strategy<Value = SeenKey> {
        let mode = proptest::sample::select(vec![Mode::Production, Mode::Development]);
        let tenant = proptest::sample::select(vec!["a", "ab"]);
        (tenant, 0..2_u8, mode, 0..2_u8).prop_map(|(tenant, flow, mode, digest)| SeenKey {
            tenant: TenantId::new(tenant).unwrap(),
            flow: FlowId::from_bytes([flow; 16]),
            mode,
            digest: [digest; 32],
        })
    }

    proptest! {
        #[test]
        fn requests_have_keys_of_their_own_and_come_back_from_their_due_rows(
            (a, b) in (request(), request()),
            (due, later) in any::<(u64, u64)>(),
        ) {
            let key = built(|k| seen(k, &a));
            prop_assert_eq!(key == built(|k| seen(k, &b)), a == b);
            let row = built(|k| seen_due(k, due, &key));
            prop_assert_eq!(seen_due_of(&row), Some((due, key.clone())));
            prop_assert_eq!(row >= built(|k| seen_due_from(k, later)), due >= later);
            prop_assert!(row > key && seen_due_of(&key).is_none() && seen_due_of(&row[..8]).is_none());
        }
    }

    #[test]
    fn assigned_bytes_stay() {
        let tenant = TenantId::new("ab").unwrap();
        let flow = FlowId::from_bytes([9; 16]);
        let key = built(|k| seen(k, &SeenKey { tenant, flow, mode: Mode::Development, digest: [5; 32] }));
        assert_eq!(key, [&[1, 2, b'a', b'b'][..], &[9; 16], &[2], &[5; 32]].concat());
        assert_eq!(built(|k| seen_due(k, 1, &key))[..10], [2, 0, 0, 0, 0, 0, 0, 0, 1, 2]);
    }
}
