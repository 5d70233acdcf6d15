//! The bytes of every value. A decoder takes any bytes and answers with an error, never with a guess.

use bytes::Bytes;
use weir_model::{FlowId, Mode, Outcome, RunId, RunSummary, TenantId, Timestamp};

use crate::{QueueKey, QueuedRun, StoreError, When};

/// The number of what is written here; raised when older programs could misread it.
pub(crate) const FORMAT: u32 = 2;

/// The first byte of a queued run's value, as format 1 had it.
const QUEUED_V1: u8 = 1;
/// The first byte of a queued run's value.
const QUEUED_V2: u8 = 2;

/// What is known of a run without parsing its summary: enough to pass over it in a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Marks {
    pub(crate) outcome: Outcome,
    pub(crate) mode: Mode,
}

pub(crate) const fn mode_byte(mode: Mode) -> u8 {
    match mode {
        Mode::Production => 1,
        Mode::Development => 2,
    }
}

impl Marks {
    pub(crate) const fn of(summary: &RunSummary) -> Self {
        Self { outcome: summary.outcome, mode: summary.mode }
    }

    pub(crate) const fn bytes(self) -> [u8; 2] {
        [self.outcome.byte(), mode_byte(self.mode)]
    }

    /// The marks at the start of a value, and what follows them.
    pub(crate) fn split(value: &[u8]) -> Result<(Self, &[u8]), StoreError> {
        let wrong = || StoreError::damaged("a run's summary", "unknown outcome or mode");
        let ([outcome, mode], rest) = value.split_first_chunk::<2>().ok_or_else(wrong)?;
        let outcome = Outcome::from_byte(*outcome).ok_or_else(wrong)?;
        let mode = match mode {
            1 => Mode::Production,
            2 => Mode::Development,
            _ => return Err(wrong()),
        };
        Ok((Self { outcome, mode }, rest))
    }
}

/// A summary: its marks, then JSON.
pub(crate) fn write_summary(value: &mut Vec<u8>, summary: &RunSummary) -> Result<(), serde_json::Error> {
    value.clear();
    value.extend_from_slice(&Marks::of(summary).bytes());
    serde_json::to_writer(value, summary)
}

pub(crate) fn read_summary(json: &[u8]) -> Result<RunSummary, StoreError> {
    serde_json::from_slice(json).map_err(|error| StoreError::damaged("a run's summary", error))
}

const fn when_byte(when: When) -> u8 {
    match when {
        When::Ready => 1,
        When::After => 2,
        When::At => 3,
        When::Held => 4,
    }
}

const fn when_of(byte: u8) -> Option<When> {
    Some(match byte {
        1 => When::Ready,
        2 => When::After,
        3 => When::At,
        4 => When::Held,
        _ => return None,
    })
}

fn damaged_run(run: RunId) -> StoreError {
    StoreError::damaged("a queued run", format!("run {run} is cut short or of an unknown version"))
}

/// What a queued run starts with: version, what it waits for and when that is due, flow, whether the flow keeps an order.
fn start_queued(value: &mut Vec<u8>, key: &QueueKey, flow: FlowId, ordered: bool) {
    value.clear();
    value.extend_from_slice(&[QUEUED_V2, when_byte(key.when)]);
    value.extend_from_slice(&key.due.as_millis().to_be_bytes());
    value.extend_from_slice(flow.as_bytes());
    value.push(u8::from(ordered));
}

/// A queued run: its start, length of the summary, summary as JSON, state.
pub(crate) fn write_queued(value: &mut Vec<u8>, run: &QueuedRun) -> Result<(), serde_json::Error> {
    start_queued(value, &run.key, run.flow, run.ordered);
    let length_at = value.len();
    value.extend_from_slice(&[0; 4]);
    let summary_at = value.len();
    serde_json::to_writer(&mut *value, &run.summary)?;
    let length = u32::try_from(value.len() - summary_at).unwrap_or(u32::MAX);
    if let Some(place) = value.get_mut(length_at..summary_at) {
        place.copy_from_slice(&length.to_be_bytes());
    }
    value.extend_from_slice(&run.state);
    Ok(())
}

