//! What every handler shares: the rooms below, the settings, and the bounds on open streams and uploads.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{Semaphore, watch};
use weir_engine::{Catalog, Engine};
use weir_model::{Clock, Entropy};

use crate::guard::Hosts;

/// Event streams open at one time.
const STREAMS: usize = 256;
/// Components uploaded at one time, those that wait for the compiler included; each is held in memory whole.
const UPLOADS: usize = 16;
/// Orders for many runs that are carried out at one time.
const BULKS: usize = 4;

/// What the API is made of.
pub struct AdminOptions {
    /// What exists and happens.
    pub engine: Engine,
    /// The JSON Schema of a definition, made by flow from the engine's step kinds.
    pub flow_schema: serde_json::Value,
    /// Randomness, for request ids.
    pub entropy: Arc<dyn Entropy>,
    /// Names and addresses, besides loopback, under which the admin may be called.
    pub hosts: Vec<String>,
    /// The address of the webhook listener as callers write it, e.g. `http://localhost:8787`.
    pub webhook_url: String,
    /// The server's data folder, where no backup may go.
    pub data: PathBuf,
    /// How long a request's body may take to arrive.
    pub body_time: Duration,
}

/// The shared state of the API; a cheap clone.
#[derive(Clone)]
pub struct AdminState(Arc<Shared>);

struct Shared {
    options: AdminOptions,
    hosts: Hosts,
    flow_schema: Bytes,
    streams: Arc<Semaphore>,
    uploads: Arc<Semaphore>,
    bulks: Arc<Semaphore>,
    backups: Arc<Semaphore>,
    is_leaving: AtomicBool,
    closing: watch::Sender<bool>,
}

impl AdminState {
    /// The state made of its parts.
    pub fn new(options: AdminOptions) -> Self {
        Self(Arc::new(Shared {
            hosts: Hosts::new(&options.hosts),
            flow_schema: options.flow_schema.to_string().into(),
            streams: Arc::new(Semaphore::new(STREAMS)),
            uploads: Arc::new(Semaphore::new(UPLOADS)),
            bulks: Arc::new(Semaphore::new(BULKS)),
            backups: Arc::new(Semaphore::new(1)),
            is_leaving: AtomicBool::new(false),
            closing: watch::Sender::new(false),
            options,
        }))
    }

    pub(crate) fn catalog(&self) -> &Arc<Catalog> {
        self.0.options.engine.catalog()
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.0.options.engine
    }

    pub(crate) fn clock(&self) -> &dyn Clock {
        &**self.0.options.engine.clock()
    }

    pub(crate) fn entropy(&self) -> &dyn Entropy {
        &*self.0.options.entropy
    }

    pub(crate) fn hosts(&self) -> &Hosts {
        &self.0.hosts
    }

    pub(crate) fn flow_schema(&self) -> Bytes {
        self.0.flow_schema.clone()
    }

    pub(crate) fn webhook_url(&self) -> &str {
        self.0.options.webhook_url.trim_end_matches('/')
    }

    pub(crate) fn streams(&self) -> Arc<Semaphore> {
        Arc::clone(&self.0.streams)
    }

    pub(crate) fn uploads(&self) -> Arc<Semaphore> {
        Arc::clone(&self.0.uploads)
    }

    pub(crate) fn bulks(&self) -> Arc<Semaphore> {
        Arc::clone(&self.0.bulks)
    }

    pub(crate) fn backups(&self) -> Arc<Semaphore> {
        Arc::clone(&self.0.backups)
    }

    pub(crate) fn data(&self) -> &Path {
        &self.0.options.data
    }

    pub(crate) fn body_time(&self) -> Duration {
        self.0.options.body_time
    }

    /// Says that the server is about to stop: it is not ready for more work from now on, but still answers.
    pub fn leave(&self) {
        self.0.is_leaving.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_leaving(&self) -> bool {
        self.0.is_leaving.load(Ordering::Relaxed)
    }

    /// Tells the open streams to end.
    pub(crate) fn close(&self) {
        self.0.closing.send_replace(true);
    }

    /// Turns true when the server is going down.
    pub(crate) fn closing(&self) -> watch::Receiver<bool> {
        self.0.closing.subscribe()
    }
}
