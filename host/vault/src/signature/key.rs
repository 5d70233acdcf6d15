//! What signatures are checked with. It compares in constant time and never shows what it holds.

use ed25519_dalek::{Signature, VerifyingKey};
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Sha256, Sha512};
use subtle::ConstantTimeEq as _;
use weir_model::Algorithm;
use zeroize::Zeroizing;

use super::{Claim, Kind};

/// A secret or a public key, ready for use.
pub(super) enum Key {
    /// The secret of an HMAC.
    Hmac(Algorithm, Zeroizing<Vec<u8>>),
    /// A public key.
    Ed25519(Box<VerifyingKey>),
}

impl Key {
    pub(super) fn hmac(algorithm: Algorithm, secret: Vec<u8>) -> Self {
        Self::Hmac(algorithm, Zeroizing::new(secret))
    }

    /// Whether one of the claim's signatures was made with this key over what it says was signed.
    pub(super) fn made_one_of(&self, claim: &Claim<'_>) -> bool {
        let of = |wanted: Kind| {
            let signatures = claim.signatures.iter();
            signatures.filter(move |(kind, _)| *kind == wanted).map(|(_, bytes)| bytes.as_slice())
        };
        match self {
            Self::Hmac(algorithm, secret) => {
                let wanted = match algorithm {
                    Algorithm::Sha1 => mac::<Hmac<Sha1>>(secret, &claim.signed),
                    Algorithm::Sha256 => mac::<Hmac<Sha256>>(secret, &claim.signed),
                    Algorithm::Sha512 => mac::<Hmac<Sha512>>(secret, &claim.signed),
                };
                let Some(wanted) = wanted else { return false };
                of(Kind::Hmac).fold(false, |seen, given| seen | bool::from(wanted.ct_eq(given)))
            }
            Self::Ed25519(key) => {
                let message = claim.signed.concat();
                let is_right = |given| {
                    Signature::from_slice(given).is_ok_and(|signature| key.verify_strict(&message, &signature).is_ok())
                };
                of(Kind::Ed25519).fold(false, |seen, given| seen | is_right(given))
            }
        }
    }
}

/// The code of some bytes in a row; none never, for an HMAC takes keys of every length.
fn mac<M: Mac + KeyInit>(secret: &[u8], signed: &[&[u8]]) -> Option<Vec<u8>> {
    let mut mac = <M as KeyInit>::new_from_slice(secret).ok()?;
    signed.iter().for_each(|part| mac.update(part));
    Some(mac.finalize().into_bytes().to_vec())
}
