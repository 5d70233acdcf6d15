//! The mail services: where each listens, how it wants its key, and how it spells a mail. A new one is one variant here.

use weir_action::Value;
use weir_action::serde_json::{Map, json};

use crate::Config;

/// A mail service.
#[weir_action::data]
#[derive(Copy, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum Service {
    /// Resend.
    Resend,
    /// Postmark.
    Postmark,
    /// Twilio SendGrid.
    Sendgrid,
}

impl Service {
    pub(crate) const fn url(self) -> &'static str {
        match self {
            Self::Resend => "https://api.resend.com/emails",
            Self::Postmark => "https://api.postmarkapp.com/email",
            Self::Sendgrid => "https://api.sendgrid.com/v3/mail/send",
        }
    }

    /// The header that holds the key.
    pub(crate) fn credentials(self, key: &str) -> (&'static str, String) {
        match self {
            Self::Postmark => ("x-postmark-server-token", key.to_owned()),
            Self::Resend | Self::Sendgrid => ("authorization", format!("Bearer {key}")),
        }
    }

    /// The id that it gave the mail.
    pub(crate) fn id(self, answer: &Value) -> Option<String> {
        let name = match self {
            Self::Resend => "id",
            Self::Postmark => "MessageID",
            Self::Sendgrid => return None,
        };
        answer.get(name)?.as_str().map(str::to_owned)
    }

    /// The mail as it spells it.
    pub(crate) fn mail(self, config: &Config) -> Value {
        match self {
            Self::Resend => resend(config),
            Self::Postmark => postmark(config),
            Self::Sendgrid => sendgrid(config),
        }
    }
}

/// An object of what there is: empty lists and nulls are left out.
fn some(entries: impl IntoIterator<Item = (&'static str, Value)>) -> Value {
    let there =
        |value: &Value| !value.is_null() && value.as_array().is_none_or(|list| !list.is_empty()) && *value != "";
    Value::Object(entries.into_iter().filter(|(_, v)| there(v)).map(|(k, v)| (k.to_owned(), v)).collect::<Map<_, _>>())
}

fn resend(config: &Config) -> Value {
    some([
        ("from", json!(config.from)),
        ("to", json!(config.to)),
        ("cc", json!(config.cc)),
        ("bcc", json!(config.bcc)),
        ("reply_to", json!(config.reply_to)),
        ("subject", json!(config.subject)),
        ("text", json!(config.text)),
        ("html", json!(config.html)),
    ])
}

fn postmark(config: &Config) -> Value {
    some([
        ("From", json!(config.from)),
        ("To", json!(config.to.join(", "))),
        ("Cc", json!(config.cc.join(", "))),
        ("Bcc", json!(config.bcc.join(", "))),
        ("ReplyTo", json!(config.reply_to)),
        ("Subject", json!(config.subject)),
        ("TextBody", json!(config.text)),
        ("HtmlBody", json!(config.html)),
    ])
}

fn sendgrid(config: &Config) -> Value {
    let all = |addresses: &[String]| Value::from(addresses.iter().map(|one| address(one)).collect::<Vec<_>>());
    let people = some([("to", all(&config.to)), ("cc", all(&config.cc)), ("bcc", all(&config.bcc))]);
    let content = [("text/plain", &config.text), ("text/html", &config.html)];
    let content =
        content.into_iter().filter_map(|(kind, value)| Some(json!({ "type": kind, "value": value.as_ref()? })));
    some([
        ("personalizations", json!([people])),
        ("from", address(&config.from)),
        ("reply_to", config.reply_to.as_deref().map(address).unwrap_or_default()),
        ("subject", json!(config.subject)),
        ("content", Value::from(content.collect::<Vec<_>>())),
    ])
}

/// `Name <address>` as its two parts.
fn address(text: &str) -> Value {
    match text.trim().strip_suffix('>').and_then(|text| text.rsplit_once('<')) {
        Some((name, address)) if !name.trim().is_empty() => {
            json!({ "email": address.trim(), "name": name.trim().trim_matches('"') })
        }
        Some((_, address)) => json!({ "email": address.trim() }),
        None => json!({ "email": text.trim() }),
    }
}
