//! The bytes of every key. Assigned bytes never change and are never used again; what is stored under them is in `codec`.
//!
//! A tenant is a length byte and its text, so that no tenant's keys lie between another's. Numbers are big-endian, so
//! that the order of bytes is the order of numbers. Builders fill a buffer that the caller keeps.

mod log;
mod queue;
mod seen;

use weir_model::{ArtifactHash, FlowId, RunId, TenantId, Timestamp};

use crate::DocKind;

pub(crate) use log::{RunRow, all_flow_runs, all_summaries, flow_of, record_of, run_row};
pub(crate) use queue::{
    all_due_v1, all_ordered, all_ready, due_v1_of, order, order_of, ordered, place, place_of, ready, state, state_of,
    states, timers,
};
pub(crate) use seen::{seen, seen_due, seen_due_from, seen_due_of};

/// First bytes of the keys in `meta`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum MetaPrefix {
    /// Facts about the store itself: its format and its newest revision.
    Store = 0,
    Tenant = 1,
    Flow = 2,
    Draft = 3,
    Version = 4,
    Action = 5,
    Token = 6,
    Schedule = 7,
    Secret = 8,
    TenantKey = 9,
}

impl From<DocKind> for MetaPrefix {
    fn from(kind: DocKind) -> Self {
        match kind {
            DocKind::Tenant => Self::Tenant,
            DocKind::Flow => Self::Flow,
            DocKind::Draft => Self::Draft,
            DocKind::Version => Self::Version,
            DocKind::Action => Self::Action,
            DocKind::Token => Self::Token,
            DocKind::Schedule => Self::Schedule,
            DocKind::Secret => Self::Secret,
            DocKind::TenantKey => Self::TenantKey,
        }
    }
}

/// First bytes of the keys in `artifacts`.
#[repr(u8)]
enum ArtifactPrefix {
    Component = 1,
}

/// First bytes of the keys in `runs`.
#[repr(u8)]
enum RunPrefix {
    /// tenant, run: the summary.
    Summary = 1,
    /// tenant, flow, run: outcome and mode.
    ByFlow = 2,
}

/// First bytes of the keys in `events`.
#[repr(u8)]
enum EventPrefix {
    /// tenant, day, run, sequence: the record, or the state to retry from.
    Record = 1,
}

/// First bytes of the keys in `kv`.
#[repr(u8)]
enum KvPrefix {
    /// tenant, bucket, key: the entry.
    Entry = 1,
    /// time of expiry, then an entry's key without its first byte: nothing.
    Due = 2,
    /// tenant: what it holds.
    Held = 3,
}

/// `meta`: the number of the store's format.
pub(crate) const FORMAT: &[u8] = &[MetaPrefix::Store as u8, b'f'];
/// `meta`: the newest revision given to a document.
pub(crate) const REVISION: &[u8] = &[MetaPrefix::Store as u8, b'r'];

/// Bytes of a run id at the end of a key.
const ID: usize = 16;
const MILLIS_PER_DAY: i64 = 86_400_000;

fn tenant_part(key: &mut Vec<u8>, tenant: Option<&TenantId>) {
    let text = tenant.map_or("", TenantId::as_str);
    // Names have at most 63 bytes.
    key.push(u8::try_from(text.len()).unwrap_or(u8::MAX));
    key.extend_from_slice(text.as_bytes());
}

/// The tenant at the start of some bytes, and what follows it.
fn split_tenant(bytes: &[u8]) -> Option<(TenantId, &[u8])> {
    let (length, rest) = bytes.split_first()?;
    let (tenant, rest) = rest.split_at_checked(usize::from(*length))?;
    Some((TenantId::new(std::str::from_utf8(tenant).ok()?).ok()?, rest))
}

fn start(key: &mut Vec<u8>, prefix: u8, tenant: Option<&TenantId>) {
    key.clear();
    key.push(prefix);
    tenant_part(key, tenant);
}

