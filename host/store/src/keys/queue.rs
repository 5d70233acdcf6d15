//! The keys of `queue`: the state of each queued run, what it waits for, and the order of flows that keep one. It knows
//! nothing of what is stored under them.
//!
//! A run has one state row, and one place row unless it is held back; a run of an ordered flow has an order row besides.

use weir_model::{FlowId, RunId, TenantId, Timestamp};

use crate::{QueueKey, When};

use super::{split_tenant, start, tenant_part};

/// First bytes of the keys in `queue`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
enum QueuePrefix {
    /// due time, tenant, run: the queued run, as format 1 had it. Only the migration reads it.
    DueV1 = 1,
    /// tenant, run: the queued run.
    State = 2,
    /// tenant, due time, run: nothing.
    Ready = 3,
    /// due time, tenant, run: nothing.
    After = 4,
    /// due time, tenant, run: nothing.
    At = 5,
    /// tenant, flow, run: nothing.
    Order = 6,
}

fn all(key: &mut Vec<u8>, prefix: QueuePrefix) {
    key.clear();
    key.push(prefix as u8);
}

fn due_part(key: &mut Vec<u8>, due: Timestamp) {
    // With the sign bit turned, times before 1970 sort first.
    key.extend_from_slice(&(due.as_millis() ^ i64::MIN).to_be_bytes());
}

fn split_due(bytes: &[u8]) -> Option<(Timestamp, &[u8])> {
    let (due, rest) = bytes.split_first_chunk::<8>()?;
    Some((Timestamp::from_millis(i64::from_be_bytes(*due) ^ i64::MIN), rest))
}

fn run_part(bytes: &[u8]) -> Option<RunId> {
    Some(RunId::from_bytes(bytes.try_into().ok()?))
}

/// `queue`: what the states of all queued runs start with.
pub(crate) fn states(key: &mut Vec<u8>) {
    all(key, QueuePrefix::State);
}

/// `queue`: the state of a queued run.
pub(crate) fn state(key: &mut Vec<u8>, tenant: &TenantId, run: RunId) {
    start(key, QueuePrefix::State as u8, Some(tenant));
    key.extend_from_slice(run.as_bytes());
}

/// The run of a state row.
pub(crate) fn state_of(key: &[u8]) -> Option<(TenantId, RunId)> {
    let (prefix, rest) = key.split_first()?;
    let (tenant, run) = split_tenant(rest)?;
    (*prefix == QueuePrefix::State as u8).then_some((tenant, run_part(run)?))
}

/// `queue`: what the places of all ready runs start with.
pub(crate) fn all_ready(key: &mut Vec<u8>) {
    all(key, QueuePrefix::Ready);
}

/// `queue`: what the places of a tenant's ready runs start with.
pub(crate) fn ready(key: &mut Vec<u8>, tenant: &TenantId) {
    start(key, QueuePrefix::Ready as u8, Some(tenant));
}

/// `queue`: what the places of all runs that wait for such a time start with; false where `when` is no time.
pub(crate) fn timers(key: &mut Vec<u8>, when: When) -> bool {
    match when {
        When::After => all(key, QueuePrefix::After),
        When::At => all(key, QueuePrefix::At),
        When::Ready | When::Held => return false,
    }
    true
}

/// `queue`: a place, and with how many bytes all places start that are in one order with it. None for a run that is held
/// back, which has no such row; `key` is then of no use.
pub(crate) fn place(key: &mut Vec<u8>, place: &QueueKey) -> Option<usize> {
    if place.when == When::Ready {
        ready(key, &place.tenant);
    } else if !timers(key, place.when) {
        return None;
    }
    let line = key.len();
    due_part(key, place.due);
    if place.when != When::Ready {
        tenant_part(key, Some(&place.tenant));
    }
    key.extend_from_slice(place.run.as_bytes());
    Some(line)
}

/// The place that a row stands for.
pub(crate) fn place_of(key: &[u8]) -> Option<QueueKey> {
    let (prefix, rest) = key.split_first()?;
    let of = |when: QueuePrefix| *prefix == when as u8;
    let (when, tenant, due, run) = if of(QueuePrefix::Ready) {
        let (tenant, rest) = split_tenant(rest)?;
        let (due, run) = split_due(rest)?;
        (When::Ready, tenant, due, run)
    } else {
        let when = if of(QueuePrefix::After) {
            When::After
        } else if of(QueuePrefix::At) {
            When::At
        } else {
            return None;
        };
        let (due, rest) = split_due(rest)?;
        let (tenant, run) = split_tenant(rest)?;
        (when, tenant, due, run)
    };
    Some(QueueKey { when, due, tenant, run: run_part(run)? })
}

/// `queue`: what the rows of all ordered runs start with.
pub(crate) fn all_ordered(key: &mut Vec<u8>) {
    all(key, QueuePrefix::Order);
}

/// `queue`: what the rows of a flow's ordered runs start with.
pub(crate) fn ordered(key: &mut Vec<u8>, tenant: &TenantId, flow: FlowId) {
    start(key, QueuePrefix::Order as u8, Some(tenant));
    key.extend_from_slice(flow.as_bytes());
}

/// `queue`: a run in the order of its flow, and with how many bytes the rows of the flow start.
pub(crate) fn order(key: &mut Vec<u8>, tenant: &TenantId, flow: FlowId, run: RunId) -> usize {
    ordered(key, tenant, flow);
    let line = key.len();
    key.extend_from_slice(run.as_bytes());
    line
}

