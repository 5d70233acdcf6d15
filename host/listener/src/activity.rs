//! What a connection is doing and since when, and from that the moment at which it is overdue. It closes nothing.
//!
//! Requests and bytes only leave a note here; one timer of the connection reads the notes. So a request costs no timer, and
//! a connection at rest costs a look every few seconds.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

use crate::Options;

/// No moment at all.
const NEVER: u64 = u64::MAX;

/// Why a connection is to be closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Overdue {
    /// No first byte, a head that does not end, or an answer that nobody reads: nothing is owed to such a caller.
    Stuck,
    /// No request for long.
    Idle,
}

/// The notes of one connection; moments are milliseconds since it began.
pub(crate) struct Activity {
    began: Instant,
    is_http2: AtomicBool,
    is_heard: AtomicBool,
    /// Requests whose answers were not taken whole.
    open: AtomicUsize,
    /// When the last of them ended.
    idle_since: AtomicU64,
    /// When bytes came while none was open, which begin a head.
    head_since: AtomicU64,
    /// When something of each HTTP/2 answer was last taken. Over HTTP/1 the system's own clock for unread bytes counts; an
    /// HTTP/2 caller can keep the connection alive and one answer waiting.
    answers: Mutex<BTreeMap<u64, u64>>,
}

impl Activity {
    pub(crate) fn new() -> Self {
        Self {
            began: Instant::now(),
            is_http2: AtomicBool::new(false),
            is_heard: AtomicBool::new(false),
            open: AtomicUsize::new(0),
            idle_since: AtomicU64::new(0),
            head_since: AtomicU64::new(NEVER),
            answers: Mutex::default(),
        }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(NEVER)
    }

    /// Notes that bytes came.
    pub(crate) fn bytes_came(&self) {
        let may_begin = self.open.load(Ordering::Relaxed) == 0 && !self.is_http2();
        if may_begin && self.head_since.load(Ordering::Relaxed) == NEVER {
            self.head_since.store(self.now(), Ordering::Relaxed);
        }
    }

    /// Notes that a request's head is there; it is open until what is returned is dropped.
    pub(crate) fn request(self: &Arc<Self>, is_http2: bool) -> OpenRequest {
        self.is_heard.store(true, Ordering::Relaxed);
        self.is_http2.store(is_http2, Ordering::Relaxed);
        self.open.fetch_add(1, Ordering::Relaxed);
        self.head_since.store(NEVER, Ordering::Relaxed);
        OpenRequest { activity: Arc::clone(self), answer: None }
    }

    pub(crate) fn is_http2(&self) -> bool {
        self.is_http2.load(Ordering::Relaxed)
    }

    /// When it is overdue as things stand, and why.
    fn due(&self, options: &Options) -> (u64, Overdue) {
        let after = |since: u64, time: Duration| since.saturating_add(u64::try_from(time.as_millis()).unwrap_or(NEVER));
        if self.open.load(Ordering::Relaxed) > 0 {
            let oldest = self.answers.lock().values().min().copied();
            return (oldest.map_or(NEVER, |since| after(since, options.unread_time)), Overdue::Stuck);
        }
        let head_since = self.head_since.load(Ordering::Relaxed);
        if head_since != NEVER && !self.is_http2() {
            return (after(head_since, options.head_time), Overdue::Stuck);
        }
        if self.is_heard.load(Ordering::Relaxed) {
            return (after(self.idle_since.load(Ordering::Relaxed), options.idle_time), Overdue::Idle);
        }
        (after(0, options.first_byte_time), Overdue::Stuck)
    }

    /// Ready once the connection is overdue.
    pub(crate) async fn overdue(&self, options: &Options) -> Overdue {
        // No look is further away than the shortest of the times that may begin meanwhile, so none is found late.
        let look = options.head_time.min(options.unread_time).min(options.idle_time);
        loop {
            let (due, why) = self.due(options);
            let left = Duration::from_millis(due.saturating_sub(self.now()));
            if left.is_zero() {
                return why;
            }
            tokio::time::sleep(left.min(look)).await;
        }
    }

