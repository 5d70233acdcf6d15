//! The keys that seal the tenants' data keys: reading and writing their text, and picking the one that opens. It knows
//! neither files nor tenants' secrets.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use weir_model::Entropy;
use zeroize::Zeroizing;

use crate::digest::to_hex;
use crate::seal::{KEY, Sealed, SealingKey, is_key_id};
use crate::{KeysError, SealError};

/// The most keys that a keyring has.
const MOST_KEYS: usize = 64;

/// Keys by id. The first seals, all open.
///
/// As text it has one line a key, `id base64(32 bytes)`; lines that are empty or start with `#` say nothing.
#[derive(Clone)]
pub struct Keyring {
    first: SealingKey,
    rest: Vec<SealingKey>,
}

impl Keyring {
    /// A keyring with one fresh key.
    pub fn generate(entropy: &dyn Entropy) -> Self {
        Self { first: fresh(entropy), rest: Vec::new() }
    }

    /// The same keyring with a fresh key in front: what is sealed from now on is sealed under that.
    ///
    /// # Errors
    /// [`KeysError::TooMany`] where it is full.
    pub fn with_fresh(self, entropy: &dyn Entropy) -> Result<Self, KeysError> {
        let rest: Vec<SealingKey> = [self.first].into_iter().chain(self.rest).collect();
        if rest.len() >= MOST_KEYS {
            return Err(KeysError::TooMany { most: MOST_KEYS });
        }
        Ok(Self { first: fresh(entropy), rest })
    }

    /// Reads the text of a keyring.
    ///
    /// # Errors
    /// [`KeysError`] names the line that is wrong; never what is in it.
    pub fn parse(text: &str) -> Result<Self, KeysError> {
        let mut keys: Vec<SealingKey> = Vec::new();
        for (number, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let key = key_of(line).map_err(|reason| KeysError::Line { line: number + 1, reason })?;
            if keys.iter().any(|known| known.id() == key.id()) {
                return Err(KeysError::Line { line: number + 1, reason: "another line has the same id" });
            }
            keys.push(key);
        }
        if keys.len() > MOST_KEYS {
            return Err(KeysError::TooMany { most: MOST_KEYS });
        }
        let mut keys = keys.into_iter();
        let first = keys.next().ok_or(KeysError::Empty)?;
        Ok(Self { first, rest: keys.collect() })
    }

    /// The keyring as text, a line a key.
    pub fn to_text(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(self.keys().map(|key| key.id().len() + 48).sum()));
        for key in self.keys() {
            text.push_str(key.id());
            text.push(' ');
            text.push_str(&Zeroizing::new(STANDARD.encode(key.bytes())));
            text.push('\n');
        }
        text
    }

    /// The id of the key that seals.
    pub fn first(&self) -> &str {
        self.first.id()
    }

    /// The ids of all keys, the one that seals first.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.keys().map(SealingKey::id)
    }

    /// Seals bytes that belong to `about`, under the first key.
    ///
    /// # Errors
    /// Where they are too long for the cipher.
    pub fn seal(&self, plain: &[u8], about: &[u8], entropy: &dyn Entropy) -> Result<Sealed, SealError> {
        self.first.seal(plain, about, entropy)
    }

    /// Opens what any of the keys sealed, for `about` alone.
    ///
    /// # Errors
    /// [`SealError::Unknown`] where the key is not here, [`SealError::Broken`] where the seal does not hold.
    pub fn open(&self, sealed: &Sealed, about: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let wanted = sealed.key_id();
        let key = self.keys().find(|key| key.id() == wanted);
        key.ok_or_else(|| SealError::Unknown { key: wanted.to_owned() })?.open(sealed, about)
    }

    fn keys(&self) -> impl Iterator<Item = &SealingKey> {
        [&self.first].into_iter().chain(&self.rest)
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.ids()).finish()
    }
}

/// A fresh key under a fresh id.
fn fresh(entropy: &dyn Entropy) -> SealingKey {
    let mut id = [0; 4];
    entropy.fill(&mut id);
    SealingKey::generate(&format!("key-{}", to_hex(&id)), entropy)
}