/// The run of an order row, and its flow.
pub(crate) fn order_of(key: &[u8]) -> Option<(TenantId, FlowId, RunId)> {
    let (prefix, rest) = key.split_first()?;
    let (tenant, rest) = split_tenant(rest)?;
    let (flow, run) = rest.split_first_chunk::<16>()?;
    (*prefix == QueuePrefix::Order as u8).then_some((tenant, FlowId::from_bytes(*flow), run_part(run)?))
}

/// `queue`: what all queued runs of format 1 start with.
pub(crate) fn all_due_v1(key: &mut Vec<u8>) {
    all(key, QueuePrefix::DueV1);
}

/// The place that a row of format 1 stands for; there all runs waited for their turn.
pub(crate) fn due_v1_of(key: &[u8]) -> Option<QueueKey> {
    let (prefix, rest) = key.split_first()?;
    let (due, rest) = split_due(rest)?;
    let (tenant, run) = split_tenant(rest)?;
    let run = run_part(run)?;
    (*prefix == QueuePrefix::DueV1 as u8).then_some(QueueKey { when: When::Ready, due, tenant, run })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::behind;
    use super::super::tests::{built, run, tenant};
    use super::*;

    fn any_place() -> impl Strategy<Value = QueueKey> {
        let when = proptest::sample::select(vec![When::Ready, When::After, When::At]);
        (when, any::<i64>(), tenant(), run()).prop_map(|(when, due, tenant, run)| QueueKey {
            when,
            due: Timestamp::from_millis(due),
            tenant,
            run,
        })
    }

    fn row(of: &QueueKey) -> (Vec<u8>, usize) {
        let mut key = b"left from before".to_vec();
        let line = place(&mut key, of).unwrap();
        (key, line)
    }

    proptest! {
        #[test]
        fn a_place_survives_its_key_and_sorts_by_time_in_its_line(a in any_place(), b in any_place(), due in any::<i64>()) {
            let (x, line) = row(&a);
            prop_assert!(place_of(&x).is_some_and(|read| read == a));
            prop_assert!(place_of(&x[..x.len() - 1]).is_none());
            prop_assert!(state_of(&x).is_none() && order_of(&x).is_none() && due_v1_of(&x).is_none());

            // In one line are the ready runs of a tenant, and the runs of all tenants that wait for a time.
            let (y, other) = row(&b);
            let shared = a.when == b.when && (a.when != When::Ready || a.tenant == b.tenant);
            prop_assert_eq!(x[..line] == y[..other], shared);
            let (from, to) = (x[..line].to_vec(), { let mut to = x[..line].to_vec(); behind(&mut to); to });
            prop_assert_eq!(from <= y && y < to, shared);
            let later = QueueKey { due: Timestamp::from_millis(due), run: b.run, ..a.clone() };
            if later.due != a.due {
                prop_assert_eq!(x.cmp(&row(&later).0), a.due.cmp(&later.due));
            }
            let held = QueueKey { when: When::Held, ..a };
            prop_assert!(place(&mut Vec::new(), &held).is_none());
        }

        #[test]
        fn states_are_found_by_run_and_orders_by_flow(
            (t, u) in (tenant(), tenant()),
            (a, b) in (run(), run()),
            (f, g) in any::<([u8; 16], [u8; 16])>(),
        ) {
            let (f, g) = (FlowId::from_bytes(f), FlowId::from_bytes(g));
            let x = built(|k| state(k, &t, a));
            prop_assert_eq!(state_of(&x), Some((t.clone(), a)));
            prop_assert!(place_of(&x).is_none() && order_of(&x).is_none() && state_of(&x[..x.len() - 1]).is_none());
            prop_assert!(x.starts_with(&built(states)));

            let y = built(|k| _ = order(k, &t, f, a));
            prop_assert_eq!(order_of(&y), Some((t.clone(), f, a)));
            prop_assert!(place_of(&y).is_none() && state_of(&y).is_none() && order_of(&y[..y.len() - 1]).is_none());
            prop_assert_eq!(y.cmp(&built(|k| _ = order(k, &t, f, b))), a.cmp(&b));
            let (from, to) = (built(|k| ordered(k, &t, f)), built(|k| { ordered(k, &t, f); behind(k) }));
            let z = built(|k| _ = order(k, &u, g, b));
            prop_assert_eq!(from <= z && z < to, t == u && f == g);
        }
    }

    #[test]
    fn assigned_bytes_stay() {
        let tenant = TenantId::new("ab").unwrap();
        let run = RunId::from_bytes([7; 16]);
        let key = |when| QueueKey { when, due: Timestamp::from_millis(1), tenant: tenant.clone(), run };
        let due = [0x80, 0, 0, 0, 0, 0, 0, 1];
        let text = [2, b'a', b'b'];
        let of = |parts: &[&[u8]]| parts.concat();
        assert_eq!(row(&key(When::Ready)), (of(&[&[3], &text, &due, &[7; 16]]), 4));
        assert_eq!(row(&key(When::After)), (of(&[&[4], &due, &text, &[7; 16]]), 1));
        assert_eq!(row(&key(When::At)), (of(&[&[5], &due, &text, &[7; 16]]), 1));
        assert_eq!(built(|k| state(k, &tenant, run)), of(&[&[2], &text, &[7; 16]]));
        let flow = FlowId::from_bytes([9; 16]);
        assert_eq!(built(|k| assert_eq!(order(k, &tenant, flow, run), 20)), of(&[&[6], &text, &[9; 16], &[7; 16]]));
        assert_eq!(due_v1_of(&of(&[&[1], &due, &text, &[7; 16]])), Some(key(When::Ready)));
        assert_eq!(built(all_due_v1), [1]);
    }
}
