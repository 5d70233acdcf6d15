//! The key-value store over real RocksDB in folders of their own.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;
use weir_model::Coded;

use super::*;
use crate::tests::{Folder, killed_copy, tenant};
use crate::*;

const NOW: Timestamp = Timestamp::from_millis(1_000_000);

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(NOW.as_millis() + millis)
}

fn place(name: &str) -> KvPlace {
    KvPlace::new(&tenant("default"), "visits", name).unwrap()
}

fn put(name: &str, value: &'static str) -> KvSet {
    KvSet { place: place(name), value: value.into(), expires_at: None, expect: Expect::Any, now: NOW }
}

fn until(end: i64, set: KvSet) -> KvSet {
    KvSet { expires_at: Some(at(end)), ..set }
}

fn add(name: &str, delta: i64) -> KvAdd {
    KvAdd { place: place(name), delta, expires_at: None, now: NOW }
}

fn get(store: &Store, name: &str, now: Timestamp) -> Option<String> {
    let found = store.kv_get(&place(name), now).unwrap();
    found.map(|found| String::from_utf8(found.bytes.to_vec()).unwrap())
}

fn list<'a>(tenant: &'a TenantId, prefix: &'a str) -> KvList<'a> {
    KvList { tenant, bucket: "visits", prefix, after: None, limit: 1_000, now: NOW }
}

fn with_quota(folder: &Folder, bytes: u64, keys: u64) -> Arc<Store> {
    Store::open(&folder.0, &Options { kv: KvQuota { bytes, keys }, ..Options::default() }).unwrap()
}

#[test]
fn one_of_many_who_expect_the_same_version_wins() {
    let folder = Folder::new();
    let store = folder.open();
    assert!(store.kv_set(KvSet { expect: Expect::Revision(7), ..put("turn", "x") }).wait().is_err());
    let first = store.kv_set(KvSet { expect: Expect::Absent, ..put("turn", "x") }).wait().unwrap();
    let stale = store.kv_set(KvSet { expect: Expect::Absent, ..put("turn", "y") }).wait().unwrap_err();
    assert_eq!(stale, StoreError::Conflict { kind: "key", name: "turn".into(), found: Some(first) });

    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..50 {
                    store.kv_add(add("counter", 1)).wait().unwrap();
                }
                // A counter of one's own making: read, write where nobody was faster, else again.
                for _ in 0..20 {
                    loop {
                        let found = store.kv_get(&place("own"), NOW).unwrap();
                        let expect = found.as_ref().map_or(Expect::Absent, |found| Expect::Revision(found.version));
                        let length = found.map_or(0, |found| found.bytes.len());
                        let value = vec![b'i'; length + 1].into();
                        match store.kv_set(KvSet { expect, value, ..put("own", "") }).wait() {
                            Ok(_) => break,
                            Err(error) => assert!(matches!(error, StoreError::Conflict { .. })),
                        }
                    }
                }
            });
        }
    });
    assert_eq!(get(&store, "counter", NOW).unwrap(), "400");
    assert_eq!(get(&store, "own", NOW).unwrap().len(), 160);
}

#[test]
fn counters_count_text_and_nothing_else() {
    let folder = Folder::new();
    let store = folder.open();
    assert_eq!(store.kv_add(add("n", -5)).wait(), Ok(-5));
    // Two in one batch: the second sees the first.
    let (first, second) = (store.kv_set(put("n", "9223372036854775806")), store.kv_add(add("n", 1)));
    assert_eq!((first.wait().is_ok(), second.wait()), (true, Ok(i64::MAX)));
    let over = store.kv_add(add("n", 1)).wait().unwrap_err();
    assert_eq!(over.code().as_str(), "WEIR-STORE-KV-COUNTER");
    assert_eq!(get(&store, "n", NOW).unwrap(), i64::MAX.to_string());
    assert_eq!(store.kv_add(add("n", i64::MIN)).wait(), Ok(-1));
    for text in ["", "twelve", "1.5", "99999999999999999999"] {
        store.kv_set(put("text", text)).wait().unwrap();
        assert!(matches!(store.kv_add(add("text", 1)).wait(), Err(StoreError::KvCounter { .. })), "{text}");
        assert_eq!(get(&store, "text", NOW).unwrap(), text);
    }
}