fn key_of(line: &str) -> Result<SealingKey, &'static str> {
    let (id, key) = line.split_once(char::is_whitespace).ok_or("it has no key behind the id")?;
    if !is_key_id(id.as_bytes()) {
        return Err("the id is not 1 to 64 letters, digits, `-`, `_` and `.`");
    }
    let mut bytes = Zeroizing::new([0; KEY]);
    // With room to spare, so that a longer key is told from one of the right length.
    let mut room = Zeroizing::new([0; 2 * KEY]);
    let length = STANDARD.decode_slice(key.trim().as_bytes(), &mut *room);
    match (length, room.first_chunk::<KEY>()) {
        (Ok(KEY), Some(read)) => *bytes = *read,
        _ => return Err("the key is not the base64 of 32 bytes"),
    }
    Ok(SealingKey::new(id, bytes))
}

/// Where the keys come from; given at start, so that nobody but the start knows files.
pub trait KeySource: Send + Sync {
    /// The keys as they are now; none where there may be some but are none yet.
    ///
    /// # Errors
    /// Where they cannot be read.
    fn load(&self) -> Result<Option<Keyring>, KeysError>;

    /// Makes the first key, kept before this returns.
    ///
    /// # Errors
    /// Where it cannot be kept.
    fn make(&self, entropy: &dyn Entropy) -> Result<Keyring, KeysError>;
}

/// Keys that never change, for tests and tools.
impl KeySource for Keyring {
    fn load(&self) -> Result<Option<Keyring>, KeysError> {
        Ok(Some(self.clone()))
    }

    fn make(&self, _: &dyn Entropy) -> Result<Keyring, KeysError> {
        Ok(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::tests::Counting;

    #[test]
    fn the_first_seals_and_all_open() {
        let entropy = Counting::default();
        let old = Keyring::generate(&entropy);
        let sealed = old.seal(b"x", b"a", &entropy).unwrap();
        let new = old.clone().with_fresh(&entropy).unwrap();
        assert_ne!(new.first(), old.first());
        assert_eq!(new.ids().count(), 2);
        assert_eq!(new.open(&sealed, b"a").unwrap().as_slice(), b"x");
        let sealed = new.seal(b"x", b"a", &entropy).unwrap();
        assert_eq!(sealed.key_id(), new.first());
        assert!(matches!(old.open(&sealed, b"a"), Err(SealError::Unknown { key }) if key == new.first()));
    }

    #[test]
    fn a_keyring_survives_its_text_and_hides_its_keys() {
        let entropy = Counting::default();
        let keyring = Keyring::generate(&entropy).with_fresh(&entropy).unwrap();
        let text = format!("# kept apart\n\n  {}", keyring.to_text().replace('\n', "\r\n"));
        let read = Keyring::parse(&text).unwrap();
        assert_eq!(*read.to_text(), *keyring.to_text());
        let sealed = keyring.seal(b"x", b"a", &entropy).unwrap();
        assert_eq!(read.open(&sealed, b"a").unwrap().as_slice(), b"x");
        let key = keyring.to_text().split_whitespace().nth(1).unwrap().to_owned();
        assert!(!format!("{keyring:?}").contains(&key));
    }

    #[test]
    fn a_wrong_line_is_named_and_not_shown() {
        let good = Keyring::generate(&Counting::default()).to_text();
        let (short, long) = (STANDARD.encode([7; 31]), STANDARD.encode([7; 33]));
        for (text, line) in [
            (format!("{}lonely", *good), 2),
            (format!("a/b {}", STANDARD.encode([7; 32])), 1),
            (format!("a {short}"), 1),
            (format!("#\na {long}"), 2),
            (format!("a {}", STANDARD.encode([7; 200])), 1),
            ("a hunter2!".to_owned(), 1),
            (format!("{0}{0}", *good), 2),
        ] {
            let error = Keyring::parse(&text).unwrap_err();
            assert!(matches!(error, KeysError::Line { line: found, .. } if found == line), "{error}");
            assert!(!error.to_string().contains("hunter2"), "{error}");
        }
        assert!(matches!(Keyring::parse("# none\n"), Err(KeysError::Empty)));
    }
}
