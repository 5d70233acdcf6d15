//! Memory of one call: counts all linear memories and tables together. It must not decide what a denial means.

use wasmtime::ResourceLimiter;

use crate::engine::{MAX_MEMORY_BYTES, MAX_TABLE_ELEMENTS};

/// What a table's element takes in the host.
const ELEMENT_BYTES: usize = size_of::<usize>();

/// Grants growth up to a sum and remembers the most granted and whether anything was denied.
#[derive(Debug)]
pub(crate) struct Limiter {
    limit: usize,
    used: usize,
    denied: bool,
}

impl Limiter {
    pub(crate) fn new(limit: u64) -> Self {
        Self { limit: usize::try_from(limit).unwrap_or(usize::MAX), used: 0, denied: false }
    }

    /// The most bytes at one time: memories and tables never shrink.
    pub(crate) const fn peak(&self) -> u64 {
        self.used as u64
    }

    /// Whether growth was refused. A guest that aborts afterwards ran out of memory.
    pub(crate) const fn denied(&self) -> bool {
        self.denied
    }

    fn grow(&mut self, by: usize, possible: bool) -> bool {
        match self.used.checked_add(by) {
            Some(sum) if possible && sum <= self.limit => {
                self.used = sum;
                true
            }
            _ => {
                self.denied = true;
                false
            }
        }
    }
}

impl ResourceLimiter for Limiter {
    fn memory_growing(&mut self, current: usize, desired: usize, _max: Option<usize>) -> wasmtime::Result<bool> {
        Ok(self.grow(desired.saturating_sub(current), desired <= MAX_MEMORY_BYTES))
    }

    fn memory_grow_failed(&mut self, _error: wasmtime::Error) -> wasmtime::Result<()> {
        self.denied = true;
        Ok(())
    }

    fn table_growing(&mut self, current: usize, desired: usize, _max: Option<usize>) -> wasmtime::Result<bool> {
        let by = desired.saturating_sub(current).saturating_mul(ELEMENT_BYTES);
        Ok(self.grow(by, desired <= MAX_TABLE_ELEMENTS))
    }

    fn table_grow_failed(&mut self, _error: wasmtime::Error) -> wasmtime::Result<()> {
        self.denied = true;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memories_and_tables_share_one_sum() {
        let mut limiter = Limiter::new(1_000);
        assert!(limiter.memory_growing(0, 400, None).unwrap());
        assert!(limiter.memory_growing(0, 400, None).unwrap(), "a second memory");
        assert!(!limiter.denied());
        assert!(!limiter.table_growing(0, 100, None).unwrap(), "800 bytes more");
        assert!(limiter.denied());
        assert_eq!(limiter.peak(), 800);
    }
}
