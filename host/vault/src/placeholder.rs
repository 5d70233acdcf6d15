//! What stands for a secret within a run: a text that only the host can turn back into the value. It does not do that.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use weir_model::{RunId, SecretName};
use zeroize::Zeroizing;

use crate::DataKey;
use crate::seal::{KEY, about};

/// What every stand-in starts with.
pub const PREFIX: &str = "weir-secret-";
/// Characters behind it: 128 bits as base32 (RFC 4648 §6) in lower case.
pub const LENGTH: usize = 26;

/// The stand-in of a secret within a run: the same whenever it is asked for, another in every run, and not to be guessed
/// without the tenant's key.
pub fn stand_in(key: &DataKey, run: RunId, name: &SecretName) -> String {
    // HMAC fills a shorter key up to a block with zeros itself.
    let mut block = Zeroizing::new([0; 64]);
    if let Some(start) = block.first_chunk_mut::<KEY>() {
        *start = *key.bytes();
    }
    let mut mac = Hmac::<Sha256>::new((&*block).into());
    mac.update(&about([&b"weir placeholder"[..], run.as_bytes(), name.as_str().as_bytes()]));
    let tag: [u8; 32] = mac.finalize().into_bytes().into();
    let half = tag.first_chunk::<16>().copied().unwrap_or_default();
    format!("{PREFIX}{}", data_encoding::BASE32_NOPAD.encode(&half).to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::record::tests::Counting;

    #[test]
    fn it_is_the_same_for_its_run_and_name_and_differs_by_each() {
        let entropy = Counting::default();
        let (key, other) = (DataKey::generate(&entropy), DataKey::generate(&entropy));
        let (run, next) = (RunId::from_bytes([1; 16]), RunId::from_bytes([2; 16]));
        let (name, longer) = (SecretName::new("A").unwrap(), SecretName::new("AB").unwrap());
        let one = stand_in(&key, run, &name);
        assert_eq!(one, stand_in(&key, run, &name));
        let tail = one.strip_prefix(PREFIX).unwrap();
        assert!(tail.len() == LENGTH && tail.bytes().all(|b| matches!(b, b'a'..=b'z' | b'2'..=b'7')), "{one}");
        let all = [one, stand_in(&key, next, &name), stand_in(&key, run, &longer), stand_in(&other, run, &name)];
        assert_eq!(HashSet::from(all).len(), 4);
    }
}