/// `meta`: a document. With an empty name, what all names of this kind and tenant start with.
pub(crate) fn doc(key: &mut Vec<u8>, kind: DocKind, tenant: Option<&TenantId>, name: &str) {
    start(key, MetaPrefix::from(kind) as u8, tenant);
    key.extend_from_slice(name.as_bytes());
}

/// `artifacts`: a component.
pub(crate) fn artifact(key: &mut Vec<u8>, hash: &ArtifactHash) {
    key.clear();
    key.push(ArtifactPrefix::Component as u8);
    key.extend_from_slice(hash.as_str().as_bytes());
}

/// `runs`: what all summaries of a tenant start with.
pub(crate) fn summaries(key: &mut Vec<u8>, tenant: &TenantId) {
    start(key, RunPrefix::Summary as u8, Some(tenant));
}

/// `runs`: a summary.
pub(crate) fn summary(key: &mut Vec<u8>, tenant: &TenantId, run: RunId) {
    summaries(key, tenant);
    key.extend_from_slice(run.as_bytes());
}

/// `runs`: what all index rows of a flow start with.
pub(crate) fn flow_runs(key: &mut Vec<u8>, tenant: &TenantId, flow: FlowId) {
    start(key, RunPrefix::ByFlow as u8, Some(tenant));
    key.extend_from_slice(flow.as_bytes());
}

/// `runs`: the index row of a run under its flow.
pub(crate) fn flow_run(key: &mut Vec<u8>, tenant: &TenantId, flow: FlowId, run: RunId) {
    flow_runs(key, tenant, flow);
    key.extend_from_slice(run.as_bytes());
}

/// Appends what the ids of runs made at or after `at` are not below.
pub(crate) fn made_at(key: &mut Vec<u8>, at: Timestamp) {
    // A run id starts with the 48 bits of its time.
    let millis = u64::try_from(at.as_millis()).unwrap_or(0).min((1 << 48) - 1);
    key.extend(millis.to_be_bytes().iter().skip(2));
}

/// The run at the end of a key of `runs`.
pub(crate) fn run_of(key: &[u8]) -> Option<RunId> {
    key.last_chunk::<ID>().map(|bytes| RunId::from_bytes(*bytes))
}

/// `events`: what is kept of a run: its record or the state to retry it from. The day is the run id's own, so that the run
/// alone leads to it and retention can drop whole days.
pub(crate) fn record(key: &mut Vec<u8>, tenant: &TenantId, run: RunId, seq: u32) {
    start(key, EventPrefix::Record as u8, Some(tenant));
    let day = u32::try_from(run.made_at().as_millis() / MILLIS_PER_DAY).unwrap_or(u32::MAX);
    key.extend_from_slice(&day.to_be_bytes());
    key.extend_from_slice(run.as_bytes());
    key.extend_from_slice(&seq.to_be_bytes());
}

/// `kv`: what all entries of a tenant start with.
pub(crate) fn kv_entries(key: &mut Vec<u8>, tenant: &TenantId) {
    start(key, KvPrefix::Entry as u8, Some(tenant));
}

/// `kv`: an entry. With an empty name, what all entries of the bucket start with. Buckets have at most 63 bytes.
pub(crate) fn kv_entry(key: &mut Vec<u8>, tenant: &TenantId, bucket: &str, name: &str) {
    kv_entries(key, tenant);
    key.push(u8::try_from(bucket.len()).unwrap_or(u8::MAX));
    key.extend_from_slice(bucket.as_bytes());
    key.extend_from_slice(name.as_bytes());
}

/// The tenant of an entry.
pub(crate) fn kv_tenant(entry: &[u8]) -> Option<TenantId> {
    split_tenant(entry.get(1..)?).map(|(tenant, _)| tenant)
}

