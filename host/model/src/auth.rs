//! Who may call a hook, as its flow's author says it: credentials or a signature, and the names of the secrets that they
//! are checked with. It holds no secret and checks no request.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{SecretName, SignedText, Span};

/// Who may call a hook.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Auth {
    /// Everybody who knows the key.
    None,
    /// Who knows a user's password (RFC 7617).
    Basic(BasicDef),
    /// Who has a bearer token (RFC 6750).
    Bearer(SecretNames),
    /// Who sends a secret in a header.
    Header(HeaderDef),
    /// Who signs the body.
    Signature(Box<SignatureDef>),
}

impl Auth {
    /// The secrets that it names, each with its place below `auth` as a JSON Pointer.
    pub fn secrets(&self) -> Vec<(String, &SecretName)> {
        let (place, names) = match self {
            Self::None => return Vec::new(),
            Self::Basic(basic) => ("/basic/password", &basic.password),
            Self::Bearer(names) => ("/bearer", names),
            Self::Header(header) => ("/header/value", &header.value),
            Self::Signature(signature) => ("/signature/secret", &signature.secret),
        };
        match names {
            SecretNames::One(name) => vec![(place.to_owned(), name)],
            SecretNames::Several(names) => {
                names.iter().enumerate().map(|(index, name)| (format!("{place}/{index}"), name)).collect()
            }
        }
    }

    /// The request header that carries the caller's secret; none where no header does. Nobody else needs to see it.
    pub fn secret_header(&self) -> Option<&str> {
        match self {
            Self::Basic(_) | Self::Bearer(_) => Some("authorization"),
            Self::Header(header) => Some(&header.name),
            Self::None | Self::Signature(_) => None,
        }
    }
}

/// A secret, or several of which each is taken while one follows another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum SecretNames {
    /// One.
    One(SecretName),
    /// Several.
    Several(Vec<SecretName>),
}

impl SecretNames {
    /// All of them.
    pub fn as_slice(&self) -> &[SecretName] {
        match self {
            Self::One(name) => std::slice::from_ref(name),
            Self::Several(names) => names,
        }
    }
}

/// A user and a password.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BasicDef {
    /// The user's name; not a secret.
    pub user: String,
    /// The password.
    pub password: SecretNames,
}

/// A header that must have a secret value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeaderDef {
    /// The header's name in lower case.
    pub name: String,
    /// Its value.
    pub value: SecretNames,
}

/// How a sender signs what it delivers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignatureDef {
    /// Whose way of signing.
    pub scheme: Scheme,
    /// The secrets.
    pub secret: SecretNames,
    /// How old a signed time may be, and how far ahead; 5 m where nothing is said.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub tolerance: Option<Span>,
    /// Whether a delivery that came before is refused; the scheme says it where nothing is said.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub replay: Option<bool>,
    /// Of `generic`: the header with the signature.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub header: Option<String>,
    /// Of `generic`: the hash function of the HMAC; SHA-256 where nothing is said.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub algorithm: Option<Algorithm>,
    /// Of `generic`: how the signature is written; hexadecimal where nothing is said.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub encoding: Option<Encoding>,
    /// Of `generic`: what stands before the signature, such as `sha256=`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub prefix: Option<String>,
    /// Of `generic`: the header with the time in seconds or milliseconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub timestamp_header: Option<String>,
    /// Of `generic`: what is signed, such as `{timestamp}.{body}`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub template: Option<SignedText>,
}

impl SignatureDef {
    /// How old a signed time may be where nothing is said.
    pub const TOLERANCE: Span = Span::from_millis(5 * 60 * 1_000);

    /// Whether what is signed says when it was signed.
    pub fn is_timed(&self) -> bool {
        self.scheme.info().is_timed || self.timestamp_header.is_some()
    }

    /// Whether a delivery that came before is refused.
    pub fn refuses_replays(&self) -> bool {
        self.replay.unwrap_or(self.scheme.info().refuses_replays)
    }
}

/// The hash function of an HMAC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Algorithm {
    /// SHA-1, for senders who know nothing better; in an HMAC it is not broken.
    Sha1,
    /// SHA-256.
    #[default]
    Sha256,
    /// SHA-512.
    Sha512,
}

/// How a signature is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Encoding {
    /// Hexadecimal.
    #[default]
    Hex,
    /// Base64 with padding.
    Base64,
}

/// What the definition needs to know of a scheme; vault knows how its signatures are made.
#[derive(Debug, PartialEq, Eq)]
pub struct SchemeInfo {
    /// Its name.
    pub name: &'static str,
    /// The header that its signature comes in.
    pub header: &'static str,
    /// Whether the time is signed too.
    pub is_timed: bool,
    /// Whether a delivery that came before is refused where the flow does not say.
    pub refuses_replays: bool,
}

/// A way of signing that senders use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scheme(&'static SchemeInfo);

const fn scheme(name: &'static str, header: &'static str, is_timed: bool, refuses_replays: bool) -> SchemeInfo {
    SchemeInfo { name, header, is_timed, refuses_replays }
}

impl Scheme {
    /// All of them, one a line: name, header, whether the time is signed, whether replays are refused by default.
    pub const ALL: &[SchemeInfo] = &[
        scheme("standard-webhooks", "webhook-signature", true, true),
        scheme("github", "x-hub-signature-256", false, false),
        scheme("stripe", "stripe-signature", true, false),
        scheme("slack", "x-slack-signature", true, false),
        scheme("shopify", "x-shopify-hmac-sha256", false, false),
        scheme(Self::GENERIC, "", false, false),
    ];

    /// The scheme whose details the flow gives.
    pub const GENERIC: &str = "generic";

    /// The scheme of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|info| info.name == name).map(Self)
    }

    /// Its name.
    pub const fn name(self) -> &'static str {
        self.0.name
    }

    /// What is known of it.
    pub const fn info(self) -> &'static SchemeInfo {
        self.0
    }
}

impl Serialize for Scheme {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Scheme {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        Self::named(&name).ok_or_else(|| serde::de::Error::custom("there is no such scheme of signatures"))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_an_author_says_survives_its_json_and_names_its_secrets() {
        let cases = [
            (json!("none"), vec![], None),
            (json!({ "basic": { "user": "crm", "password": "P" } }), vec!["/basic/password P"], Some("authorization")),
            (json!({ "bearer": ["A", "B"] }), vec!["/bearer/0 A", "/bearer/1 B"], Some("authorization")),
            (json!({ "header": { "name": "x-key", "value": "K" } }), vec!["/header/value K"], Some("x-key")),
            (
                json!({ "signature": { "scheme": "generic", "secret": ["S"], "tolerance": "1m", "replay": true,
                    "header": "x-signature", "algorithm": "sha1", "encoding": "base64", "prefix": "v1=",
                    "timestamp_header": "x-time", "template": "{timestamp}.{body}" } }),
                vec!["/signature/secret/0 S"],
                None,
            ),
        ];
        for (text, secrets, header) in cases {
            let auth: Auth = serde_json::from_value(text.clone()).unwrap();
            assert_eq!(serde_json::to_value(&auth).unwrap(), text);
            let named: Vec<String> = auth.secrets().iter().map(|(place, name)| format!("{place} {name}")).collect();
            assert_eq!((named, auth.secret_header()), (secrets.into_iter().map(str::to_owned).collect(), header));
        }
        for wrong in [json!({ "signature": { "scheme": "rot13", "secret": "S" } }), json!({ "bearer": "lower" })] {
            assert!(serde_json::from_value::<Auth>(wrong).is_err());
        }
    }
}
