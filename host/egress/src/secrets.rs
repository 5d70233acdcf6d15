//! Secrets on the wire: stand-ins become values in what is sent, and values become stand-ins in what comes back. It keeps
//! no value longer than one exchange.

use std::fmt;

use http::{HeaderMap, HeaderValue};
use memchr::memmem;

use crate::{EgressError, HostPattern};

/// What every stand-in starts with.
const PREFIX: &str = "weir-secret-";
/// Characters after it.
const LENGTH: usize = 26;

/// Values shorter than this are not looked for in answers: they would be found everywhere.
const SHORTEST: usize = 4;

/// Who knows what a stand-in stands for.
pub trait Secrets: Send + Sync {
    /// The secret behind a stand-in; none where it stands for nothing here.
    fn open(&self, placeholder: &str) -> Option<OpenSecret>;
}

/// Nobody.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoSecrets;

impl Secrets for NoSecrets {
    fn open(&self, _placeholder: &str) -> Option<OpenSecret> {
        None
    }
}

/// A secret with its value.
pub struct OpenSecret {
    /// Its name, for messages.
    pub name: String,
    /// The value.
    pub value: Box<dyn AsRef<str> + Send + Sync>,
    /// Where it may be sent.
    pub hosts: Vec<HostPattern>,
}

impl fmt::Debug for OpenSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OpenSecret({})", self.name)
    }
}

/// How a value is written where a stand-in was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// As it is.
    Plain,
    /// Within a JSON string.
    Json,
    /// Within a URL or a form.
    Percent,
}

/// The swap of one exchange.
pub(crate) struct Swap<'a> {
    secrets: &'a dyn Secrets,
    /// What was put in, in each form it was sent in, and its stand-in.
    sent: Vec<(Vec<u8>, String)>,
}

impl<'a> Swap<'a> {
    pub(crate) const fn new(secrets: &'a dyn Secrets) -> Self {
        Self { secrets, sent: Vec::new() }
    }

    /// The text with values for stand-ins; none where there are no stand-ins in it.
    pub(crate) fn fill(
        &mut self,
        text: &[u8],
        form: Form,
        host: &str,
        port: u16,
    ) -> Result<Option<Vec<u8>>, EgressError> {
        let mut filled = Vec::new();
        let mut copied = 0;
        for at in memmem::find_iter(text, PREFIX) {
            let end = at + PREFIX.len() + LENGTH;
            let placeholder = text.get(at..end).and_then(|bytes| std::str::from_utf8(bytes).ok());
            let Some(placeholder) = placeholder.filter(|_| at >= copied) else { continue };
            let Some(secret) = self.secrets.open(placeholder) else { continue };
            if !secret.hosts.iter().any(|pattern| pattern.matches(host, port)) {
                return Err(EgressError::Secret { secret: secret.name, host: host.to_owned() });
            }
            let value = (*secret.value).as_ref();
            let written = written(value, form);
            filled.extend_from_slice(text.get(copied..at).unwrap_or_default());
            filled.extend_from_slice(&written);
            copied = end;
            self.remember(value, placeholder);
        }
        if copied == 0 {
            return Ok(None);
        }
        filled.extend_from_slice(text.get(copied..).unwrap_or_default());
        Ok(Some(filled))
    }

    /// Notes something that was sent and stands for this text, such as encoded credentials.
    pub(crate) fn also(&mut self, sent: Vec<u8>, stand_in: String) {
        if sent.len() >= SHORTEST && !self.sent.iter().any(|(known, _)| *known == sent) {
            self.sent.push((sent, stand_in));
        }
    }

    fn remember(&mut self, value: &str, placeholder: &str) {
        for form in [Form::Plain, Form::Json, Form::Percent] {
            self.also(written(value, form), placeholder.to_owned());
        }
        // The longest first, so that no part of a value is left where another value is within it.
        self.sent.sort_by_key(|(value, _)| std::cmp::Reverse(value.len()));
    }

    /// Whether anything was put in.
    pub(crate) const fn is_idle(&self) -> bool {
        self.sent.is_empty()
    }

