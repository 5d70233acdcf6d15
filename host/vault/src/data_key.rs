//! A tenant's data key: it seals the tenant's secrets, and is itself kept sealed under the keyring. It does not know where
//! either is kept.

use std::fmt;

use weir_model::{Entropy, SecretName, TenantId};
use zeroize::Zeroizing;

use crate::digest::to_hex;
use crate::seal::{KEY, Sealed, SealingKey, about};
use crate::{Keyring, SealError, SecretText};

/// 256 random bits that seal the secrets of one tenant.
pub struct DataKey(SealingKey);

/// What a sealed secret belongs to. It is a part of the seal: a value that was moved to another tenant, name or version,
/// or whose hosts were changed beside it, does not open.
#[derive(Clone, Copy, Debug)]
pub struct SecretLabel<'a> {
    /// Whose it is.
    pub tenant: &'a TenantId,
    /// Its name.
    pub name: &'a SecretName,
    /// Counts how often it was set.
    pub version: u64,
    /// Where it may be sent.
    pub hosts: &'a [String],
    /// The actions that may see it.
    pub reveal_to: &'a [String],
}

impl DataKey {
    /// A fresh key.
    pub fn generate(entropy: &dyn Entropy) -> Self {
        let mut id = [0; 8];
        entropy.fill(&mut id);
        Self(SealingKey::generate(&to_hex(&id), entropy))
    }

    /// Its id, which what it seals carries.
    pub fn id(&self) -> &str {
        self.0.id()
    }

    /// The key, sealed under the keyring's first.
    ///
    /// # Errors
    /// Where the cipher fails.
    pub fn wrap(&self, tenant: &TenantId, keyring: &Keyring, entropy: &dyn Entropy) -> Result<Sealed, SealError> {
        keyring.seal(self.0.bytes(), &whose(tenant, self.id()), entropy)
    }

    /// The key of this tenant and id, from its sealed form.
    ///
    /// # Errors
    /// [`SealError`] where the keyring does not open it.
    pub fn unwrap(id: &str, tenant: &TenantId, sealed: &Sealed, keyring: &Keyring) -> Result<Self, SealError> {
        let plain = keyring.open(sealed, &whose(tenant, id))?;
        let bytes: &[u8; KEY] = plain.as_slice().try_into().map_err(|_| SealError::broken(sealed.key_id()))?;
        Ok(Self(SealingKey::new(id, Zeroizing::new(*bytes))))
    }

    /// Seals a secret's value.
    ///
    /// # Errors
    /// Where it is too long for the cipher.
    pub fn seal(&self, label: &SecretLabel<'_>, text: &SecretText, entropy: &dyn Entropy) -> Result<Sealed, SealError> {
        self.0.seal(text.expose().as_bytes(), &label.about(), entropy)
    }

    /// Opens a secret's value.
    ///
    /// # Errors
    /// [`SealError`] where it was sealed by another key or for another label, or was changed since.
    pub fn open(&self, label: &SecretLabel<'_>, sealed: &Sealed) -> Result<SecretText, SealError> {
        let plain = self.0.open(sealed, &label.about())?;
        SecretText::from_bytes(plain).ok_or_else(|| SealError::broken(self.id()))
    }

    pub(crate) fn bytes(&self) -> &[u8; KEY] {
        self.0.bytes()
    }
}

impl fmt::Debug for DataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DataKey({})", self.id())
    }
}

impl SecretLabel<'_> {
    fn about(&self) -> Vec<u8> {
        let Self { tenant, name, version, hosts, reveal_to } = self;
        let (version, count) = (version.to_be_bytes(), (hosts.len() as u64).to_be_bytes());
        let head = [&b"weir secret"[..], tenant.as_str().as_bytes(), name.as_str().as_bytes(), &version, &count];
        about(head.into_iter().chain(hosts.iter().chain(*reveal_to).map(String::as_bytes)))
    }
}