#[test]
fn what_expired_is_absent_at_once_and_a_sweep_removes_it() {
    let folder = Folder::new();
    let store = folder.open();
    let first = store.kv_set(until(10, put("short", "a"))).wait().unwrap();
    store.kv_set(until(20, put("longer", "b"))).wait().unwrap();
    store.kv_set(until(5, put("kept", "c"))).wait().unwrap();
    store.kv_set(put("kept", "c")).wait().unwrap();
    assert_eq!(store.kv_get(&place("short"), at(9)).unwrap().unwrap().expires_at, Some(at(10)));
    assert_eq!((get(&store, "short", at(9)).is_some(), get(&store, "short", at(10))), (true, None));
    assert_eq!(
        store.kv_keys(&KvList { now: at(15), ..list(&tenant("default"), "") }).unwrap().keys,
        ["kept", "longer"]
    );

    // For compare-and-set and counters too it is not there; a version is not used again.
    let again = KvSet { expect: Expect::Absent, now: at(15), ..until(18, put("short", "5")) };
    assert!(store.kv_set(again).wait().unwrap() > first);
    assert_eq!(store.kv_add(KvAdd { now: at(18), ..add("short", 2) }).wait(), Ok(2));

    assert_eq!(store.kv_sweep(at(19), 10).wait(), Ok(0));
    assert_eq!(store.kv_sweep(at(20), 10).wait(), Ok(1));
    let now = at(0);
    assert_eq!((get(&store, "longer", now), get(&store, "kept", now)), (None, Some("c".into())));
    assert_eq!(get(&store, "short", at(1 << 40)).unwrap(), "2");
}

#[test]
fn sweeps_are_bounded_and_miss_nothing() {
    let folder = Folder::new();
    let store = folder.open();
    for n in 0..25 {
        drop(store.kv_set(until(n % 5 + 1, put(&format!("k{n}"), "v"))));
    }
    store.settle().wait().unwrap();
    let mut seen = Vec::new();
    while seen.last() != Some(&0) {
        seen.push(store.kv_sweep(at(100), 10).wait().unwrap());
    }
    assert_eq!(seen, [10, 10, 5, 0]);
    // In one batch with a sweep, and due before the place that sweep came to.
    drop(store.kv_set(until(3, put("late", "v"))));
    drop(store.kv_sweep(at(100), 10));
    store.kv_set(until(2, put("later", "v"))).wait().unwrap();
    assert!(store.kv_sweep(at(100), 10).wait().unwrap() > 0);
    store.kv_sweep(at(100), 10).wait().unwrap();
    let owner = tenant("default");
    let all = KvList { now: at(-1_000), ..list(&owner, "") };
    assert_eq!(store.kv_keys(&all).unwrap(), KvPage::default());
}

#[test]
fn a_full_tenant_can_tidy_up_and_others_have_their_own_room() {
    let folder = Folder::new();
    let store = with_quota(&folder, 1_000, 3);
    for name in ["a", "b"] {
        store.kv_set(put(name, "v")).wait().unwrap();
    }
    store.kv_set(until(10, put("c", "v"))).wait().unwrap();
    let full = store.kv_set(put("d", "v")).wait().unwrap_err();
    assert_eq!(full, StoreError::KvQuota { what: "keys", most: 3 });
    assert_eq!(full.code().as_str(), "WEIR-STORE-KV-QUOTA");
    assert!(matches!(store.kv_add(add("d", 1)).wait(), Err(StoreError::KvQuota { .. })));
    assert!(get(&store, "d", NOW).is_none());
    store.kv_set(put("a", "other")).wait().unwrap();
    let other = KvPlace::new(&tenant("other"), "visits", "d").unwrap();
    store.kv_set(KvSet { place: other, ..put("d", "v") }).wait().unwrap();
    // What expired makes room without a sweep of the host's.
    store.kv_set(KvSet { now: at(10), ..put("d", "v") }).wait().unwrap();
    store.kv_delete(place("d")).wait().unwrap();
    store.kv_delete(place("not there")).wait().unwrap();
    store.kv_set(put("e", "v")).wait().unwrap();

    let large = KvSet { value: vec![0; 1_000].into(), ..put("e", "") };
    assert!(matches!(store.kv_set(large.clone()).wait(), Err(StoreError::KvQuota { most: 1_000, .. })));
    drop(store);
    let store = folder.open();
    store.kv_set(large).wait().unwrap();
    drop(store);
    // Over a lowered quota: what shrinks is let through.
    let store = with_quota(&folder, 900, 1);
    store.kv_set(KvSet { value: vec![0; 950].into(), ..put("e", "") }).wait().unwrap();
    assert!(store.kv_set(KvSet { value: vec![0; 951].into(), ..put("e", "") }).wait().is_err());
    store.kv_delete(place("e")).wait().unwrap();
}

