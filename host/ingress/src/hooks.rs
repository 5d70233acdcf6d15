//! One request from its head to its answer: which hook, may it run, what does the flow see. The run itself is the engine's.

use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::Method;
use http::request::Parts;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::{Request, Response};
use weir_engine::{Engine, Hook, Release, Reply, Start};
use weir_listener::BodyLimits;
use weir_model::{Mode, WebhookDef};

use crate::auth::{self, Door};
use crate::route::{Resume, Route};
use crate::{Options, Refusal, cors, idempotency, payload, resume, wire};

/// Answers requests to hooks.
#[derive(Clone)]
pub(crate) struct Hooks {
    engine: Engine,
    options: Arc<Options>,
}

impl Hooks {
    pub(crate) fn new(engine: Engine, options: Options) -> Self {
        Self { engine, options: Arc::new(options) }
    }

    /// The answer to a request whose head is well formed; there always is one.
    pub(crate) async fn answer(&self, request: Request<Incoming>, client: IpAddr) -> Response<Full<Bytes>> {
        let (parts, body) = request.into_parts();
        let client = auth::address(&parts.headers, client, &self.options.trusted_proxies);
        let reply = match self.handle(&parts, body, client).await {
            Ok(reply) => reply,
            Err(refusal) => refusal.reply(),
        };
        wire::response(reply)
    }

    async fn handle(&self, parts: &Parts, body: Incoming, client: IpAddr) -> Result<Reply, Refusal> {
        let Some(route) = Route::of(parts.uri.path()) else {
            let route = Resume::of(parts.uri.path()).ok_or(Refusal::NotAHook)?;
            // On the heap, so that calls of hooks do not carry its room.
            return Box::pin(resume::answer(&self.engine, &self.options, &route, parts, body)).await;
        };
        let hook = self.engine.catalog().hook(route.key).ok_or(Refusal::UnknownKey)?;
        let (mode, release) = self.release(&hook, &route).await?;
        let webhook = &release.plan.webhook;
        if parts.method == Method::OPTIONS {
            return Ok(cors::preflight(webhook, &parts.headers));
        }
        let mut reply = match self.run(parts, body, client, &route, &hook, mode, &release).await {
            Ok(reply) => reply,
            Err(refusal) => refusal.reply(),
        };
        cors::decorate(&mut reply, webhook, &parts.headers);
        Ok(reply)
    }

    /// What the request runs: the published version, or the draft while somebody listens.
    async fn release(&self, hook: &Arc<Hook>, route: &Route<'_>) -> Result<(Mode, Arc<Release>), Refusal> {
        if !route.development {
            if !hook.enabled {
                let reason = hook.disabled().map(|disabled| disabled.reason.clone());
                return Err(reason.map_or(Refusal::Disabled, Refusal::SwitchedOff));
            }
            return hook.published.clone().map(|release| (Mode::Production, release)).ok_or(Refusal::Unpublished);
        }
        let listeners = self.engine.listeners(&hook.tenant, hook.flow);
        if !hook.is_listening(self.engine.clock().now(), listeners) {
            return Err(Refusal::NotListening { flow: hook.name.to_string() });
        }
        let draft = self.engine.catalog().draft(hook).await;
        draft.map(|draft| (Mode::Development, draft)).map_err(|error| Refusal::DraftBroken(error.to_string()))
    }

    #[allow(clippy::too_many_arguments)]
    async fn run(
        &self,
        parts: &Parts,
        body: Incoming,
        client: IpAddr,
        route: &Route<'_>,
        hook: &Arc<Hook>,
        mode: Mode,
        release: &Arc<Release>,
    ) -> Result<Reply, Refusal> {
        let webhook = &release.plan.webhook;
        auth::check_address(webhook, client)?;
        check_method(&parts.method, webhook)?;
        payload::check_head(&parts.headers, webhook)?;
        let door = Door {
            auth: webhook.auth.as_ref(),
            catalog: self.engine.catalog(),
            tenant: &hook.tenant,
            flow: &hook.name,
            client,
        };
        // Before the body is read: strangers shall not fill the memory.
        door.check_credentials(&parts.headers)?;
        let received_at = self.engine.clock().now();
        let most = webhook.max_body.unwrap_or(self.options.body_bytes).min(self.options.most_body_bytes);
        let limits = BodyLimits { most, time: self.options.body_time };
        let body = weir_listener::read(&parts.headers, body, limits).await?;
        let delivery = door.check_signature(&parts.headers, &body.raw, received_at).await?;
        let body = body.decoded;
        let payload = payload::of(&parts.headers, parts.uri.query().unwrap_or_default(), &body).await?;
        let key = match &webhook.idempotency {
            Some(setting) => idempotency::key(setting, &parts.headers, &payload)?,
            None => None,
        };
        let start = Start {
            tenant: hook.tenant.clone(),
            flow: hook.name.clone(),
            flow_id: hook.flow,
            release: Arc::clone(release),
            mode,
            request: Arc::new(wire::request_info(parts, route.rest, client, received_at, door.secret_header())),
            body,
            payload,
            origin: None,
        };
        Ok(match (key, delivery) {
            (None, None) => self.engine.call(start).await,
            (Some(key), None) => Box::pin(self.engine.call_once(start, key)).await?,
            (None, Some(delivery)) => Box::pin(self.engine.call_unless_seen(start, delivery)).await?,
            (Some(key), Some(delivery)) => Box::pin(self.engine.call_once_signed(start, key, delivery)).await?,
        })
    }
}

fn check_method(method: &Method, webhook: &WebhookDef) -> Result<(), Refusal> {
    let name = if method == Method::HEAD { "GET" } else { method.as_str() };
    let taken = match &webhook.methods {
        None => ["GET", "POST", "PUT", "PATCH", "DELETE"].contains(&name),
        Some(methods) => methods.iter().any(|taken| taken == name || taken == method.as_str()),
    };
    if taken {
        return Ok(());
    }
    Err(Refusal::Method { method: method.to_string(), allowed: cors::allowed_methods(webhook) })
}