pub(crate) fn read_queued(tenant: TenantId, run: RunId, value: &[u8]) -> Result<QueuedRun, StoreError> {
    let wrong = || damaged_run(run);
    let ([version, when], rest) = value.split_first_chunk::<2>().ok_or_else(wrong)?;
    let (due, rest) = rest.split_first_chunk::<8>().ok_or_else(wrong)?;
    let (flow, rest) = rest.split_first_chunk::<16>().ok_or_else(wrong)?;
    let (ordered, rest) = rest.split_first().ok_or_else(wrong)?;
    let (summary, state) = split_summary(rest).ok_or_else(wrong)?;
    if *version != QUEUED_V2 || *ordered > 1 {
        return Err(wrong());
    }
    let when = when_of(*when).ok_or_else(wrong)?;
    let due = Timestamp::from_millis(i64::from_be_bytes(*due));
    Ok(QueuedRun {
        key: QueueKey { when, due, tenant, run },
        replaces: None,
        flow: FlowId::from_bytes(*flow),
        ordered: *ordered == 1,
        remember: None,
        summary: read_summary(summary)?,
        state: Bytes::copy_from_slice(state),
    })
}

/// A summary behind its length, and the state behind it.
fn split_summary(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)
}

/// Turns a queued run of format 1 (version, flow, length of the summary, summary, state) into one of today.
pub(crate) fn upgrade_queued(value: &mut Vec<u8>, key: &QueueKey, old: &[u8]) -> Result<(), StoreError> {
    let wrong = || damaged_run(key.run);
    let (version, rest) = old.split_first().ok_or_else(wrong)?;
    let (flow, rest) = rest.split_first_chunk::<16>().ok_or_else(wrong)?;
    if *version != QUEUED_V1 || split_summary(rest).is_none() {
        return Err(wrong());
    }
    start_queued(value, key, FlowId::from_bytes(*flow), false);
    value.extend_from_slice(rest);
    Ok(())
}

/// What is remembered of a request: until when in milliseconds, then the value.
pub(crate) fn write_seen(value: &mut Vec<u8>, until: u64, body: &[u8]) {
    value.clear();
    value.extend_from_slice(&until.to_be_bytes());
    value.extend_from_slice(body);
}

pub(crate) fn read_seen(value: &[u8]) -> Result<(u64, &[u8]), StoreError> {
    let cut = || StoreError::damaged("what is remembered of a request", "it is cut short");
    let (until, body) = value.split_first_chunk::<8>().ok_or_else(cut)?;
    Ok((u64::from_be_bytes(*until), body))
}

/// A document: its revision, then its body.
pub(crate) fn write_doc(value: &mut Vec<u8>, revision: u64, body: &[u8]) {
    value.clear();
    value.extend_from_slice(&revision.to_be_bytes());
    value.extend_from_slice(body);
}

pub(crate) fn read_doc(value: &[u8]) -> Result<(u64, &[u8]), StoreError> {
    let (revision, body) =
        value.split_first_chunk::<8>().ok_or_else(|| StoreError::damaged("a document", "no revision"))?;
    Ok((u64::from_be_bytes(*revision), body))
}

/// An entry of the key-value store: its version, its end in milliseconds (0 for none), its bytes.
pub(crate) fn write_kv(value: &mut Vec<u8>, version: u64, expires: u64, body: &[u8]) {
    value.clear();
    value.extend_from_slice(&version.to_be_bytes());
    value.extend_from_slice(&expires.to_be_bytes());
    value.extend_from_slice(body);
}

pub(crate) fn read_kv(value: &[u8]) -> Result<(u64, u64, &[u8]), StoreError> {
    let cut = || StoreError::damaged("an entry of the key-value store", "it is cut short");
    let (version, rest) = value.split_first_chunk::<8>().ok_or_else(cut)?;
    let (expires, body) = rest.split_first_chunk::<8>().ok_or_else(cut)?;
    Ok((u64::from_be_bytes(*version), u64::from_be_bytes(*expires), body))
}

/// What a tenant has in the key-value store. It is kept beside the entries and written with them, so that a start counts
/// nothing and a version is never given twice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Held {
    /// Bytes of keys and values.
    pub(crate) bytes: u64,
    pub(crate) keys: u64,
    /// The newest version given to an entry.
    pub(crate) version: u64,
}

impl Held {
    pub(crate) fn bytes(self) -> [u8; 24] {
        let mut value = [0; 24];
        for (place, number) in value.chunks_exact_mut(8).zip([self.bytes, self.keys, self.version]) {
            place.copy_from_slice(&number.to_be_bytes());
        }
        value
    }

