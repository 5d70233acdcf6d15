//! Whether a delivery was signed with one of the secrets, by the schemes that senders use. Everything is compared in
//! constant time, over the bytes as they came. It must not look secrets up or know what a caller is told.
//!
//! A new scheme is a file here, its `mod`, its line in [`SCHEMES`], and its line in `weir_model::Scheme::ALL`.

mod claim;
mod error;
mod generic;
mod github;
mod header;
mod key;
mod shopify;
mod slack;
mod standard_webhooks;
mod stripe;

use std::time::Duration;

use http::HeaderMap;
use weir_model::{SignatureDef, Timestamp};

use self::claim::{Claim, Kind};
pub use self::error::SignatureError;
use self::key::Key;
use crate::digest;

/// The schemes by their names.
static SCHEMES: &[(&str, &dyn Scheme)] = &[
    ("standard-webhooks", &standard_webhooks::StandardWebhooks),
    ("github", &github::Github),
    ("stripe", &stripe::Stripe),
    ("slack", &slack::Slack),
    ("shopify", &shopify::Shopify),
    ("generic", &generic::Generic),
];

/// How long a delivery is remembered whose signature does not say when it was made.
const UNTIMED_KEEP: Duration = Duration::from_secs(7 * 24 * 3_600);

/// A sender's way of signing.
trait Scheme: Sync {
    /// What a delivery claims: what was signed, when, and with which signatures.
    fn read<'a>(&self, def: &'a SignatureDef, delivery: &Delivery<'a>) -> Result<Claim<'a>, SignatureError>;

    /// What signatures are checked with, made of a secret's text.
    fn key(&self, def: &SignatureDef, secret: &str) -> Result<Key, SignatureError> {
        Ok(Key::hmac(def.algorithm.unwrap_or_default(), secret.as_bytes().to_vec()))
    }
}

/// What came.
#[derive(Clone, Copy, Debug)]
pub struct Delivery<'a> {
    /// The request's headers.
    pub headers: &'a HeaderMap,
    /// The body's bytes as they came.
    pub body: &'a [u8],
    /// When it came.
    pub now: Timestamp,
}

/// A delivery whose signature is right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verified {
    /// What tells it from every other delivery of the same sender; none where it may come again.
    pub once: Option<Once>,
}

/// What tells a delivery from others, and how long that has to be known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Once {
    /// A digest of its id where the id is signed, else of all that is signed.
    pub digest: [u8; 32],
    /// How long.
    pub keep: Duration,
}

/// Checks a delivery against each of the secrets.
///
/// # Errors
/// Why it is not trusted. That is for the server's log: a stranger need not know how close a try was.
pub fn verify(def: &SignatureDef, secrets: &[&str], delivery: &Delivery<'_>) -> Result<Verified, SignatureError> {
    let name = def.scheme.name();
    let scheme = SCHEMES.iter().find(|(known, _)| *known == name).ok_or(SignatureError::Scheme(name))?.1;
    let claim = scheme.read(def, delivery)?;
    let mut usable = 0_usize;
    let mut is_right = false;
    let mut trouble = SignatureError::NoSecret;
    for secret in secrets {
        match scheme.key(def, secret) {
            Ok(key) => {
                usable += 1;
                // All of them are tried, so that the time does not tell which one it was.
                is_right |= key.made_one_of(&claim);
            }
            Err(error) => trouble = error,
        }
    }
    if usable == 0 {
        return Err(trouble);
    }
    if !is_right {
        return Err(SignatureError::Differs { header: claim.header.to_owned(), secrets: usable });
    }
    let tolerance = def.tolerance.unwrap_or(SignatureDef::TOLERANCE).duration();
    in_time(&claim, delivery.now, tolerance)?;
    let keep = if claim.at.is_some() { tolerance.saturating_mul(2) } else { UNTIMED_KEEP };
    let once = def.refuses_replays().then(|| Once { digest: identity(name, &claim), keep });
    Ok(Verified { once })
}

/// Whether the signed time, where there is one, is near the present.
fn in_time(claim: &Claim<'_>, now: Timestamp, tolerance: Duration) -> Result<(), SignatureError> {
    let Some(at) = claim.at else { return Ok(()) };
    let tolerance = i64::try_from(tolerance.as_millis()).unwrap_or(i64::MAX);
    let age = now.as_millis().saturating_sub(at);
    if age > tolerance {
        return Err(SignatureError::TooOld { seconds: age / 1_000 });
    }
    if age.saturating_neg() > tolerance {
        return Err(SignatureError::TooNew { seconds: age.saturating_neg() / 1_000 });
    }
    Ok(())
}

/// A digest of what makes a delivery this one. Headers that are not signed do not count: whoever sends a delivery again
/// could change them.
fn identity(scheme: &str, claim: &Claim<'_>) -> [u8; 32] {
    let parts: &[&[u8]] = match &claim.id {
        Some(id) => &[b"id", id],
        None => &[b"signed"],
    };
    let signed = if claim.id.is_some() { &[][..] } else { &claim.signed };
    digest::sha256_of_parts([scheme.as_bytes()].iter().chain(parts).chain(signed).copied())
}

#[cfg(test)]
mod tests;
