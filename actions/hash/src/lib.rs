//! The standard action `hash`: its settings, and how bytes are written. `digest` computes.

#![forbid(unsafe_code)]

mod digest;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use weir_action::{Error, Result, Value};

/// Which digest, of what, and how it is written.
#[weir_action::data]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The algorithm.
    #[serde(default)]
    pub algorithm: digest::Algorithm,
    /// A key makes it an HMAC (RFC 2104).
    #[serde(default)]
    pub key: Option<String>,
    /// How the key is written.
    #[serde(default)]
    pub key_encoding: Encoding,
    /// How the input is written.
    #[serde(default)]
    pub input_encoding: Encoding,
    /// How the digest is written.
    #[serde(default = "hex")]
    pub encoding: Encoding,
    /// A digest to compare with, in the time that any takes; another one is a failure.
    #[serde(default)]
    pub expected: Option<String>,
}

/// How bytes are written as text.
#[weir_action::data]
#[derive(Copy, Default, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum Encoding {
    /// UTF-8, as it stands.
    #[default]
    Text,
    /// Two hexadecimal digits a byte.
    Hex,
    /// RFC 4648, section 4, with padding.
    Base64,
    /// RFC 4648, section 5, without padding.
    Base64Url,
}

const fn hex() -> Encoding {
    Encoding::Hex
}

/// Computes a digest or, with a key, an HMAC.
///
/// The input is a string; anything else is taken as its JSON text.
#[weir_action::action(name = "hash", title = "Digest or HMAC", validate = check)]
pub fn hash(config: &Config, input: Value) -> Result<String> {
    let text = match input {
        Value::String(text) => text,
        other => other.to_string(),
    };
    let bytes = read(config.input_encoding, &text).map_err(|error| Error::invalid(format!("input: {error}")))?;
    let made = match &config.key {
        None => digest::plain(config.algorithm, &bytes),
        Some(key) => digest::keyed(config.algorithm, &key_of(config, key)?, &bytes),
    };
    if let Some(expected) = &config.expected {
        let expected = read(config.encoding, expected.trim());
        let expected = expected.map_err(|error| Error::failed(format!("the expected digest: {error}")))?;
        if !digest::same(&made, &expected) {
            return Err(Error::failed("the digest is not the expected one"));
        }
    }
    Ok(write(config.encoding, &made))
}

fn key_of(config: &Config, key: &str) -> Result<Vec<u8>> {
    read(config.key_encoding, key).map_err(|error| Error::invalid(format!("`key`: {error}")))
}

/// What the schema cannot say of settings.
fn check(config: &Config) -> Result<(), Error> {
    if config.encoding == Encoding::Text {
        return Err(Error::invalid("`encoding` is `text`, but a digest is no text: `hex`, `base64` or `base64url`"));
    }
    config.key.as_deref().map(|key| key_of(config, key)).transpose().map(drop)
}

fn read(encoding: Encoding, text: &str) -> Result<Vec<u8>, String> {
    match encoding {
        Encoding::Text => Ok(text.as_bytes().to_vec()),
        Encoding::Hex => from_hex(text).ok_or_else(|| "it is not hexadecimal".to_owned()),
        Encoding::Base64 => STANDARD.decode(text).map_err(|error| format!("it is not base64: {error}")),
        Encoding::Base64Url => {
            URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).map_err(|error| format!("it is not base64url: {error}"))
        }
    }
}

fn write(encoding: Encoding, bytes: &[u8]) -> String {
    match encoding {
        // `check` refuses text; settings from templates come here unchecked and get what is usual.
        Encoding::Hex | Encoding::Text => bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
        Encoding::Base64 => STANDARD.encode(bytes),
        Encoding::Base64Url => URL_SAFE_NO_PAD.encode(bytes),
    }
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits = text.chars().map(|digit| digit.to_digit(16)).collect::<Option<Vec<_>>>()?;
    let pairs = digits.chunks(2).map(|pair| match *pair {
        [high, low] => u8::try_from(high * 16 + low).ok(),
        _ => None,
    });
    pairs.collect()
}

#[cfg(test)]
mod tests {
    use weir_action::serde_json::json;
    use weir_action::testing;

    use super::*;

    fn run(config: Value, input: Value) -> Result<String, String> {
        let ran = testing::run::<hash>(&config, &input).map_err(|error| error.to_string())?;
        Ok(ran.value.as_str().unwrap().to_owned())
    }

    /// FIPS 180-4, FIPS 202 and RFC 1321: the digests of "abc".
    #[test]
    fn published_digests() {
        for (algorithm, digest) in [
            ("md5", "900150983cd24fb0d6963f7d28e17f72"),
            ("sha1", "a9993e364706816aba3e25717850c26c9cd0d89d"),
            ("sha256", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            ("sha3-256", "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532"),
        ] {
            assert_eq!(run(json!({ "algorithm": algorithm }), json!("abc")).unwrap(), digest);
        }
        assert!(run(json!({ "algorithm": "sha512" }), json!("abc")).unwrap().starts_with("ddaf35a193617aba"));
        assert!(run(json!({ "algorithm": "sha384" }), json!("abc")).unwrap().starts_with("cb00753f45a35e8b"));
        assert!(run(json!({ "algorithm": "sha3-512" }), json!("abc")).unwrap().starts_with("b751850b1a57168a"));
        assert_eq!(run(json!({}), json!({})).unwrap(), run(json!({}), json!("{}")).unwrap(), "JSON text, SHA-256");
    }

    /// RFC 4231, test case 2.
    #[test]
    fn published_hmac_in_every_writing() {
        let hex = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        let input = json!("what do ya want for nothing?");
        assert_eq!(run(json!({ "key": "Jefe" }), input.clone()).unwrap(), hex);
        let config = json!({ "key": "SmVmZQ==", "key_encoding": "base64", "encoding": "base64url" });
        assert_eq!(run(config, input.clone()).unwrap(), "W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM");
        assert!(run(json!({ "key": "Jefe", "expected": hex.to_uppercase() }), input.clone()).is_ok());
        let other = run(json!({ "key": "Jefe", "expected": "00" }), input).unwrap_err();
        assert_eq!(other, "the digest is not the expected one");
    }

    #[test]
    fn mistakes_are_named() {
        assert_eq!(run(json!({ "input_encoding": "hex" }), json!("abc")).unwrap_err(), "input: it is not hexadecimal");
        assert!(testing::check::<hash>(&json!({ "encoding": "text" }))[0].contains("a digest is no text"));
        assert!(testing::check::<hash>(&json!({ "key": "!", "key_encoding": "base64" }))[0].starts_with("`key`: "));
    }
}