    pub(crate) fn read(value: &[u8]) -> Result<Self, StoreError> {
        let wrong = || StoreError::damaged("what a tenant holds in the key-value store", "it has the wrong length");
        let (bytes, rest) = value.split_first_chunk::<8>().ok_or_else(wrong)?;
        let (keys, rest) = rest.split_first_chunk::<8>().ok_or_else(wrong)?;
        let version = <[u8; 8]>::try_from(rest).map_err(|_| wrong())?;
        let number = |bytes: &[u8; 8]| u64::from_be_bytes(*bytes);
        Ok(Self { bytes: number(bytes), keys: number(keys), version: number(&version) })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::tests::summary_of;

    const RUN: RunId = RunId::from_bytes([9; 16]);

    fn default() -> TenantId {
        TenantId::new("default").unwrap()
    }

    fn key(when: When, due: i64) -> QueueKey {
        QueueKey { when, due: Timestamp::from_millis(due), tenant: default(), run: RUN }
    }

    fn any_key() -> impl Strategy<Value = QueueKey> {
        let when = proptest::sample::select(vec![When::Ready, When::After, When::At, When::Held]);
        (when, any::<i64>()).prop_map(|(when, due)| key(when, due))
    }

    proptest! {
        #[test]
        fn a_queued_run_survives_and_no_cut_is_taken_for_whole(
            state in proptest::collection::vec(any::<u8>(), 0..200),
            (key, ordered) in (any_key(), any::<bool>()),
        ) {
            let flow = FlowId::from_bytes([3; 16]);
            let summary = summary_of(RUN, flow, Outcome::Waiting);
            let state = Bytes::from(state);
            let run = QueuedRun {
                key: key.clone(), replaces: None, flow, ordered, remember: None, summary, state: state.clone(),
            };
            let mut value = Vec::new();
            write_queued(&mut value, &run).unwrap();
            let read = read_queued(default(), RUN, &value).unwrap();
            prop_assert_eq!((&read.key, &read.state, read.flow, read.ordered), (&key, &state, flow, ordered));
            prop_assert_eq!(read.summary.outcome, Outcome::Waiting);
            let head = value.len() - state.len();
            prop_assert!((0..head).all(|cut| read_queued(default(), RUN, &value[..cut]).is_err()));
        }

        #[test]
        fn a_queued_run_of_format_1_keeps_all_it_had(
            state in proptest::collection::vec(any::<u8>(), 0..200),
            due in any::<i64>(),
        ) {
            let summary = serde_json::to_vec(&summary_of(RUN, FlowId::from_bytes([3; 16]), Outcome::Running)).unwrap();
            let length = u32::try_from(summary.len()).unwrap().to_be_bytes();
            let old = [&[1_u8][..], &[3; 16], &length, &summary, &state].concat();
            let mut value = Vec::new();
            upgrade_queued(&mut value, &key(When::Ready, due), &old).unwrap();
            let read = read_queued(default(), RUN, &value).unwrap();
            prop_assert_eq!((read.key, &read.state[..]), (key(When::Ready, due), &state[..]));
            prop_assert_eq!((read.flow, read.ordered), (FlowId::from_bytes([3; 16]), false));
            prop_assert_eq!(serde_json::to_vec(&read.summary).unwrap(), summary);
            let head = old.len() - state.len();
            prop_assert!((0..head).all(|cut| upgrade_queued(&mut value, &key(When::Ready, due), &old[..cut]).is_err()));
        }

        #[test]
        fn any_bytes_are_decoded_or_refused(value in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = read_queued(default(), RUN, &value);
            let _ = upgrade_queued(&mut Vec::new(), &key(When::Ready, 0), &value);
            let _ = read_doc(&value);
            prop_assert_eq!(read_seen(&value).is_ok(), value.len() >= 8);
            if let Ok((version, expires, body)) = read_kv(&value) {
                let mut again = Vec::new();
                write_kv(&mut again, version, expires, body);
                prop_assert_eq!(&again, &value);
            }
            prop_assert!(Held::read(&value).map_or(value.len() != 24, |held| held.bytes()[..] == value[..]));
            if let Ok((marks, json)) = Marks::split(&value) {
                prop_assert_eq!(&value[..2], &marks.bytes());
                let _ = read_summary(json);
            }
        }
    }
}
