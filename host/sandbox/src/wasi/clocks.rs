//! `wasi:clocks`: the program's clock, made coarse, and timers within the call's own time.

use std::time::Duration;

use tokio::time::Instant;
use wasmtime::component::Resource;
use wasmtime_wasi::async_trait;
use wasmtime_wasi::p2::bindings::clocks::{monotonic_clock, wall_clock};
use wasmtime_wasi_io::poll::{DynPollable, Pollable, subscribe};

use crate::state::State;

/// How fine the clocks are. Finer ones help to spy on other tenants through the caches of the processor.
const RESOLUTION: Duration = Duration::from_micros(100);

impl wall_clock::Host for State {
    fn now(&mut self) -> wasmtime::Result<wall_clock::Datetime> {
        self.meter.check()?;
        let millis = u64::try_from(self.world.clock.now().as_millis()).unwrap_or(0);
        let since = Duration::from_millis(millis);
        Ok(wall_clock::Datetime { seconds: since.as_secs(), nanoseconds: since.subsec_nanos() })
    }

    fn resolution(&mut self) -> wasmtime::Result<wall_clock::Datetime> {
        self.meter.check()?;
        Ok(wall_clock::Datetime { seconds: 0, nanoseconds: 1_000_000 })
    }
}

impl monotonic_clock::Host for State {
    fn now(&mut self) -> wasmtime::Result<u64> {
        self.meter.check()?;
        let step = nanos(RESOLUTION);
        Ok(nanos(self.world.clock.elapsed()) / step * step)
    }

    fn resolution(&mut self) -> wasmtime::Result<u64> {
        self.meter.check()?;
        Ok(nanos(RESOLUTION))
    }

    fn subscribe_instant(&mut self, when: u64) -> wasmtime::Result<Resource<DynPollable>> {
        let now = nanos(self.world.clock.elapsed());
        self.timer(Duration::from_nanos(when.saturating_sub(now)))
    }

    fn subscribe_duration(&mut self, duration: u64) -> wasmtime::Result<Resource<DynPollable>> {
        self.timer(Duration::from_nanos(duration))
    }
}

impl State {
    fn timer(&mut self, after: Duration) -> wasmtime::Result<Resource<DynPollable>> {
        // A moment too far away to be written down never comes; the call's own limit ends it.
        let handles = self.handles();
        let timer = handles.push(Timer { due: Instant::now().checked_add(after) })?;
        subscribe(handles, timer)
    }
}

fn nanos(span: Duration) -> u64 {
    u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)
}

struct Timer {
    due: Option<Instant>,
}

#[async_trait]
impl Pollable for Timer {
    async fn ready(&mut self) {
        match self.due {
            Some(due) if due <= Instant::now() => tokio::task::yield_now().await,
            Some(due) => tokio::time::sleep_until(due).await,
            None => std::future::pending().await,
        }
    }
}