/// What a sealed data key belongs to.
fn whose(tenant: &TenantId, id: &str) -> Vec<u8> {
    about([&b"weir tenant key"[..], tenant.as_str().as_bytes(), id.as_bytes()])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::sample::Index;

    use super::*;
    use crate::record::tests::Counting;

    fn tenant(name: &str) -> TenantId {
        TenantId::new(name).unwrap()
    }

    /// A label in parts that a test can change one by one.
    #[derive(Clone, Debug, PartialEq)]
    struct Own(TenantId, SecretName, u64, Vec<String>, Vec<String>);

    impl Own {
        fn label(&self) -> SecretLabel<'_> {
            SecretLabel { tenant: &self.0, name: &self.1, version: self.2, hosts: &self.3, reveal_to: &self.4 }
        }
    }

    fn own() -> impl Strategy<Value = Own> {
        let words = || proptest::collection::vec("[a-c]{0,2}", 0..3);
        ("[ab]{1,2}", "[AB]{1,2}", 1_u64..3, words(), words()).prop_map(|(tenant_name, name, version, hosts, to)| {
            Own(tenant(&tenant_name), SecretName::new(&name).unwrap(), version, hosts, to)
        })
    }

    proptest! {
        #[test]
        fn a_secret_opens_for_its_own_label_alone(text in ".{0,200}", own in own(), other in own()) {
            let entropy = Counting::default();
            let key = DataKey::generate(&entropy);
            let sealed = key.seal(&own.label(), &SecretText::new(text.clone()), &entropy).unwrap();
            prop_assert_eq!(sealed.key_id(), key.id());
            prop_assert_eq!(key.open(&own.label(), &sealed).unwrap().expose(), &text);
            prop_assert_eq!(key.open(&other.label(), &sealed).is_ok(), own == other);
        }

        #[test]
        fn no_changed_byte_opens(text in ".{0,40}", at in any::<Index>(), flip in 1_u8.., cut in any::<Index>()) {
            let entropy = Counting::default();
            let key = DataKey::generate(&entropy);
            let own = Own(tenant("a"), SecretName::new("A").unwrap(), 1, vec![], vec![]);
            let sealed = key.seal(&own.label(), &SecretText::new(text), &entropy).unwrap();
            let mut bytes = sealed.as_bytes().to_vec();
            let at = at.index(bytes.len());
            bytes[at] ^= flip;
            let opens = |bytes: &[u8]| Sealed::from_bytes(bytes).is_some_and(|sealed| key.open(&own.label(), &sealed).is_ok());
            prop_assert!(!opens(&bytes), "byte {}", at);
            prop_assert!(!opens(&sealed.as_bytes()[..cut.index(bytes.len())]));
            prop_assert!(!opens(&[sealed.as_bytes(), &[flip]].concat()));
        }

        #[test]
        fn any_bytes_are_a_sealed_form_or_none(bytes in proptest::collection::vec(any::<u8>(), 0..120)) {
            if let Some(sealed) = Sealed::from_bytes(&bytes) {
                prop_assert!(Keyring::generate(&Counting::default()).open(&sealed, b"").is_err());
            }
        }
    }

    #[test]
    fn a_data_key_opens_under_its_keyring_for_its_tenant_alone() {
        let entropy = Counting::default();
        let (keyring, other) = (Keyring::generate(&entropy), Keyring::generate(&entropy));
        let key = DataKey::generate(&entropy);
        let sealed = key.wrap(&tenant("a"), &keyring, &entropy).unwrap();
        let again = DataKey::unwrap(key.id(), &tenant("a"), &sealed, &keyring).unwrap();
        assert_eq!((again.id(), again.bytes()), (key.id(), key.bytes()));
        assert!(matches!(DataKey::unwrap(key.id(), &tenant("b"), &sealed, &keyring), Err(SealError::Broken { .. })));
        assert!(matches!(DataKey::unwrap("00", &tenant("a"), &sealed, &keyring), Err(SealError::Broken { .. })));
        assert!(matches!(DataKey::unwrap(key.id(), &tenant("a"), &sealed, &other), Err(SealError::Unknown { .. })));
        // A key with the right id and other bytes.
        let forged = other.to_text().replace(other.first(), keyring.first());
        let forged = Keyring::parse(&forged).unwrap();
        assert!(matches!(DataKey::unwrap(key.id(), &tenant("a"), &sealed, &forged), Err(SealError::Broken { .. })));
        let hex = to_hex(key.bytes());
        assert!(!format!("{key:?} {keyring:?} {sealed:?}").contains(&hex));
    }

    #[test]
    fn a_sealed_form_survives_its_text_and_never_repeats() {
        let entropy = Counting::default();
        let key = DataKey::generate(&entropy);
        let own = Own(tenant("a"), SecretName::new("A").unwrap(), 1, vec![], vec![]);
        let seal = || key.seal(&own.label(), &SecretText::new("hunter2"), &entropy).unwrap();
        let (one, two) = (seal(), seal());
        assert_ne!(one, two);
        let text = serde_json::to_string(&one).unwrap();
        assert_eq!(serde_json::from_str::<Sealed>(&text).unwrap(), one);
        assert!(
            serde_json::from_str::<Sealed>(r#""AQ==""#).is_err() && serde_json::from_str::<Sealed>(r#""!""#).is_err()
        );
    }
}
