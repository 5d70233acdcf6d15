//! Standard Webhooks 1.0: `webhook-id`, `webhook-timestamp` and `webhook-signature`, the last a list of `v1,<base64>`
//! (HMAC-SHA256 with a `whsec_` secret) and `v1a,<base64>` (Ed25519 with a `whpk_` public key) over `{id}.{timestamp}.{body}`.
//! Svix, where the standard comes from, sends the same under names that begin with `svix-`.

use data_encoding::BASE64_NOPAD;
use ed25519_dalek::VerifyingKey;
use weir_model::{Algorithm, SignatureDef};

use super::{Claim, Delivery, Key, Kind, Scheme, SignatureError, header};

/// The headers with id, time and signatures.
struct Names {
    id: &'static str,
    timestamp: &'static str,
    signature: &'static str,
}

const STANDARD: Names = Names { id: "webhook-id", timestamp: "webhook-timestamp", signature: "webhook-signature" };
const SVIX: Names = Names { id: "svix-id", timestamp: "svix-timestamp", signature: "svix-signature" };

pub(super) struct StandardWebhooks;

impl Scheme for StandardWebhooks {
    fn read<'a>(&self, _: &'a SignatureDef, delivery: &Delivery<'a>) -> Result<Claim<'a>, SignatureError> {
        let has = |name: &str| delivery.headers.contains_key(name);
        let names = if !has(STANDARD.signature) && has(SVIX.signature) { SVIX } else { STANDARD };
        let id = header::one(delivery.headers, names.id)?;
        // With one in the id, two deliveries could have the same signed bytes.
        if id.is_empty() || id.contains('.') {
            return Err(header::malformed(names.id, "an id has at least one character and no full stop"));
        }
        let timestamp = header::one(delivery.headers, names.timestamp)?;
        let at = Some(header::seconds(names.timestamp, timestamp)?);
        let mut signatures = Vec::new();
        for item in header::one(delivery.headers, names.signature)?.split(' ') {
            let bytes = |text| header::base64(names.signature, text);
            match item.split_once(',') {
                Some(("v1", text)) => signatures.push((Kind::Hmac, bytes(text)?)),
                Some(("v1a", text)) => signatures.push((Kind::Ed25519, bytes(text)?)),
                Some(_) => {}
                None => return Err(header::malformed(names.signature, "it is no list such as `v1,…`")),
            }
        }
        let signed = vec![id.as_bytes(), b".", timestamp.as_bytes(), b".", delivery.body];
        Claim { header: names.signature, signed, at, id: Some(id.as_bytes()), signatures }.checked()
    }

    fn key(&self, _: &SignatureDef, secret: &str) -> Result<Key, SignatureError> {
        let secret = secret.trim();
        // Some senders leave the padding of secrets out.
        let bytes = |text: &str, what| {
            BASE64_NOPAD.decode(text.trim_end_matches('=').as_bytes()).map_err(|_| SignatureError::Secret(what))
        };
        if let Some(text) = secret.strip_prefix("whpk_") {
            let what = "after `whpk_` a public key of 32 bytes follows in base64";
            let key: [u8; 32] = bytes(text, what)?.try_into().map_err(|_| SignatureError::Secret(what))?;
            let key = VerifyingKey::from_bytes(&key).map_err(|_| SignatureError::Secret(what))?;
            return Ok(Key::Ed25519(Box::new(key)));
        }
        if secret.starts_with("whsk_") {
            return Err(SignatureError::Secret(
                "`whsk_` is the sender's private key: keep its `whpk_` public key here",
            ));
        }
        let text = secret.strip_prefix("whsec_").unwrap_or(secret);
        let secret = bytes(text, "it is `whsec_` and base64, or `whpk_` and base64")?;
        if secret.is_empty() {
            return Err(SignatureError::Secret("nothing follows `whsec_`"));
        }
        Ok(Key::hmac(Algorithm::Sha256, secret))
    }
}
