//! `weir:action/secrets`, `kv` and `http` where nothing is granted: every call is answered with a refusal.

use crate::bindings::weir::action::{http, kv, secrets};
use crate::state::State;

impl secrets::Host for State {
    async fn placeholder(&mut self, _name: String) -> Result<String, secrets::Error> {
        self.called(0).await;
        Err(secrets::Error::NotGranted)
    }

    async fn reveal(&mut self, _name: String) -> Result<String, secrets::Error> {
        self.called(0).await;
        Err(secrets::Error::NotGranted)
    }
}

impl kv::Host for State {
    async fn get(&mut self, _bucket: String, _key: String) -> Result<Option<kv::Entry>, kv::Error> {
        self.called(0).await;
        Err(kv::Error::NotGranted)
    }

    async fn set(
        &mut self,
        _bucket: String,
        _key: String,
        value: Vec<u8>,
        _ttl_ms: Option<u64>,
    ) -> Result<u64, kv::Error> {
        self.called(value.len()).await;
        Err(kv::Error::NotGranted)
    }

    async fn compare_and_set(
        &mut self,
        _bucket: String,
        _key: String,
        _expected: u64,
        value: Vec<u8>,
        _ttl_ms: Option<u64>,
    ) -> Result<u64, kv::Error> {
        self.called(value.len()).await;
        Err(kv::Error::NotGranted)
    }

    async fn increment(
        &mut self,
        _bucket: String,
        _key: String,
        _delta: i64,
        _ttl_ms: Option<u64>,
    ) -> Result<i64, kv::Error> {
        self.called(0).await;
        Err(kv::Error::NotGranted)
    }

    async fn delete(&mut self, _bucket: String, _key: String) -> Result<(), kv::Error> {
        self.called(0).await;
        Err(kv::Error::NotGranted)
    }

    async fn list_keys(
        &mut self,
        _bucket: String,
        _prefix: String,
        _cursor: Option<String>,
        _limit: u32,
    ) -> Result<(Vec<String>, Option<String>), kv::Error> {
        self.called(0).await;
        Err(kv::Error::NotGranted)
    }
}

impl http::Host for State {
    async fn send(&mut self, request: http::Request) -> Result<http::Response, http::Error> {
        self.called(request.body.map_or(0, |body| body.len())).await;
        Err(http::Error::Denied("no host is granted to this action".into()))
    }
}
