//! Sealing bytes under a key: XChaCha20-Poly1305, with what the bytes belong to as part of the seal. It does not know who
//! has the key or what the bytes say.
//!
//! The sealed form: a byte for the form (1), the length of the key's id, the id, the nonce (24 bytes), the sealed bytes
//! with their tag. A nonce is random: with 192 bits it does not repeat.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chacha20poly1305::aead::{Aead as _, Payload};
use chacha20poly1305::{KeyInit as _, XChaCha20Poly1305, XNonce};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use weir_model::Entropy;
use zeroize::Zeroizing;

use crate::SealError;

/// The one form there is.
const FORM: u8 = 1;
/// Bytes of a nonce.
const NONCE: usize = 24;
/// Bytes of the tag behind the sealed bytes.
const TAG: usize = 16;
/// Bytes of a key.
pub(crate) const KEY: usize = 32;
/// The longest id of a key.
pub(crate) const MOST_ID: usize = 64;

/// Sealed bytes, with the id of the key that opens them. Safe to store and to copy.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed(Box<[u8]>);

/// A sealed form taken apart.
struct Parts<'a> {
    /// What stands before the nonce; a part of the seal.
    head: &'a [u8],
    id: &'a str,
    nonce: [u8; NONCE],
    body: &'a [u8],
}

impl Sealed {
    /// Reads the sealed form; none where the bytes are no such form.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        parts(bytes).map(|_| Self(bytes.into()))
    }

    /// The sealed form.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The id of the key that opens it.
    pub fn key_id(&self) -> &str {
        parts(&self.0).map_or("", |parts| parts.id)
    }
}

fn parts(bytes: &[u8]) -> Option<Parts<'_>> {
    let (&[form, length], rest) = bytes.split_first_chunk::<2>()?;
    let length = usize::from(length);
    let (id, rest) = rest.split_at_checked(length)?;
    let (nonce, body) = rest.split_first_chunk::<NONCE>()?;
    let well = form == FORM && is_key_id(id) && body.len() >= TAG;
    let (head, id) = (bytes.get(..2 + length)?, std::str::from_utf8(id).ok()?);
    well.then_some(Parts { head, id, nonce: *nonce, body })
}

/// Whether some bytes can name a key.
pub(crate) fn is_key_id(id: &[u8]) -> bool {
    (1..=MOST_ID).contains(&id.len()) && id.iter().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(b))
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealed({} bytes under {})", self.0.len(), self.key_id())
    }
}

impl Serialize for Sealed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Sealed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        let bytes = STANDARD.decode(text.as_bytes()).ok();
        bytes
            .and_then(|bytes| Self::from_bytes(&bytes))
            .ok_or_else(|| serde::de::Error::custom("sealed bytes in base64 were expected"))
    }
}

/// A key that seals and opens, with its id.
#[derive(Clone)]
pub(crate) struct SealingKey {
    id: Box<str>,
    bytes: Zeroizing<[u8; KEY]>,
}

impl SealingKey {
    /// A key of known bytes. The id has passed [`is_key_id`].
    pub(crate) fn new(id: &str, bytes: Zeroizing<[u8; KEY]>) -> Self {
        Self { id: id.into(), bytes }
    }

    /// A fresh key.
    pub(crate) fn generate(id: &str, entropy: &dyn Entropy) -> Self {
        let mut bytes = Zeroizing::new([0; KEY]);
        entropy.fill(&mut *bytes);
        Self::new(id, bytes)
    }

    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    pub(crate) fn bytes(&self) -> &[u8; KEY] {
        &self.bytes
    }

    /// Seals bytes that belong to `about`.
    pub(crate) fn seal(&self, plain: &[u8], about: &[u8], entropy: &dyn Entropy) -> Result<Sealed, SealError> {
        let mut nonce = [0; NONCE];
        entropy.fill(&mut nonce);
        let length = u8::try_from(self.id.len()).map_err(|_| SealError::broken(&self.id))?;
        let head = [&[FORM, length], self.id.as_bytes()].concat();
        let aad = [&head, about].concat();
        let payload = Payload { msg: plain, aad: &aad };
        let cipher = XChaCha20Poly1305::new((&*self.bytes).into());
        let body = cipher.encrypt(&XNonce::from(nonce), payload).map_err(|_| SealError::broken(&self.id))?;
        Ok(Sealed([&head, &nonce[..], &body].concat().into()))
    }

    /// Opens what was sealed under this key, for `about` alone.
    pub(crate) fn open(&self, sealed: &Sealed, about: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let broken = || SealError::broken(sealed.key_id());
        let Parts { head, id, nonce, body } = parts(&sealed.0).ok_or_else(broken)?;
        if id != &*self.id {
            return Err(SealError::Unknown { key: id.to_owned() });
        }
        let aad = [head, about].concat();
        let cipher = XChaCha20Poly1305::new((&*self.bytes).into());
        let payload = Payload { msg: body, aad: &aad };
        cipher.decrypt(&XNonce::from(nonce), payload).map(Zeroizing::new).map_err(|_| broken())
    }
}

impl fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealingKey({})", self.id)
    }
}

/// What sealed bytes belong to: parts of which none can run into the next.
pub(crate) fn about<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut whole = Vec::new();
    for part in parts {
        whole.extend_from_slice(&(part.len() as u64).to_be_bytes());
        whole.extend_from_slice(part);
    }
    whole
}
