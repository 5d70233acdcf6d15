//! `weir:action/http`: a request and its answer in one call. It counts and hands on; the door sends.

use std::time::Duration;

use crate::HttpError;
use crate::bindings::weir::action::http::{Error, Host, Request, Response};
use crate::door::{Parts, Refused};
use crate::state::State;

impl Host for State {
    async fn send(&mut self, request: Request) -> wasmtime::Result<Result<Response, Error>> {
        let headers: usize = request.headers.iter().map(|(name, value)| name.len() + value.len()).sum();
        let body = request.body.unwrap_or_default();
        self.called(request.method.len() + request.url.len() + headers + body.len()).await?;
        let parts = Parts {
            method: request.method,
            url: request.url,
            headers: request.headers.into_iter().map(|(name, value)| (name, value.into())).collect(),
            body: body.into(),
            timeout: request.timeout_ms.map(|millis| Duration::from_millis(millis.into())),
        };
        let answer = match self.door().send(parts).await {
            Ok(answer) => answer,
            Err(refused) => return Ok(Err(error(refused))),
        };
        let headers: Vec<(String, Vec<u8>)> =
            answer.headers.into_iter().map(|(name, value)| (name, value.to_vec())).collect();
        self.hands(answer.body.len() + headers.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>())?;
        let (status, truncated) = (answer.status, answer.truncated);
        Ok(Ok(Response { status, headers, body: answer.body.to_vec(), truncated }))
    }
}

fn error(refused: Refused) -> Error {
    match refused {
        Refused::Quota => Error::QuotaExceeded,
        Refused::Failed(HttpError::Denied(text)) => Error::Denied(text),
        Refused::Failed(HttpError::Timeout(_)) => Error::Timeout,
        Refused::Failed(HttpError::TooLarge(_)) => Error::TooLarge,
        Refused::Failed(HttpError::Dns(text)) => Error::Dns(text),
        Refused::Failed(HttpError::Connect(text)) => Error::Connect(text),
        Refused::Failed(HttpError::Tls(text)) => Error::Tls(text),
        Refused::Failed(HttpError::Protocol(text)) => Error::Protocol(text),
        Refused::Failed(HttpError::Invalid(text)) => Error::Invalid(text),
    }
}
