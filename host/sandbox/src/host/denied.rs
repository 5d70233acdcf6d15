//! `weir:action/secrets` and `http` where nothing is granted: every call is answered with a refusal.

use crate::bindings::weir::action::{http, secrets};
use crate::state::State;

impl secrets::Host for State {
    async fn placeholder(&mut self, name: String) -> wasmtime::Result<Result<String, secrets::Error>> {
        self.called(name.len()).await?;
        Ok(Err(secrets::Error::NotGranted))
    }

    async fn reveal(&mut self, name: String) -> wasmtime::Result<Result<String, secrets::Error>> {
        self.called(name.len()).await?;
        Ok(Err(secrets::Error::NotGranted))
    }
}

impl http::Host for State {
    async fn send(&mut self, request: http::Request) -> wasmtime::Result<Result<http::Response, http::Error>> {
        let headers: usize = request.headers.iter().map(|(name, value)| name.len() + value.len()).sum();
        let body = request.body.map_or(0, |body| body.len());
        self.called(request.method.len() + request.url.len() + headers + body).await?;
        if !self.meter.http_call() {
            return Ok(Err(http::Error::QuotaExceeded));
        }
        Ok(Err(http::Error::Denied("no host is granted to this action".into())))
    }
}
