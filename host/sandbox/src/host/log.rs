//! `weir:action/log`: lines of the run's log. It keeps them; the engine records them.

use weir_model::LogLevel;

use crate::bindings::weir::action::log::{Host, Level};
use crate::state::State;

impl Host for State {
    async fn write(&mut self, level: Level, message: String, fields: Option<String>) -> wasmtime::Result<()> {
        self.called(message.len() + fields.as_ref().map_or(0, String::len)).await?;
        let level = match level {
            Level::Trace => LogLevel::Trace,
            Level::Debug => LogLevel::Debug,
            Level::Info => LogLevel::Info,
            Level::Warn => LogLevel::Warn,
            Level::Error => LogLevel::Error,
        };
        self.logs().lock().write(level, &message, fields);
        Ok(())
    }
}
