//! Standard streams of a guest. Output goes into the call's lines and is never refused: a full log must not make a
//! guest's `println!` panic.

use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;
use wasmtime_wasi::async_trait;
use wasmtime_wasi_io::poll::Pollable;
use wasmtime_wasi_io::streams::{InputStream, OutputStream, StreamError, StreamResult};

use crate::logs::{Logs, Stream};
use crate::meter::WORK_SLICE;

/// Bytes that a guest may write at a time.
const CHUNK: usize = 64 << 10;

/// Standard output or standard error.
pub(super) struct Printed {
    logs: Arc<Mutex<Logs>>,
    stream: Stream,
    /// Bytes written since it last stepped aside, each write with something on top.
    work: usize,
}

impl Printed {
    pub(super) const fn new(logs: Arc<Mutex<Logs>>, stream: Stream) -> Self {
        Self { logs, stream, work: 0 }
    }
}

#[async_trait]
impl Pollable for Printed {
    async fn ready(&mut self) {
        // A flood takes no fuel for what it makes the host do; other calls get their turn in between.
        if self.work >= WORK_SLICE {
            self.work = 0;
            tokio::task::yield_now().await;
        }
    }
}

impl OutputStream for Printed {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.work = self.work.saturating_add(bytes.len()).saturating_add(1 << 10);
        self.logs.lock().print(self.stream, &bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(CHUNK)
    }
}

/// Standard input: closed.
pub(super) struct Empty;

#[async_trait]
impl Pollable for Empty {
    async fn ready(&mut self) {}
}

impl InputStream for Empty {
    fn read(&mut self, _size: usize) -> StreamResult<Bytes> {
        Err(StreamError::Closed)
    }
}
