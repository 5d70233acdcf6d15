//! Requests and secrets of a run: which rules hold, whose stand-ins are whose. Egress sends; a step's counts are up to
//! whoever calls.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use weir_egress::{Answer, EgressError, HostList, OpenSecret, Outgoing, Rules};
use weir_model::HostRule;
use weir_sandbox::{HttpAnswer, HttpError, HttpRequest, Outbound, RevealError};
use weir_vault::SecretText;

use crate::run::RunContext;

impl RunContext {
    /// What requests of this run may reach; `granted` is what an action declared.
    pub(crate) fn rules(&self, granted: Option<&[HostRule]>) -> Rules {
        let tenant = self.services.catalog.egress(&self.tenant);
        let mut hosts = Vec::new();
        let mut list = |setting: &'static str, rules: Arc<[HostRule]>| {
            hosts.push(HostList { setting: setting.into(), rules });
        };
        if let Some(rules) = tenant.hosts {
            list("the tenant's hosts with `weir egress set hosts=…`, which needs an operator", rules);
        }
        if let Some(rules) = &self.release.plan.egress {
            list("`egress.hosts` of the flow", Arc::clone(rules));
        }
        if let Some(rules) = granted {
            list("the hosts that the action declares (capability `http`)", rules.into());
        }
        Rules { owner: self.tenant.as_str().into(), exceptions: tenant.exceptions, hosts }
    }

    /// Sends a request of this run.
    ///
    /// # Errors
    /// Where it may not or cannot be sent, or brings no whole answer in time.
    pub(crate) async fn send(
        self: &Arc<Self>,
        request: Outgoing,
        granted: Option<&[HostRule]>,
    ) -> Result<Answer, EgressError> {
        let rules = self.rules(granted);
        self.services.egress.send(request, &rules, &RunSecrets(Arc::clone(self))).await
    }

    /// The stand-in of a secret in this run; none where the tenant has none by that name. A run that retries another has
    /// the same, so that what the first one left behind still stands for something.
    pub(crate) fn placeholder(&self, name: &str) -> Option<String> {
        self.services.catalog.placeholder(&self.tenant, self.root, name)
    }
}

/// The tenant's secrets, by the stand-ins of one run.
struct RunSecrets(Arc<RunContext>);

/// A value as egress takes it.
struct Value(SecretText);

impl AsRef<str> for Value {
    fn as_ref(&self) -> &str {
        self.0.expose()
    }
}

impl weir_egress::Secrets for RunSecrets {
    fn open(&self, placeholder: &str) -> Option<OpenSecret> {
        let (run, catalog) = (&self.0, &self.0.services.catalog);
        let names = catalog.secret_names(&run.tenant);
        let name =
            names.into_iter().find(|name| run.placeholder(name.as_str()).is_some_and(|own| own == placeholder))?;
        let secret = match catalog.secret(&run.tenant, name.as_str()) {
            Ok(secret) => secret?,
            Err(error) => {
                tracing::error!(tenant = %run.tenant, %error, "A secret could not be opened.");
                return None;
            }
        };
        let hosts = secret.hosts.iter().filter_map(|host| host.parse().ok()).collect();
        Some(OpenSecret { name: name.to_string(), value: Box::new(Value(secret.text)), hosts })
    }
}

/// The way out for the components of a run.
pub(crate) struct RunOutbound(pub(crate) Arc<RunContext>);

impl Outbound for RunOutbound {
    fn send<'a>(
        &'a self,
        request: HttpRequest,
        granted: Option<&'a [HostRule]>,
    ) -> BoxFuture<'a, Result<HttpAnswer, HttpError>> {
        Box::pin(async move {
            let answer = self.0.send(outgoing(request)?, granted).await.map_err(|error| refused(&error))?;
            let headers = answer.headers.iter();
            Ok(HttpAnswer {
                status: answer.status.as_u16(),
                headers: headers
                    .map(|(name, value)| (name.to_string(), Bytes::copy_from_slice(value.as_bytes())))
                    .collect(),
                body: answer.body,
                truncated: answer.truncated,
                bytes: answer.bytes,
            })
        })
    }

    fn placeholder(&self, secret: &str) -> Option<String> {
        self.0.placeholder(secret)
    }

    fn reveal(&self, secret: &str, action: &str) -> Result<String, RevealError> {
        let found = self.0.services.catalog.secret(&self.0.tenant, secret).ok().flatten();
        let found = found.ok_or(RevealError::NotFound)?;
        if found.reveal_to.iter().any(|allowed| allowed == action) {
            return Ok(found.text.expose().to_owned());
        }
        Err(RevealError::NotGranted)
    }
}

fn outgoing(request: HttpRequest) -> Result<Outgoing, HttpError> {
    let HttpRequest { method, url, headers, body, timeout, most_bytes } = request;
    let method = method.parse::<Method>().map_err(|_| HttpError::Invalid("the method is no HTTP method".into()))?;
    let mut map = HeaderMap::with_capacity(headers.len());
    for (name, value) in headers {
        let wrong =
            || HttpError::Invalid(format!("the header {:?} cannot be sent", name.chars().take(80).collect::<String>()));
        let name = HeaderName::try_from(name.as_str()).map_err(|_| wrong())?;
        map.append(name, HeaderValue::from_maybe_shared(value).map_err(|_| wrong())?);
    }
    Ok(Outgoing { method, url, headers: map, basic: None, body, timeout, redirects: 0, most_bytes, whole: false })
}

fn refused(error: &EgressError) -> HttpError {
    let text = error.to_string();
    match error {
        EgressError::Url(_) | EgressError::Request(_) | EgressError::Redirect(_) => HttpError::Invalid(text),
        EgressError::TooLarge { .. } | EgressError::AnswerTooLarge { .. } => HttpError::TooLarge(text),
        EgressError::Host { .. }
        | EgressError::Method { .. }
        | EgressError::Address { .. }
        | EgressError::Own { .. }
        | EgressError::Secret { .. } => HttpError::Denied(text),
        EgressError::Dns { .. } => HttpError::Dns(text),
        EgressError::Connect { .. } => HttpError::Connect(text),
        EgressError::Tls { .. } => HttpError::Tls(text),
        EgressError::Protocol { .. } => HttpError::Protocol(text),
        EgressError::Timeout { .. } => HttpError::Timeout(text),
    }
}