#[test]
fn names_and_sizes_have_their_bounds() {
    let folder = Folder::new();
    let store = folder.open();
    let default = tenant("default");
    for bucket in ["", "Visits", "a/b", "ü", &"b".repeat(64)] {
        let refused = KvPlace::new(&default, bucket, "k").unwrap_err();
        assert_eq!(refused.code().as_str(), "WEIR-STORE-KV-NAME");
        assert!(store.kv_keys(&KvList { bucket, ..list(&default, "") }).is_err());
    }
    for key in ["", &"k".repeat(513)] {
        assert!(matches!(KvPlace::new(&default, "b", key), Err(StoreError::KvName { what: "key", .. })));
    }
    let largest = KvPlace::new(&default, &"b".repeat(63), &"ü".repeat(256)).unwrap();
    store.kv_set(KvSet { place: largest.clone(), ..put("k", "v") }).wait().unwrap();
    assert!(store.kv_get(&largest, NOW).unwrap().is_some());
    let large = KvSet { value: vec![0; KvSet::MAX_VALUE + 1].into(), ..put("k", "") };
    assert!(matches!(store.kv_set(large).wait(), Err(StoreError::TooLarge { most: KvSet::MAX_VALUE, .. })));
}

#[test]
fn keys_are_listed_by_prefix_in_pages() {
    let folder = Folder::new();
    let store = folder.open();
    let default = tenant("default");
    for name in ["a", "ab/1", "ab/2", "ab/3", "ac", "ü", "\u{10ffff}"] {
        store.kv_set(put(name, "v")).wait().unwrap();
    }
    for (tenant, bucket) in [("default", "visit"), ("default", "visitss"), ("defaul", "visits"), ("default0", "visits")]
    {
        let place = KvPlace::new(&crate::tests::tenant(tenant), bucket, "ab/other").unwrap();
        store.kv_set(KvSet { place, ..put("x", "v") }).wait().unwrap();
    }
    let pages = |prefix: &str, limit| {
        let (mut keys, mut after) = (Vec::new(), None::<String>);
        loop {
            let page = store.kv_keys(&KvList { after: after.as_deref(), limit, ..list(&default, prefix) }).unwrap();
            assert!(page.keys.len() <= limit);
            keys.extend(page.keys);
            after = page.next;
            if after.is_none() {
                return keys;
            }
        }
    };
    for limit in [1, 2, 3, 100] {
        assert_eq!(pages("", limit), ["a", "ab/1", "ab/2", "ab/3", "ac", "ü", "\u{10ffff}"]);
        assert_eq!(pages("ab/", limit), ["ab/1", "ab/2", "ab/3"]);
        assert_eq!(pages("zz", limit), [""; 0]);
    }
    let from = |after| store.kv_keys(&KvList { after: Some(after), ..list(&default, "ab/") }).unwrap().keys;
    assert_eq!((from("a"), from("ab/2"), from("b")), (pages("ab/", 9), vec!["ab/3".into()], Vec::new()));
}

#[test]
fn entries_versions_and_numbers_survive_a_kill_and_a_stop() {
    let folder = Folder::new();
    let store = with_quota(&folder, 1 << 20, 3);
    store.kv_set(until(50, put("a", "1"))).wait().unwrap();
    store.kv_add(add("n", 4)).wait().unwrap();
    let last = store.kv_set(put("gone", "v")).wait().unwrap();
    store.kv_delete(place("gone")).wait().unwrap();
    let killed = killed_copy(&folder.0);
    drop(store);
    for folder in [&killed, &folder] {
        let store = with_quota(folder, 1 << 20, 3);
        assert_eq!((get(&store, "a", NOW), get(&store, "gone", NOW)), (Some("1".into()), None));
        assert_eq!(store.kv_add(add("n", 1)).wait(), Ok(5));
        assert!(store.kv_set(put("gone", "v")).wait().unwrap() > last, "a version is never used twice");
        assert!(store.kv_set(put("fourth", "v")).wait().is_err());
        assert_eq!(store.kv_sweep(at(50), 10).wait(), Ok(1));
        store.kv_set(put("fourth", "v")).wait().unwrap();
    }
}

#[test]
fn a_tenant_that_goes_takes_its_entries_and_no_others() {
    let folder = Folder::new();
    let store = folder.open();
    let default = tenant("default");
    for n in 0..5 {
        store.kv_set(until(9, put(&n.to_string(), "v"))).wait().unwrap();
    }
    let last = store.kv_set(put("last", "v")).wait().unwrap();
    let other = KvPlace::new(&tenant("default0"), "visits", "k").unwrap();
    store.kv_set(KvSet { place: other.clone(), ..put("k", "v") }).wait().unwrap();
    assert_eq!(store.kv_clear(&default, 4).wait(), Ok(4));
    assert_eq!(store.kv_clear(&default, 4).wait(), Ok(2));
    assert_eq!(store.kv_clear(&default, 4).wait(), Ok(0));
    assert!(store.kv_keys(&list(&default, "")).unwrap().keys.is_empty());
    assert!(store.kv_get(&other, NOW).unwrap().is_some());
    assert_eq!(store.kv_sweep(at(9), 10).wait(), Ok(0), "nothing is left in the order of expiry");
    assert!(store.kv_set(put("last", "v")).wait().unwrap() > last);
}

