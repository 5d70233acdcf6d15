//! Computes digests over bytes. How they are written is not its business.

use hmac::{Hmac, KeyInit, Mac, SimpleHmac};
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha384, Sha512};
use sha3::{Sha3_256, Sha3_512};

/// A digest algorithm. MD5 and SHA-1 are there for services that still want them; do not choose them yourself.
#[weir_action::data]
#[derive(Copy, Default, PartialEq)]
pub enum Algorithm {
    /// RFC 1321.
    #[serde(rename = "md5")]
    Md5,
    /// FIPS 180-4.
    #[serde(rename = "sha1")]
    Sha1,
    /// FIPS 180-4.
    #[default]
    #[serde(rename = "sha256")]
    Sha256,
    /// FIPS 180-4.
    #[serde(rename = "sha384")]
    Sha384,
    /// FIPS 180-4.
    #[serde(rename = "sha512")]
    Sha512,
    /// FIPS 202.
    #[serde(rename = "sha3-256")]
    Sha3x256,
    /// FIPS 202.
    #[serde(rename = "sha3-512")]
    Sha3x512,
}

/// The digest.
pub(crate) fn plain(algorithm: Algorithm, bytes: &[u8]) -> Vec<u8> {
    match algorithm {
        Algorithm::Md5 => Md5::digest(bytes).to_vec(),
        Algorithm::Sha1 => Sha1::digest(bytes).to_vec(),
        Algorithm::Sha256 => Sha256::digest(bytes).to_vec(),
        Algorithm::Sha384 => Sha384::digest(bytes).to_vec(),
        Algorithm::Sha512 => Sha512::digest(bytes).to_vec(),
        Algorithm::Sha3x256 => Sha3_256::digest(bytes).to_vec(),
        Algorithm::Sha3x512 => Sha3_512::digest(bytes).to_vec(),
    }
}

/// The HMAC.
pub(crate) fn keyed(algorithm: Algorithm, key: &[u8], bytes: &[u8]) -> Vec<u8> {
    match algorithm {
        Algorithm::Md5 => mac::<Hmac<Md5>>(key, bytes),
        Algorithm::Sha1 => mac::<Hmac<Sha1>>(key, bytes),
        Algorithm::Sha256 => mac::<Hmac<Sha256>>(key, bytes),
        Algorithm::Sha384 => mac::<Hmac<Sha384>>(key, bytes),
        Algorithm::Sha512 => mac::<Hmac<Sha512>>(key, bytes),
        Algorithm::Sha3x256 => mac::<SimpleHmac<Sha3_256>>(key, bytes),
        Algorithm::Sha3x512 => mac::<SimpleHmac<Sha3_512>>(key, bytes),
    }
}

fn mac<M: Mac + KeyInit>(key: &[u8], bytes: &[u8]) -> Vec<u8> {
    // An HMAC takes keys of every length (RFC 2104, section 3).
    let Ok(mac) = <M as KeyInit>::new_from_slice(key) else { return Vec::new() };
    mac.chain_update(bytes).finalize().into_bytes().to_vec()
}

/// Whether they are the same, in a time that does not depend on where they differ.
pub(crate) fn same(one: &[u8], other: &[u8]) -> bool {
    let differences = one.iter().zip(other).fold(0, |found, (a, b)| found | (a ^ b));
    one.len() == other.len() && differences == 0
}
