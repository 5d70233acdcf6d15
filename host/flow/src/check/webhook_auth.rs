//! Checks who may call a hook: credentials, and the addresses that calls come from. It reads names of secrets; whether
//! there are such secrets is the catalog's to know. No message shows what stands where a secret's name should.

use serde_json::Value;
use weir_model::{Auth, BasicDef, HeaderDef, Network, SecretName, SecretNames};

use super::near::instead;
use super::shape::{Part, Report, what};
use super::webhook::is_token;

pub(super) const AUTH: &str = "WEIR-FLOW-AUTH";
const ALLOW: &str = "WEIR-FLOW-ALLOW";
const KINDS: &[&str] = &["none", "basic", "bearer", "header", "signature"];
/// Secrets that are taken at a time.
const MOST_SECRETS: usize = 8;
/// Blocks of addresses of one hook.
const MOST_NETWORKS: usize = 256;
const MOST_USER: usize = 255;

impl Report<'_> {
    pub(super) fn auth(&mut self, part: &Part<'_>) -> Option<Auth> {
        let value = Self::given(part, "auth")?;
        let Some(map) = value.as_object() else {
            return self.auth_by_name(part, value);
        };
        let auth = Part { map, path: part.at("auth"), step: None };
        let mut keys = map.keys();
        let (Some(kind), None) = (keys.next(), keys.next()) else {
            let message = format!(
                "`auth` has {} keys and needs one that says how callers are known: {}",
                map.len(),
                instead("", KINDS.iter().copied())
            );
            self.error(AUTH, part, "auth", message);
            return None;
        };
        match kind.as_str() {
            "basic" => self.basic(&auth).map(Auth::Basic),
            "bearer" => self.secrets(&auth, "bearer").map(Auth::Bearer),
            "header" => self.header(&auth).map(Auth::Header),
            "signature" => self.signature(&auth).map(|signature| Auth::Signature(Box::new(signature))),
            "none" => {
                self.error(AUTH, &auth, "none", "`none` has no settings: write `auth: none`".to_owned());
                None
            }
            other => {
                self.error(AUTH, &auth, other, unknown(other));
                None
            }
        }
    }

    fn auth_by_name(&mut self, part: &Part<'_>, value: &Value) -> Option<Auth> {
        match value.as_str() {
            Some("none") => return Some(Auth::None),
            Some(name) if KINDS.contains(&name) => {
                let message = format!("`{name}` needs settings: write `auth: {{ {name}: … }}`");
                self.error(AUTH, part, "auth", message);
            }
            Some(name) => self.error(AUTH, part, "auth", unknown(name)),
            None => {
                let message = format!(
                    "`auth` is {}: write `none`, or how callers are known, such as `auth: {{ bearer: API_KEY }}`",
                    what(value)
                );
                self.error(AUTH, part, "auth", message);
            }
        }
        None
    }

    fn basic(&mut self, auth: &Part<'_>) -> Option<BasicDef> {
        let part = self.object(auth, "basic")?;
        self.known(&part, &["user", "password"]);
        if Self::given(&part, "user").is_none() {
            self.missing(&part, "user", "write the name that callers send, such as `user: crm`");
        }
        let user = self.text(&part, "user");
        let is_sound =
            |user: &&str| (1..=MOST_USER).contains(&user.len()) && !user.contains([':', '\r', '\n', '\t', '\0']);
        if user.is_some_and(|user| !is_sound(&user)) {
            let message = "a user's name has 1 to 255 bytes and no colon (RFC 7617): write another".to_owned();
            self.error(AUTH, &part, "user", message);
        }
        let password = self.secrets(&part, "password");
        Some(BasicDef { user: user.filter(is_sound)?.to_owned(), password: password? })
    }

    fn header(&mut self, auth: &Part<'_>) -> Option<HeaderDef> {
        let part = self.object(auth, "header")?;
        self.known(&part, &["name", "value"]);
        let name = self.header_name(&part, "name", "write the header that callers send, such as `name: x-api-key`");
        let value = self.secrets(&part, "value");
        Some(HeaderDef { name: name?, value: value? })
    }

    /// The name of a header that must be given, in lower case.
    pub(super) fn header_name(&mut self, part: &Part<'_>, key: &str, hint: &str) -> Option<String> {
        if Self::given(part, key).is_none() {
            self.missing(part, key, hint);
        }
        let name = self.text(part, key)?;
        if !is_token(name) {
            self.error(AUTH, part, key, format!("`{key}` is no header name: write one such as `x-signature`"));
            return None;
        }
        Some(name.to_ascii_lowercase())
    }

    /// The names of one secret or several, which must be given.
    pub(super) fn secrets(&mut self, part: &Part<'_>, key: &str) -> Option<SecretNames> {
        let hint = "write the name of a secret, such as API_KEY, or a list while one follows another";
        match Self::given(part, key) {
            None => {
                self.missing(part, key, hint);
                None
            }
            Some(Value::String(text)) => {
                let name = SecretName::new(text).ok();
                if name.is_none() {
                    self.error(AUTH, part, key, no_name(key));
                }
                name.map(SecretNames::One)
            }
            Some(Value::Array(items)) => {
                if items.is_empty() || items.len() > MOST_SECRETS {
                    let message = format!("`{key}` lists {} secrets: write 1 to {MOST_SECRETS}", items.len());
                    self.error(AUTH, part, key, message);
                    return None;
                }
                let mut names = Vec::with_capacity(items.len());
                for (index, item) in items.iter().enumerate() {
                    match item.as_str().and_then(|text| SecretName::new(text).ok()) {
                        Some(name) => names.push(name),
                        None => self.item(part, key, index, AUTH, no_name(key)),
                    }
                }
                (names.len() == items.len()).then_some(SecretNames::Several(names))
            }
            Some(other) => {
                self.error(AUTH, part, key, format!("`{key}` is {}: {hint}", what(other)));
                None
            }
        }
    }

    pub(super) fn allow(&mut self, part: &Part<'_>) -> Option<Vec<Network>> {
        let texts = self.texts(part, "allow")?;
        if texts.is_empty() || texts.len() > MOST_NETWORKS {
            let message = format!(
                "`allow` lists {} blocks of addresses: write 1 to {MOST_NETWORKS}, or leave it out to take calls from \
                 everywhere",
                texts.len()
            );
            self.error(ALLOW, part, "allow", message);
        }
        let mut networks = Vec::with_capacity(texts.len());
        for (index, text) in texts {
            match text.parse::<Network>() {
                Ok(network) => networks.push(network),
                Err(error) => self.item(part, "allow", index, ALLOW, error.to_string()),
            }
        }
        Some(networks)
    }
}

fn unknown(kind: &str) -> String {
    let shown: String = kind.chars().take(40).collect();
    format!("`{shown}` is no way to know callers: {}", instead(kind, KINDS.iter().copied()))
}

/// What stands there may be the secret itself, so it is not repeated.
fn no_name(key: &str) -> String {
    format!(
        "`{key}` is not a secret's name: secrets are named in capital letters, digits and `_`, such as API_KEY, and their \
         values are kept with `weir secret set NAME`, never in a definition"
    )
}
