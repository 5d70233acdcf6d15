//! What one call used of its limits, and the errors that end a call which goes over one. Memory is the limiter's.

use std::fmt;

use weir_model::{Limits, Usage};

/// How much host work, in bytes looked at, is done before other calls get their turn; about 100 µs.
pub(crate) const WORK_SLICE: usize = 256 << 10;

/// A limit that ends the call at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exceeded {
    HostCalls,
    HostBytes,
    Random,
}

impl fmt::Display for Exceeded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::HostCalls => "too many calls of the host",
            Self::HostBytes => "too many bytes to and from the host",
            Self::Random => "too many random bytes",
        })
    }
}

impl std::error::Error for Exceeded {}

/// Counts of one call.
pub(crate) struct Meter {
    pub(crate) limits: Limits,
    pub(crate) usage: Usage,
    /// Names of limits that refused something and let the call go on.
    reached: Vec<&'static str>,
    work: usize,
}

impl Meter {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self { limits: limits.clone(), usage: Usage::default(), reached: Vec::new(), work: 0 }
    }

    /// Counts a call of a host function that takes `bytes` bytes; whether other calls should get their turn. Fuel does
    /// not count host work, so a call steps aside now and then, which is also where its time limit gets its chance.
    pub(crate) fn call(&mut self, bytes: usize) -> Result<bool, Exceeded> {
        self.count();
        self.check()?;
        self.bytes(bytes)?;
        Ok(self.work(bytes))
    }

    /// Counts host work over `bytes` bytes; whether other calls should get their turn.
    pub(crate) const fn work(&mut self, bytes: usize) -> bool {
        self.work = self.work.saturating_add(bytes).saturating_add(1 << 10);
        let slice = self.work >= WORK_SLICE;
        if slice {
            self.work = 0;
        }
        slice
    }

    /// Counts a call without looking at the limit.
    pub(crate) const fn count(&mut self) {
        self.usage.host_calls += 1;
    }

    /// Whether calls of the host are used up.
    pub(crate) const fn check(&self) -> Result<(), Exceeded> {
        if self.usage.host_calls > self.limits.host_calls { Err(Exceeded::HostCalls) } else { Ok(()) }
    }

    /// Counts bytes that pass between the component and the host.
    pub(crate) fn bytes(&mut self, bytes: usize) -> Result<(), Exceeded> {
        self.usage.host_bytes = self.usage.host_bytes.saturating_add(bytes as u64);
        if self.usage.host_bytes > self.limits.host_bytes { Err(Exceeded::HostBytes) } else { Ok(()) }
    }

    /// Counts random bytes.
    pub(crate) fn random(&mut self, bytes: u64) -> Result<(), Exceeded> {
        self.usage.random_bytes = self.usage.random_bytes.saturating_add(bytes);
        if self.usage.random_bytes > self.limits.random_bytes { Err(Exceeded::Random) } else { Ok(()) }
    }

    /// Counts an operation on the key-value store; whether there is one left.
    pub(crate) fn kv_operation(&mut self) -> bool {
        let left = self.usage.kv_operations < self.limits.kv_operations;
        if left {
            self.usage.kv_operations += 1;
        } else {
            self.reach("kv_operations");
        }
        left
    }

    /// Notes that a limit refused something.
    pub(crate) fn reach(&mut self, limit: &'static str) {
        if !self.reached.contains(&limit) {
            self.reached.push(limit);
        }
    }

    /// The limits that refused something.
    pub(crate) fn reached(&self) -> &[&'static str] {
        &self.reached
    }

    pub(crate) fn take_reached(&mut self) -> Vec<&'static str> {
        std::mem::take(&mut self.reached)
    }
}
