//! `weir:action/secrets`: stand-ins for secrets that the action declared, and values of those revealed to it.

use crate::RevealError;
use crate::bindings::weir::action::secrets::{Error, Host};
use crate::state::State;

impl Host for State {
    async fn placeholder(&mut self, name: String) -> wasmtime::Result<Result<String, Error>> {
        self.called(name.len()).await?;
        if !self.grants.secret(&name) {
            return Ok(Err(Error::NotGranted));
        }
        Ok(self.outbound.placeholder(&name).ok_or(Error::NotFound))
    }

    async fn reveal(&mut self, name: String) -> wasmtime::Result<Result<String, Error>> {
        self.called(name.len()).await?;
        if !self.grants.secret(&name) {
            return Ok(Err(Error::NotGranted));
        }
        let value = match self.outbound.reveal(&name, &self.grants.action) {
            Ok(value) => value,
            Err(RevealError::NotFound) => return Ok(Err(Error::NotFound)),
            Err(RevealError::NotGranted) => return Ok(Err(Error::NotGranted)),
        };
        self.hands(value.len())?;
        Ok(Ok(value))
    }
}
