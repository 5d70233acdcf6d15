//! Who may call a hook: the addresses it takes calls from, credentials, signatures. It says whether a request is let in,
//! before any run exists; why one is not stands in the server's log, and the caller is told only that.

mod client;
mod credentials;
mod secrets;

use std::net::IpAddr;

use bytes::Bytes;
use http::HeaderMap;
use weir_engine::{Catalog, DeliveryId};
use weir_model::{Auth, Coded as _, FlowName, SignatureDef, TenantId, Timestamp, WebhookDef};
use weir_vault::SecretText;
use weir_vault::signature::{self, Delivery, SignatureError, Verified};

use crate::Refusal;

pub(crate) use client::address;

/// Bytes of a body from which its signature is checked on a thread for what takes long.
const LONG_BODY: usize = 256 << 10;

/// Whether a hook takes calls from an address.
pub(crate) fn check_address(webhook: &WebhookDef, client: IpAddr) -> Result<(), Refusal> {
    match &webhook.allow {
        Some(networks) if !networks.iter().any(|network| network.contains(client)) => {
            Err(Refusal::Address(client.to_canonical()))
        }
        _ => Ok(()),
    }
}

/// The door of one hook.
#[derive(Clone, Copy)]
pub(crate) struct Door<'a> {
    pub(crate) auth: Option<&'a Auth>,
    pub(crate) catalog: &'a Catalog,
    pub(crate) tenant: &'a TenantId,
    pub(crate) flow: &'a FlowName,
    pub(crate) client: IpAddr,
}

impl Door<'_> {
    /// Checks what needs no body: a password, a token, a header's value.
    pub(crate) fn check_credentials(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        let Some(auth) = self.auth.filter(|auth| !matches!(auth, Auth::None | Auth::Signature(_))) else {
            return Ok(());
        };
        let secrets = secrets::of(self, auth)?;
        let secrets: Vec<&str> = secrets.iter().map(SecretText::expose).collect();
        credentials::check(auth, headers, &secrets).map_err(|reason| {
            self.log("WEIR-HOOK-AUTH", &reason);
            Refusal::Unauthenticated { challenge: credentials::challenge(auth) }
        })
    }

    /// Checks the body's signature, where there has to be one: what makes this delivery itself, where it must not come
    /// twice.
    pub(crate) async fn check_signature(
        &self,
        headers: &HeaderMap,
        body: &Bytes,
        now: Timestamp,
    ) -> Result<Option<DeliveryId>, Refusal> {
        let Some(auth @ Auth::Signature(def)) = self.auth else { return Ok(None) };
        let secrets = secrets::of(self, auth)?;
        match verified(def, secrets, headers, body, now).await {
            Ok(verified) => Ok(verified.once.map(|once| DeliveryId::new(once.digest, once.keep))),
            Err(error) if error.is_own() => {
                tracing::error!(tenant = %self.tenant, flow = %self.flow, %error, "A hook cannot check signatures.");
                Err(Refusal::NoSecret)
            }
            Err(error) => {
                self.log(error.code().as_str(), &error);
                Err(Refusal::Unauthenticated { challenge: None })
            }
        }
    }

    /// The header that carries the caller's secret, which flows have no need to see.
    pub(crate) fn secret_header(&self) -> Option<&str> {
        self.auth.and_then(Auth::secret_header)
    }

    fn log(&self, code: &str, reason: &dyn std::fmt::Display) {
        let (tenant, flow, client) = (self.tenant, self.flow, self.client);
        tracing::info!(%tenant, %flow, %client, code, %reason, "A caller was not let in.");
    }
}

async fn verified(
    def: &SignatureDef,
    secrets: Vec<SecretText>,
    headers: &HeaderMap,
    body: &Bytes,
    now: Timestamp,
) -> Result<Verified, SignatureError> {
    let verify = move |def: &SignatureDef, secrets: &[SecretText], headers: &HeaderMap, body: &Bytes| {
        let secrets: Vec<&str> = secrets.iter().map(SecretText::expose).collect();
        signature::verify(def, &secrets, &Delivery { headers, body, now })
    };
    if body.len() < LONG_BODY {
        return verify(def, &secrets, headers, body);
    }
    let (def, headers, body) = (def.clone(), headers.clone(), body.clone());
    let task = tokio::task::spawn_blocking(move || verify(&def, &secrets, &headers, &body));
    // It neither panics nor is cancelled but by the end of the process.
    task.await.unwrap_or(Err(SignatureError::NoSecret))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_listed_addresses_are_let_in() {
        let networks = |texts: &[&str]| Some(texts.iter().map(|text| text.parse().unwrap()).collect());
        let webhook = WebhookDef { allow: networks(&["192.0.2.0/24", "2001:db8::1"]), ..WebhookDef::default() };
        for (client, is_let_in) in [
            ("192.0.2.7", true),
            ("::ffff:192.0.2.7", true),
            ("2001:db8::1", true),
            ("192.0.3.7", false),
            ("2001:db8::2", false),
        ] {
            assert_eq!(check_address(&webhook, client.parse().unwrap()).is_ok(), is_let_in, "{client}");
        }
        assert!(check_address(&WebhookDef::default(), "203.0.113.1".parse().unwrap()).is_ok());
    }
}
