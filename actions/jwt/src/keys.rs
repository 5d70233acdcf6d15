//! Reads keys as each algorithm wants them. It signs nothing.

use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey, EncodingKey};
use weir_action::{Error, Result};

/// How a shared secret is written.
#[weir_action::data]
#[derive(Copy, Default, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum Encoding {
    /// Its bytes are those of the text.
    #[default]
    Text,
    /// In base64 (RFC 4648, section 4).
    Base64,
}

/// A key to sign with.
///
/// # Errors
/// Where it is none for this algorithm.
pub(crate) fn signing(algorithm: Algorithm, key: &str, encoding: Encoding) -> Result<EncodingKey> {
    let bytes = key.as_bytes();
    let read = match (algorithm.family(), encoding) {
        (AlgorithmFamily::Hmac, Encoding::Text) => EncodingKey::from_secret(bytes),
        (AlgorithmFamily::Hmac, Encoding::Base64) => EncodingKey::from_base64_secret(key),
        (AlgorithmFamily::Rsa, _) => EncodingKey::from_rsa_pem(bytes),
        (AlgorithmFamily::Ec, _) => EncodingKey::from_ec_pem(bytes),
        (AlgorithmFamily::Ed, _) => EncodingKey::from_ed_pem(bytes),
    };
    read.map_err(|error| unusable(algorithm, "private", &error))
}

/// A key to verify with.
///
/// # Errors
/// Where it is none for this algorithm.
pub(crate) fn verifying(algorithm: Algorithm, key: &str, encoding: Encoding) -> Result<DecodingKey> {
    let bytes = key.as_bytes();
    let read = match (algorithm.family(), encoding) {
        (AlgorithmFamily::Hmac, Encoding::Text) => DecodingKey::from_secret(bytes),
        (AlgorithmFamily::Hmac, Encoding::Base64) => DecodingKey::from_base64_secret(key),
        (AlgorithmFamily::Rsa, _) => DecodingKey::from_rsa_pem(bytes),
        (AlgorithmFamily::Ec, _) => DecodingKey::from_ec_pem(bytes),
        (AlgorithmFamily::Ed, _) => DecodingKey::from_ed_pem(bytes),
    };
    read.map_err(|error| unusable(algorithm, "public", &error))
}

fn unusable(algorithm: Algorithm, side: &str, error: &jsonwebtoken::errors::Error) -> Error {
    let wanted = match algorithm.family() {
        AlgorithmFamily::Hmac => "a shared secret".to_owned(),
        _ => format!("a {side} key in PEM"),
    };
    // The key itself is never in the message.
    Error::invalid(format!("`key` is no key for {algorithm:?}, which takes {wanted}: {error}"))
}
