//! The line in front of the writer: where writes wait, how long it lingers, and who is told afterwards. It never touches
//! the disk.
//!
//! Each write has a number, one higher than the write before. The writer takes all that wait, and when they are done it
//! raises `done` to the last of them; an answer is then a comparison of two numbers.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Poll, Waker};
use std::time::Duration;

use parking_lot::{Condvar, Mutex, MutexGuard};

use crate::job::Job;
use crate::{Ack, StoreError};

/// Bytes that may wait or be in writing; beyond them a caller waits for room.
const MAX_BYTES: usize = 64 << 20;
/// Bytes that end the lingering: a batch of this size gains nothing by growing.
const LINGER_BYTES: usize = 1 << 20;
/// How long writes that nobody waits for may wait for company.
const LINGER: Duration = Duration::from_millis(2);
/// How long a synced batch waits for the callers of the one before. They come back together some 100 µs after their
/// answers; without this the first of them is synced alone and all others wait for two syncs.
const GATHER: Duration = Duration::from_micros(150);
/// Capacity that the list of waiting jobs keeps after a burst.
const KEPT_JOBS: usize = 4_096;

#[derive(Default, PartialEq, Eq)]
enum Writer {
    /// Writing, or about to look: it needs no call.
    #[default]
    Busy,
    /// Asleep until something comes.
    Idle,
    /// Asleep for at most [`LINGER`], unless something urgent comes.
    Lingering,
}

#[derive(Default)]
struct Inbox {
    jobs: Vec<Job>,
    /// The number of the newest job.
    last: u64,
    /// Jobs here that want a sync, and how many the batch before had.
    syncs: usize,
    last_syncs: usize,
    waiting_bytes: usize,
    writing_bytes: usize,
    urgent: bool,
    closed: bool,
    writer: Writer,
}

/// The line; shared by the store, the writer and every open answer.
#[derive(Default)]
pub(crate) struct Line {
    inbox: Mutex<Inbox>,
    /// Calls the writer.
    work: Condvar,
    /// Calls those who wait for room.
    room: Condvar,
    /// All writes up to this number are done.
    done: AtomicU64,
    fault: OnceLock<String>,
    /// Who to wake when the write of a number is done: many may wait for one, for `settle` gives out the newest.
    wakers: Mutex<BTreeMap<u64, Vec<Waker>>>,
}

impl Line {
    /// Queues a job. Blocks while there is no room.
    pub(crate) fn push(self: &Arc<Self>, job: Job) -> Ack {
        match self.enqueue(job) {
            Ok(seq) => Ack::pending(Arc::clone(self), seq),
            Err(error) => Ack::ready(Err(error)),
        }
    }

    /// Queues a job: its number.
    pub(crate) fn enqueue(&self, job: Job) -> Result<u64, StoreError> {
        let (cost, sync, urgent) = (job.cost(), job.sync(), job.urgent());
        let mut inbox = self.inbox.lock();
        while !inbox.closed && inbox.has_bytes() && inbox.bytes_with(cost) > MAX_BYTES {
            inbox.urgent = true;
            self.call(&mut inbox);
            self.room.wait(&mut inbox);
        }
        if inbox.closed {
            drop(inbox);
            return Err(self.why_dropped());
        }
        inbox.jobs.push(job);
        inbox.last += 1;
        inbox.waiting_bytes += cost;
        inbox.syncs += usize::from(sync);
        inbox.urgent |= urgent || inbox.waiting_bytes >= LINGER_BYTES;
        let seq = inbox.last;
        let wanted = match inbox.writer {
            Writer::Busy => false,
            Writer::Idle => true,
            Writer::Lingering => inbox.urgent,
        };
        if wanted {
            inbox.writer = Writer::Busy;
        }
        drop(inbox);
        if wanted {
            self.work.notify_one();
        }
        Ok(seq)
    }

    /// The answer to everything queued so far; ends the lingering.
    pub(crate) fn settle(self: &Arc<Self>) -> Ack {
        let mut inbox = self.inbox.lock();
        let seq = inbox.last;
        if !inbox.jobs.is_empty() {
            inbox.urgent = true;
            self.call(&mut inbox);
        }
        drop(inbox);
        Ack::pending(Arc::clone(self), seq)
    }

    fn call(&self, inbox: &mut MutexGuard<'_, Inbox>) {
        if inbox.writer != Writer::Busy {
            inbox.writer = Writer::Busy;
            self.work.notify_one();
        }
    }

