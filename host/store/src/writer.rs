//! The one thread that writes: takes what waits, makes one batch of it, syncs once if anybody asked, answers all. What a
//! batch is made of is the sink's.

use crate::job::Job;
use crate::line::Line;

/// Bytes of one batch. More that waits is written in several, so that a batch's copy stays small in memory.
const BATCH_BYTES: usize = 8 << 20;

/// Where batches go.
pub(crate) trait Sink {
    /// Adds a job to the batch: the batch's bytes.
    ///
    /// # Errors
    /// The reason, where the job has no stored form; the writer then stops for good.
    fn stage(&mut self, job: Job) -> Result<usize, String>;

    /// Writes the batch, and syncs it where asked.
    ///
    /// # Errors
    /// What the system said; the writer then stops for good, as a sync that failed once must not be tried again.
    fn commit(&mut self, sync: bool) -> Result<(), String>;
}

/// Writes until the line is closed and empty, or something fails.
pub(crate) fn run(line: &Line, sink: &mut impl Sink) {
    // However this thread ends, nobody waits for ever.
    struct Ended<'a>(&'a Line);
    impl Drop for Ended<'_> {
        fn drop(&mut self) {
            if std::thread::panicking() {
                self.0.fail("the writer ended unexpectedly; the host's log says why".into());
            }
        }
    }
    let _ended = Ended(line);

    let mut jobs = Vec::new();
    while let Some(last) = line.take(&mut jobs) {
        let first = last + 1 - jobs.len() as u64;
        let mut sync = false;
        for (seq, job) in (first..).zip(jobs.drain(..)) {
            sync |= job.sync();
            let full = |bytes| bytes >= BATCH_BYTES || seq == last;
            let written = match sink.stage(job) {
                Ok(bytes) if full(bytes) => sink.commit(std::mem::take(&mut sync)).map(|()| line.complete(seq)),
                Ok(_) => Ok(()),
                Err(reason) => Err(reason),
            };
            if let Err(reason) = written {
                tracing::error!(%reason, "a write to the store failed; it accepts nothing more");
                // Before the jobs behind it are dropped, so that their callers hear the reason.
                line.fail(reason);
                return;
            }
        }
        line.release();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc;
    use std::time::Duration;

    use bytes::Bytes;
    use tokio::sync::oneshot;

    use super::*;
    use crate::StoreError;
    use crate::tests::entry;

    /// A disk whose sync takes a while, and which may be broken.
    struct Disk {
        commits: Arc<AtomicUsize>,
        works: usize,
        gate: Option<mpsc::Receiver<()>>,
    }

    impl Sink for Disk {
        fn stage(&mut self, _: Job) -> Result<usize, String> {
            Ok(0)
        }

        fn commit(&mut self, _: bool) -> Result<(), String> {
            match &self.gate {
                Some(gate) => drop(gate.recv()),
                None => std::thread::sleep(Duration::from_millis(2)),
            }
            let before = self.commits.fetch_add(1, Ordering::SeqCst);
            if before < self.works { Ok(()) } else { Err("no space left".into()) }
        }
    }

    fn start(works: usize, gate: Option<mpsc::Receiver<()>>) -> (Arc<Line>, Arc<AtomicUsize>) {
        let (line, commits) = (Arc::new(Line::default()), Arc::new(AtomicUsize::new(0)));
        let (writer_line, mut disk) = (Arc::clone(&line), Disk { commits: Arc::clone(&commits), works, gate });
        std::thread::spawn(move || run(&writer_line, &mut disk));
        (line, commits)
    }

    fn job(sync: bool) -> Job {
        let mut entry = entry(1, 1);
        entry.sync = sync;
        Job::Append(entry)
    }

    #[test]
    fn many_callers_share_a_sync() {
        let (line, commits) = start(usize::MAX, None);
        std::thread::scope(|scope| {
            for _ in 0..32 {
                scope.spawn(|| (0..20).for_each(|_| line.push(job(true)).wait().unwrap()));
            }
        });
        line.close();
        let commits = commits.load(Ordering::SeqCst);
        assert!(commits <= 32 * 20 / 4, "640 writes took {commits} syncs");
    }

    #[test]
    fn writes_that_nobody_waits_for_share_a_batch_and_settle_ends_the_wait() {
        let (line, commits) = start(usize::MAX, None);
        for _ in 0..500 {
            drop(line.push(job(false)));
        }
        line.settle().wait().unwrap();
        assert!(commits.load(Ordering::SeqCst) <= 50);
        line.settle().wait().unwrap();
    }

    #[test]
    fn everybody_who_waits_for_the_same_write_is_told() {
        let (go, gate) = mpsc::channel();
        let (line, _) = start(usize::MAX, Some(gate));
        let write = line.push(job(false));
        let waiting: Vec<_> = (0..8).map(|_| line.settle()).chain([write]).collect();
        let told: Vec<_> = waiting.into_iter().map(|ack| std::thread::spawn(|| ack.wait())).collect();
        std::thread::sleep(Duration::from_millis(50));
        drop(go);
        for thread in told {
            thread.join().unwrap().unwrap();
        }
    }

    #[test]
    fn after_one_failure_nothing_is_acknowledged() {
        let (line, _) = start(1, None);
        line.push(job(true)).wait().unwrap();
        let failed = Err(StoreError::Failed { reason: "no space left".into() });
        assert_eq!(line.push(job(true)).wait(), failed);
        assert!(!line.is_healthy());
        assert_eq!(line.push(job(false)).wait(), failed);
        assert_eq!(line.settle().wait(), failed);
    }

    #[test]
    fn a_failure_answers_those_behind_it_too() {
        let (go, gate) = mpsc::channel();
        let (line, _) = start(0, Some(gate));
        let first = line.push(job(true));
        let second = line.push(job(true));
        let (answer, mut applied) = oneshot::channel();
        line.enqueue(Job::Apply { changes: Vec::new(), answer }).unwrap();
        go.send(()).unwrap();
        assert!(first.wait().is_err() && second.wait().is_err());
        while applied.try_recv() == Err(oneshot::error::TryRecvError::Empty) {
            std::thread::yield_now();
        }
        assert!(matches!(line.why_dropped(), StoreError::Failed { .. }));
    }

    #[test]
    fn a_full_line_makes_callers_wait() {
        let (go, gate) = mpsc::channel();
        let (line, _) = start(usize::MAX, Some(gate));
        let record = Bytes::from(vec![b' '; 15 << 20]);
        let large = || {
            let mut entry = entry(1, 1);
            entry.record = Some(record.clone());
            Job::Append(entry)
        };
        let pushed = Arc::new(AtomicUsize::new(0));
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for _ in 0..8 {
                    drop(line.push(large()));
                    pushed.fetch_add(1, Ordering::SeqCst);
                }
            });
            std::thread::sleep(Duration::from_millis(100));
            assert_eq!(pushed.load(Ordering::SeqCst), 4, "64 MiB hold four of them");
            drop(go);
        });
        line.settle().wait().unwrap();
    }
}
