//! The client: checks a request against its rules, sends it and follows what it may. It keeps no request.

use std::sync::Arc;
use std::time::Duration;

use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::connect::Ground;
use crate::exchange::exchange;
use crate::pool::Pools;
use crate::secrets::Swap;
use crate::target::Target;
use crate::{Answer, EgressError, EgressOptions, OptionsError, Outgoing, Resolve, Rules, Secrets, redirect};

/// Most redirects that are followed, whatever a request asks for.
const MAX_REDIRECTS: u32 = 5;

/// The way out, shared by the whole server.
pub struct Egress {
    pools: Pools,
}

impl Egress {
    /// A client that asks this resolver.
    ///
    /// # Errors
    /// Where a certificate cannot be used.
    pub fn new(options: EgressOptions, resolver: Arc<dyn Resolve>) -> Result<Self, OptionsError> {
        let ground = Ground {
            resolver,
            tls: tls(&options)?,
            allow: options.allow.clone(),
            own_ports: options.own_ports.clone(),
            connect_time: options.connect_time,
        };
        Ok(Self { pools: Pools::new(Arc::new(ground), options) })
    }

    /// Sends a request and waits for its whole answer.
    ///
    /// # Errors
    /// Where the request may not or cannot be sent, or brings no whole answer in time.
    pub async fn send(&self, request: Outgoing, rules: &Rules, secrets: &dyn Secrets) -> Result<Answer, EgressError> {
        let target = Target::parse(&request.url)?;
        let (host, limit) = (target.host.clone(), request.timeout);
        let hops = self.hops(request, target, rules, secrets);
        tokio::time::timeout(limit, hops)
            .await
            .unwrap_or_else(|_| Err(EgressError::Timeout { host, millis: millis(limit) }))
    }

    async fn hops(
        &self,
        mut request: Outgoing,
        mut target: Target,
        rules: &Rules,
        secrets: &dyn Secrets,
    ) -> Result<Answer, EgressError> {
        let most = request.redirects.min(MAX_REDIRECTS);
        let (mut requests, mut bytes) = (0, 0_u64);
        let mut swap = Swap::new(secrets);
        let pool = self.pools.of(rules);
        // It is never closed.
        let _slot = pool.slots.acquire().await.ok();
        loop {
            rules.check_host(&request.method, &target.host, target.port)?;
            let left = request.most_bytes.saturating_sub(bytes);
            let hop = exchange(&pool, &request, &target, &mut swap, left).await?;
            requests += 1;
            bytes = bytes.saturating_add(hop.bytes);
            if requests <= u64::from(most)
                && let Some(next) = redirect::follow(hop.status, &hop.headers, &target, &mut request)?
            {
                target = next;
                continue;
            }
            return Ok(Answer {
                status: hop.status,
                headers: hop.headers,
                body: hop.body,
                truncated: hop.truncated,
                url: target.url.into(),
                requests,
                bytes,
            });
        }
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// Certificates are checked against Mozilla's list and what the operator adds.
fn tls(options: &EgressOptions) -> Result<TlsConnector, OptionsError> {
    let trouble = |error: tokio_rustls::rustls::Error| OptionsError::Authority(error.to_string());
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    for authority in &options.authorities {
        roots.add(authority.clone()).map_err(trouble)?;
    }
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(trouble)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(TlsConnector::from(Arc::new(config)))
}