    /// What is known of a write.
    fn outcome(&self, seq: u64) -> Option<Result<(), StoreError>> {
        if self.done.load(Ordering::Acquire) >= seq {
            return Some(Ok(()));
        }
        self.fault.get().map(|reason| Err(StoreError::Failed { reason: reason.clone() }))
    }

    /// Answers for a write, or wakes `waker` later and hurries the writer.
    pub(crate) fn poll(&self, seq: u64, waker: &Waker) -> Poll<Result<(), StoreError>> {
        if let Some(outcome) = self.outcome(seq) {
            return Poll::Ready(outcome);
        }
        {
            let mut wakers = self.wakers.lock();
            // Asked again under the lock: the writer empties the list under it after it raised `done`.
            if let Some(outcome) = self.outcome(seq) {
                return Poll::Ready(outcome);
            }
            let waiting = wakers.entry(seq).or_default();
            if !waiting.iter().any(|there| there.will_wake(waker)) {
                waiting.push(waker.clone());
            }
        }
        let mut inbox = self.inbox.lock();
        let taken = inbox.last - inbox.jobs.len() as u64;
        if seq > taken && !inbox.urgent {
            inbox.urgent = true;
            self.call(&mut inbox);
        }
        Poll::Pending
    }

    /// Moves all waiting jobs into `jobs`, which is empty; waits for some first. The number of the last one, or none at
    /// the end.
    pub(crate) fn take(&self, jobs: &mut Vec<Job>) -> Option<u64> {
        let mut inbox = self.inbox.lock();
        while inbox.jobs.is_empty() {
            if inbox.closed {
                return None;
            }
            inbox.writer = Writer::Idle;
            self.work.wait(&mut inbox);
        }
        if !inbox.urgent && !inbox.closed {
            inbox.writer = Writer::Lingering;
            let _ = self.work.wait_for(&mut inbox, LINGER);
        }
        inbox.writer = Writer::Busy;
        if inbox.syncs > 0 && inbox.syncs < inbox.last_syncs && !inbox.closed {
            MutexGuard::unlocked(&mut inbox, || std::thread::sleep(GATHER));
        }
        jobs.shrink_to(KEPT_JOBS);
        std::mem::swap(jobs, &mut inbox.jobs);
        // A batch that nobody wants synced says nothing about those who come back for the next sync.
        if inbox.syncs > 0 {
            inbox.last_syncs = std::mem::take(&mut inbox.syncs);
        }
        inbox.writing_bytes = std::mem::take(&mut inbox.waiting_bytes);
        inbox.urgent = false;
        Some(inbox.last)
    }

    /// Says that all jobs up to a number are written.
    pub(crate) fn complete(&self, seq: u64) {
        self.done.store(seq, Ordering::Release);
        let mut wakers = self.wakers.lock();
        let later = wakers.split_off(&(seq + 1));
        let now = std::mem::replace(&mut *wakers, later);
        drop(wakers);
        now.into_values().flatten().for_each(Waker::wake);
    }

    /// Says that the jobs taken last no longer need their bytes.
    pub(crate) fn release(&self) {
        self.inbox.lock().writing_bytes = 0;
        self.room.notify_all();
    }

    /// Stops for good: every write that is not done, and every later one, is answered with this reason.
    pub(crate) fn fail(&self, reason: String) {
        let _ = self.fault.set(reason);
        self.close();
        let jobs = std::mem::take(&mut self.inbox.lock().jobs);
        // Dropping them answers those who wait for a set of changes.
        drop(jobs);
        let wakers = std::mem::take(&mut *self.wakers.lock());
        wakers.into_values().flatten().for_each(Waker::wake);
    }

    /// Takes no more jobs; those that wait are still written.
    pub(crate) fn close(&self) {
        let mut inbox = self.inbox.lock();
        inbox.closed = true;
        self.call(&mut inbox);
        drop(inbox);
        self.room.notify_all();
    }

    /// Why a job was not taken or was dropped.
    pub(crate) fn why_dropped(&self) -> StoreError {
        self.fault.get().map_or(StoreError::Closed, |reason| StoreError::Failed { reason: reason.clone() })
    }

    pub(crate) fn is_healthy(&self) -> bool {
        self.fault.get().is_none()
    }
}

impl Inbox {
    const fn has_bytes(&self) -> bool {
        self.waiting_bytes + self.writing_bytes > 0
    }

    const fn bytes_with(&self, cost: usize) -> usize {
        self.waiting_bytes + self.writing_bytes + cost
    }
}