/// `kv`: where rows of entries that expire at or after a time start.
pub(crate) fn kv_due_from(row: &mut Vec<u8>, at: u64) {
    row.clear();
    row.push(KvPrefix::Due as u8);
    row.extend_from_slice(&at.to_be_bytes());
}

/// `kv`: the row of an entry in the order of expiry.
pub(crate) fn kv_due(row: &mut Vec<u8>, at: u64, entry: &[u8]) {
    kv_due_from(row, at);
    row.extend_from_slice(entry.get(1..).unwrap_or_default());
}

/// When a row of the order of expiry is due, and the key of its entry.
pub(crate) fn kv_due_entry(row: &[u8]) -> Option<(u64, Vec<u8>)> {
    let (prefix, rest) = row.split_first()?;
    let (due, rest) = rest.split_first_chunk::<8>()?;
    let entry = [&[KvPrefix::Entry as u8][..], rest].concat();
    (*prefix == KvPrefix::Due as u8).then_some((u64::from_be_bytes(*due), entry))
}

/// `kv`: what a tenant holds.
pub(crate) fn kv_held(key: &mut Vec<u8>, tenant: &TenantId) {
    start(key, KvPrefix::Held as u8, Some(tenant));
}

/// Turns what keys start with into the first key behind all of them.
pub(crate) fn behind(prefix: &mut Vec<u8>) {
    while let Some(last) = prefix.last_mut() {
        if *last < u8::MAX {
            *last += 1;
            return;
        }
        prefix.pop();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    pub(super) fn tenant() -> impl Strategy<Value = TenantId> {
        proptest::collection::vec(proptest::sample::select(b"az09".to_vec()), 1..64)
            .prop_map(|bytes| TenantId::new(std::str::from_utf8(&bytes).unwrap()).unwrap())
    }

    pub(super) fn run() -> impl Strategy<Value = RunId> {
        any::<[u8; 16]>().prop_map(RunId::from_bytes)
    }

    pub(super) fn built(build: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
        let mut key = b"left from before".to_vec();
        build(&mut key);
        key
    }

    proptest! {
        #[test]
        fn runs_sort_by_id_and_stay_within_their_tenant(t in tenant(), u in tenant(), a in run(), b in run()) {
            let (x, y) = (built(|k| summary(k, &t, a)), built(|k| summary(k, &t, b)));
            prop_assert_eq!(x.cmp(&y), a.cmp(&b));
            prop_assert_eq!(run_of(&x), Some(a));
            let (from, to) = (built(|k| summaries(k, &t)), built(|k| { summaries(k, &t); behind(k) }));
            prop_assert!(from <= x && x < to);
            let other = built(|k| summary(k, &u, a));
            prop_assert_eq!(from <= other && other < to, t == u);
        }

        #[test]
        fn a_flow_holds_its_own_runs_alone(t in tenant(), f in any::<[u8; 16]>(), g in any::<[u8; 16]>(), a in run()) {
            let (f, g) = (FlowId::from_bytes(f), FlowId::from_bytes(g));
            let (from, to) = (built(|k| flow_runs(k, &t, f)), built(|k| { flow_runs(k, &t, f); behind(k) }));
            let row = built(|k| flow_run(k, &t, g, a));
            prop_assert_eq!(from <= row && row < to, f == g);
        }

        #[test]
        fn time_bounds_part_runs_by_when_they_were_made(t in tenant(), a in run(), at in 0_i64..(1 << 48)) {
            let at = Timestamp::from_millis(at);
            let bound = built(|k| { summaries(k, &t); made_at(k, at) });
            prop_assert_eq!(bound <= built(|k| summary(k, &t, a)), at <= a.made_at());
        }

        #[test]
        fn records_sort_by_time_then_sequence(t in tenant(), a in run(), b in run(), i in any::<u32>(), j in any::<u32>()) {
            let (x, y) = (built(|k| record(k, &t, a, i)), built(|k| record(k, &t, b, j)));
            prop_assert_eq!(x.cmp(&y), (a, i).cmp(&(b, j)));
        }

        #[test]
        fn entries_sort_by_key_stay_in_their_bucket_and_come_back_from_their_due_rows(
            (t, u) in (tenant(), tenant()),
            (a, b) in ("[a-z0-9_.-]{1,63}", "[a-z0-9_.-]{1,63}"),
            (k, l) in (".{1,40}", ".{1,40}"),
            (due, later) in any::<(u64, u64)>(),
        ) {
            let entry = built(|key| kv_entry(key, &t, &a, &k));
            prop_assert_eq!(entry.cmp(&built(|key| kv_entry(key, &t, &a, &l))), k.cmp(&l));
            let from = built(|key| kv_entry(key, &t, &a, ""));
            let to = built(|key| { kv_entry(key, &t, &a, ""); behind(key) });
            prop_assert!(from <= entry && entry < to);
            let other = built(|key| kv_entry(key, &u, &b, &k));
            prop_assert_eq!(from <= other && other < to, t == u && a == b);
            let (from, to) = (built(|key| kv_entries(key, &t)), built(|key| { kv_entries(key, &t); behind(key) }));
            prop_assert_eq!(from <= other && other < to, t == u);
            prop_assert_eq!(kv_tenant(&entry), Some(t.clone()));

            let row = built(|key| kv_due(key, due, &entry));
            prop_assert_eq!(kv_due_entry(&row), Some((due, entry.clone())));
            prop_assert_eq!(row >= built(|key| kv_due_from(key, later)), due >= later);
            prop_assert!(kv_due_entry(&entry).is_none() && kv_due_entry(&row[..8]).is_none());
            let held = built(|key| kv_held(key, &t));
            prop_assert!(held > to && held > row && row > to);
        }

        #[test]
        fn documents_sort_by_name_and_stay_apart(t in tenant(), u in tenant(), a in ".{1,40}", b in ".{1,40}") {
            let (x, y) = (built(|k| doc(k, DocKind::Flow, Some(&t), &a)), built(|k| doc(k, DocKind::Flow, Some(&t), &b)));
            prop_assert_eq!(x.cmp(&y), a.cmp(&b));
            prop_assert_ne!(&x, &built(|k| doc(k, DocKind::Draft, Some(&t), &a)));
            prop_assert_ne!(&x, &built(|k| doc(k, DocKind::Flow, None, &a)));
            prop_assert_eq!(x == built(|k| doc(k, DocKind::Flow, Some(&u), &a)), t == u);
        }
    }

    #[test]
    fn assigned_bytes_stay() {
        let t = TenantId::new("ab").unwrap();
        let run = RunId::from_bytes([7; 16]);
        let expected = [&[1, 2, b'a', b'b'][..], &[7; 16]].concat();
        assert_eq!(built(|k| summary(k, &t, run)), expected);
        assert_eq!(built(|k| doc(k, DocKind::Token, None, "x")), [6, 0, b'x']);
        assert_eq!(built(|k| doc(k, DocKind::Secret, Some(&t), "X")), [8, 2, b'a', b'b', b'X']);
        assert_eq!(built(|k| doc(k, DocKind::TenantKey, Some(&t), "d")), [9, 2, b'a', b'b', b'd']);
        assert_eq!((FORMAT, REVISION), (&[0, b'f'][..], &[0, b'r'][..]));
        let entry = built(|k| kv_entry(k, &t, "v", "k"));
        assert_eq!(entry, [1, 2, b'a', b'b', 1, b'v', b'k']);
        assert_eq!(built(|k| kv_due(k, 1, &entry))[..10], [2, 0, 0, 0, 0, 0, 0, 0, 1, 2]);
        assert_eq!(built(|k| kv_held(k, &t)), [3, 2, b'a', b'b']);
        assert_eq!(built(|k| record(k, &t, run, 1))[..4], [1, 2, b'a', b'b']);
    }
}