/// What may happen to one of a few keys.
#[derive(Clone, Debug)]
enum Step {
    Set { value: usize, ttl: Option<i64> },
    Add { delta: i64, ttl: Option<i64> },
    Delete,
    Sweep,
    Wait(i64),
}

fn steps() -> impl Strategy<Value = Vec<(usize, Step)>> {
    let ttl = || proptest::option::of(1_i64..20);
    let step = prop_oneof![
        4 => (0_usize..40, ttl()).prop_map(|(value, ttl)| Step::Set { value, ttl }),
        4 => (-9_i64..9, ttl()).prop_map(|(delta, ttl)| Step::Add { delta, ttl }),
        2 => Just(Step::Delete),
        1 => Just(Step::Sweep),
        1 => (1_i64..10).prop_map(Step::Wait),
    ];
    proptest::collection::vec((0_usize..6, step), 1..60)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_tenants_numbers_are_those_of_its_entries(steps in steps()) {
        let folder = Folder::new();
        let store = folder.open();
        let mut model: BTreeMap<String, (Vec<u8>, Option<Timestamp>)> = BTreeMap::new();
        let mut now = NOW;
        for (key, step) in steps {
            let name = format!("k{key}");
            let gone = model.get(&name).is_some_and(|(_, end)| end.is_some_and(|end| end <= now));
            if gone {
                model.remove(&name);
            }
            let end = |ttl: Option<i64>| ttl.map(|ttl| Timestamp::from_millis(now.as_millis() + ttl));
            // Answers are not awaited, so that batches hold several steps.
            match step {
                Step::Set { value, ttl } => {
                    let value = vec![b'v'; value + 1];
                    let set = KvSet { value: value.clone().into(), expires_at: end(ttl), now, ..put(&name, "") };
                    drop(store.kv_set(set));
                    model.insert(name, (value, end(ttl)));
                }
                Step::Add { delta, ttl } => {
                    let before = model.get(&name).map_or(Some(0), |(value, _)| number(value));
                    drop(store.kv_add(KvAdd { expires_at: end(ttl), now, ..add(&name, delta) }));
                    if let Some(before) = before {
                        model.insert(name, ((before + delta).to_string().into_bytes(), end(ttl)));
                    }
                }
                Step::Delete => {
                    drop(store.kv_delete(place(&name)));
                    model.remove(&name);
                }
                Step::Sweep => drop(store.kv_sweep(now, 3)),
                Step::Wait(millis) => now = Timestamp::from_millis(now.as_millis() + millis),
            }
        }
        store.settle().wait().unwrap();
        while store.kv_sweep(now, 100).wait().unwrap() > 0 {}
        model.retain(|_, (_, end)| end.is_none_or(|end| now < end));
        for (name, (value, end)) in &model {
            let found = store.kv_get(&place(name), now).unwrap().unwrap();
            prop_assert_eq!((&found.bytes[..], found.expires_at), (&value[..], *end));
        }
        let listed = store.kv_keys(&KvList { now, ..list(&tenant("default"), "") }).unwrap().keys;
        prop_assert_eq!(&listed, &model.keys().cloned().collect::<Vec<_>>());

        // What is counted is what is there: a quota of just that lets nothing more in, and no less.
        let bytes = model.iter().map(|(name, (value, _))| stored(name, value.len())).sum::<u64>();
        drop(store);
        let more = stored("zz", 1);
        let store = with_quota(&folder, bytes + more, 1 + model.len() as u64);
        let stored = store.kv_set(KvSet { now, ..put("zz", "v") }).wait();
        let longer = store.kv_set(KvSet { now, ..put("zz", "vv") }).wait();
        let another = store.kv_set(KvSet { now, ..put("zzz", "") }).wait();
        prop_assert_eq!((stored.is_ok(), longer.is_ok(), another.is_ok()), (true, false, false));
    }
}

fn number(value: &[u8]) -> Option<i64> {
    std::str::from_utf8(value).ok()?.parse().ok()
}

/// Bytes that an entry counts with.
fn stored(name: &str, value: usize) -> u64 {
    let mut key = Vec::new();
    crate::keys::kv_entry(&mut key, &tenant("default"), "visits", name);
    (key.len() + value) as u64
}
