//! What a delivery says of itself, once its headers were read. Nothing in it is believed yet.

use crate::signature::SignatureError;

/// Signatures in one header, at most. Each costs a comparison.
const MOST_SIGNATURES: usize = 16;

/// How a signature was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// An HMAC with the scheme's hash function.
    Hmac,
    /// Ed25519 (RFC 8032).
    Ed25519,
}

/// What a delivery claims.
#[derive(Debug)]
pub(super) struct Claim<'a> {
    /// The header with the signatures.
    pub(super) header: &'a str,
    /// What was signed: these bytes in a row.
    pub(super) signed: Vec<&'a [u8]>,
    /// When it was signed, in milliseconds since 1970; none where the scheme does not say.
    pub(super) at: Option<i64>,
    /// Its id, where that is signed.
    pub(super) id: Option<&'a [u8]>,
    /// The signatures that the scheme knows.
    pub(super) signatures: Vec<(Kind, Vec<u8>)>,
}

impl Claim<'_> {
    /// Refuses a claim with no signature or too many.
    pub(super) fn checked(self) -> Result<Self, SignatureError> {
        match self.signatures.len() {
            0 => Err(SignatureError::NoneKnown { header: self.header.to_owned() }),
            1..=MOST_SIGNATURES => Ok(self),
            _ => Err(SignatureError::TooMany { header: self.header.to_owned(), most: MOST_SIGNATURES }),
        }
    }
}