    /// Ready once a connection that was told to close has had no open request for that time, or an answer is stuck.
    pub(crate) async fn over(&self, quiet: Duration, options: &Options) {
        let told = self.now();
        let quiet_millis = u64::try_from(quiet.as_millis()).unwrap_or(NEVER);
        loop {
            let now = self.now();
            let (due, _) = self.due(options);
            let is_open = self.open.load(Ordering::Relaxed) > 0;
            let since = self.idle_since.load(Ordering::Relaxed).max(told);
            let end = if is_open { due } else { since.saturating_add(quiet_millis) };
            if end <= now {
                return;
            }
            tokio::time::sleep(Duration::from_millis(end - now).min(quiet)).await;
        }
    }
}

/// A request whose answer was not taken whole.
pub(crate) struct OpenRequest {
    activity: Arc<Activity>,
    /// The key of its answer among the answers.
    answer: Option<u64>,
}

impl OpenRequest {
    /// Notes that the caller is to take its answer from now on, or the next piece of it.
    pub(crate) fn given(&mut self) {
        self.note(Activity::now);
    }

    /// Notes that the answer has nothing more to give yet: the caller keeps nobody waiting.
    pub(crate) fn asked_for(&mut self) {
        self.note(|_| NEVER);
    }

    fn note(&mut self, moment: impl FnOnce(&Activity) -> u64) {
        if !self.activity.is_http2() {
            return;
        }
        let now = moment(&self.activity);
        let mut answers = self.activity.answers.lock();
        let fresh = || answers.last_key_value().map_or(0, |(key, _)| key + 1);
        let key = self.answer.unwrap_or_else(fresh);
        answers.insert(key, now);
        self.answer = Some(key);
    }
}

impl Drop for OpenRequest {
    fn drop(&mut self) {
        if let Some(key) = self.answer {
            self.activity.answers.lock().remove(&key);
        }
        // The moment first: whoever sees that none is open must not see an old one.
        self.activity.idle_since.store(self.activity.now(), Ordering::Release);
        self.activity.open.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options() -> Options {
        let millis = Duration::from_millis;
        Options {
            first_byte_time: millis(5),
            head_time: millis(10),
            idle_time: millis(60_000),
            unread_time: millis(30),
            ..Options::default()
        }
    }

    #[test]
    fn what_is_due_follows_what_the_connection_does() {
        let (activity, options) = (Arc::new(Activity::new()), options());
        assert_eq!(activity.due(&options), (5, Overdue::Stuck), "no byte yet");
        activity.bytes_came();
        let begun = activity.head_since.load(Ordering::Relaxed);
        assert_eq!(activity.due(&options), (begun + 10, Overdue::Stuck), "a head that is not over");
        let request = activity.request(false);
        activity.bytes_came();
        assert_eq!(activity.due(&options), (NEVER, Overdue::Stuck), "a request may take its time");
        drop(request);
        let idle = activity.idle_since.load(Ordering::Relaxed);
        assert_eq!(activity.due(&options), (idle + 60_000, Overdue::Idle));
        activity.bytes_came();
        assert_eq!(activity.due(&options).1, Overdue::Stuck, "the next head");
    }

    #[test]
    fn pings_do_not_keep_an_http2_connection_and_unread_answers_end_it() {
        let (activity, options) = (Arc::new(Activity::new()), options());
        let (mut first, mut second) = (activity.request(true), activity.request(true));
        assert_eq!(activity.due(&options).0, NEVER);
        first.asked_for();
        assert_eq!(activity.due(&options).0, NEVER, "an answer that is not there yet");
        first.given();
        second.given();
        first.given();
        assert_eq!(activity.answers.lock().len(), 2);
        assert!(activity.due(&options).0 < NEVER);
        drop((first, second));
        activity.bytes_came();
        let idle = activity.idle_since.load(Ordering::Relaxed);
        assert_eq!(activity.due(&options), (idle + 60_000, Overdue::Idle));
    }

    #[tokio::test]
    async fn a_connection_at_rest_is_found_overdue() {
        let activity = Arc::new(Activity::new());
        assert_eq!(activity.overdue(&options()).await, Overdue::Stuck);
        drop(activity.request(false));
        let options = Options { idle_time: Duration::from_millis(20), ..options() };
        assert_eq!(activity.overdue(&options).await, Overdue::Idle);
    }
}