    /// The bytes with stand-ins for what was sent; none where nothing of it is in them.
    pub(crate) fn scrub(&self, bytes: &[u8], is_cut: bool) -> Option<Vec<u8>> {
        let mut clean: Option<Vec<u8>> = None;
        for (value, placeholder) in &self.sent {
            let text = clean.as_deref().unwrap_or(bytes);
            let mut parts = memmem::find_iter(text, value).peekable();
            if parts.peek().is_none() {
                continue;
            }
            let mut next = Vec::with_capacity(text.len());
            let mut copied = 0;
            for at in parts {
                next.extend_from_slice(text.get(copied..at).unwrap_or_default());
                next.extend_from_slice(placeholder.as_bytes());
                copied = at + value.len();
            }
            next.extend_from_slice(text.get(copied..).unwrap_or_default());
            clean = Some(next);
        }
        if is_cut {
            clean = self.without_begun(clean.as_deref().unwrap_or(bytes)).or(clean);
        }
        clean
    }

    /// What was cut may end in the beginning of a value.
    fn without_begun(&self, text: &[u8]) -> Option<Vec<u8>> {
        let begun = |value: &Vec<u8>| {
            (1..value.len()).rev().find(|length| value.get(..*length).is_some_and(|start| text.ends_with(start)))
        };
        let longest = self.sent.iter().filter_map(|(value, _)| begun(value)).max()?;
        text.get(..text.len() - longest).map(<[u8]>::to_vec)
    }

    /// Takes values out of headers.
    pub(crate) fn scrub_headers(&self, headers: &mut HeaderMap) {
        for value in headers.values_mut() {
            if let Some(clean) = self.scrub(value.as_bytes(), false) {
                *value = HeaderValue::from_bytes(&clean).unwrap_or(HeaderValue::from_static("[redacted]"));
            }
        }
    }
}

fn written(value: &str, form: Form) -> Vec<u8> {
    match form {
        Form::Plain => value.as_bytes().to_vec(),
        Form::Json => {
            let quoted = serde_json::Value::from(value).to_string();
            quoted.get(1..quoted.len() - 1).unwrap_or_default().as_bytes().to_vec()
        }
        Form::Percent => form_urlencoded::byte_serialize(value.as_bytes())
            .flat_map(|part| part.replace('+', "%20").into_bytes())
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "weir-secret-abcdefghijklmnopqrstuvwxyz";

    struct One(&'static str);

    impl Secrets for One {
        fn open(&self, placeholder: &str) -> Option<OpenSecret> {
            let hosts = vec!["api.example".parse().unwrap()];
            (placeholder == KEY).then(|| OpenSecret { name: "KEY".into(), value: Box::new(self.0), hosts })
        }
    }

    #[test]
    fn values_go_out_in_the_form_of_their_place_and_come_back_as_stand_ins() {
        let secrets = One("s3\"cr et&");
        let mut swap = Swap::new(&secrets);
        let mut fill = |text: &str, form| {
            let filled = swap.fill(text.as_bytes(), form, "api.example", 443).unwrap();
            filled.map(|filled| String::from_utf8(filled).unwrap())
        };
        assert_eq!(fill(&format!("Bearer {KEY}."), Form::Plain).unwrap(), "Bearer s3\"cr et&.");
        assert_eq!(fill(&format!("{{\"k\":\"{KEY}{KEY}\"}}"), Form::Json).unwrap(), r#"{"k":"s3\"cr et&s3\"cr et&"}"#);
        assert_eq!(fill(&format!("?k={KEY}&l=1"), Form::Percent).unwrap(), "?k=s3%22cr%20et%26&l=1");
        assert_eq!(fill("weir-secret-short weir-secret-zzzzzzzzzzzzzzzzzzzzzzzzzz", Form::Plain), None);

        let answer = br#"you sent s3"cr et& and s3\"cr et& and s3%22cr%20et%26"#;
        let clean = swap.scrub(answer, false).unwrap();
        assert_eq!(String::from_utf8(clean).unwrap(), format!("you sent {KEY} and {KEY} and {KEY}"));
        assert_eq!(swap.scrub(b"nothing of it", false), None);
        assert_eq!(swap.scrub(b"cut off in the middle: s3\"cr", true).unwrap(), b"cut off in the middle: ");
    }

    #[test]
    fn a_secret_goes_nowhere_but_to_its_hosts() {
        let secrets = One("value");
        let mut swap = Swap::new(&secrets);
        let refused = swap.fill(KEY.as_bytes(), Form::Plain, "evil.example", 443);
        assert_eq!(refused, Err(EgressError::Secret { secret: "KEY".into(), host: "evil.example".into() }));
        assert!(swap.is_idle());
    }
}
