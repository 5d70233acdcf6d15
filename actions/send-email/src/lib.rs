//! The standard action `send-email`: one e-mail through the HTTP API of a mail service. What each service wants is in
//! `service`; nothing here speaks SMTP.

#![forbid(unsafe_code)]

mod service;

use weir_action::{Error, Result, Value, http};

use service::Service;

/// The mail, and who sends it.
#[weir_action::data]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The mail service whose API is called.
    pub service: Service,
    /// Its API key or server token, such as `{{ secrets.MAIL_KEY }}`.
    pub key: String,
    /// The sender, such as `Weir <weir@example.com>`; the service must know it.
    pub from: String,
    /// The recipients.
    pub to: Vec<String>,
    /// More recipients, whom all see.
    #[serde(default)]
    pub cc: Vec<String>,
    /// More recipients, whom nobody sees.
    #[serde(default)]
    pub bcc: Vec<String>,
    /// Where answers go.
    #[serde(default)]
    pub reply_to: Option<String>,
    /// The subject.
    pub subject: String,
    /// The text, for programs that show no HTML; one of both must be there.
    #[serde(default)]
    pub text: Option<String>,
    /// The page.
    #[serde(default)]
    pub html: Option<String>,
    /// Another endpoint of the same service, such as one in another region.
    #[serde(default)]
    pub url: Option<String>,
}

/// The mail as the service took it.
#[weir_action::data]
#[derive(PartialEq)]
pub struct Sent {
    /// The service's id of it, where it gives one.
    pub id: Option<String>,
}

/// Most recipients of one mail; the services draw the line between 50 and 1,000.
const MOST_RECIPIENTS: usize = 50;

/// What is wrong with the settings, as far as that is known before anything is sent.
pub fn check(config: &Config) -> Result<()> {
    if config.text.is_none() && config.html.is_none() {
        return Err(Error::invalid("there is neither `text` nor `html`: write one of them"));
    }
    if config.to.is_empty() {
        return Err(Error::invalid("`to` is empty: name a recipient"));
    }
    if config.to.len() + config.cc.len() + config.bcc.len() > MOST_RECIPIENTS {
        return Err(Error::invalid(format!("there are more than {MOST_RECIPIENTS} recipients: send several mails")));
    }
    let lines = [&config.from, &config.subject].into_iter().chain(&config.to).chain(&config.cc).chain(&config.bcc);
    if lines.chain(&config.reply_to).any(|line| line.contains(['\r', '\n'])) {
        return Err(Error::invalid("an address or the subject has a line break: take it out"));
    }
    Ok(())
}

/// Sends an e-mail through the API of a mail service.
#[weir_action::action(name = "send-email", title = "Send e-mail", capabilities(http("*", "POST")), validate = check)]
pub fn send_email(config: &Config) -> Result<Sent> {
    check(config)?;
    let url = config.url.as_deref().unwrap_or_else(|| config.service.url());
    let (name, value) = config.service.credentials(&config.key);
    let answer = http::post(url).header(name, &value).json(&config.service.mail(config)).send()?;
    if (200..300).contains(&answer.status()) {
        let body: Value = weir_action::serde_json::from_str(&answer.text()).unwrap_or_default();
        let id = config.service.id(&body).or_else(|| answer.header("x-message-id").map(str::to_owned));
        return Ok(Sent { id });
    }
    let said: String = answer.text().chars().take(500).collect();
    let status = answer.status();
    match answer.ok() {
        Err(error) if error.is_retryable() => Err(error),
        _ => Err(Error::failed(format!("the mail service refused the mail ({status}): {said}"))),
    }
}

#[cfg(test)]
mod tests {
    use weir_action::serde_json::{from_slice, from_value, json};
    use weir_action::testing::{answer_http, response};

    use super::*;

    fn config(service: &str) -> Config {
        let mail = json!({
            "service": service, "key": "weir-secret-x", "from": "Weir <weir@example.com>", "to": ["ann@example.com"],
            "cc": ["bob@example.com"], "subject": "Hello", "text": "Hi.", "html": "<p>Hi.</p>",
        });
        from_value(mail).unwrap()
    }

    #[test]
    fn each_service_gets_what_it_wants() {
        for (service, header, body, answer, id) in [
            (
                "resend",
                "authorization",
                json!({ "from": "Weir <weir@example.com>", "to": ["ann@example.com"], "cc": ["bob@example.com"],
                        "subject": "Hello", "text": "Hi.", "html": "<p>Hi.</p>" }),
                r#"{"id":"r1"}"#,
                Some("r1"),
            ),
            (
                "postmark",
                "x-postmark-server-token",
                json!({ "From": "Weir <weir@example.com>", "To": "ann@example.com", "Cc": "bob@example.com",
                        "Subject": "Hello", "TextBody": "Hi.", "HtmlBody": "<p>Hi.</p>" }),
                r#"{"MessageID":"p1"}"#,
                Some("p1"),
            ),
            (
                "sendgrid",
                "authorization",
                json!({ "personalizations": [{ "to": [{ "email": "ann@example.com" }], "cc": [{ "email": "bob@example.com" }] }],
                        "from": { "email": "weir@example.com", "name": "Weir" }, "subject": "Hello",
                        "content": [{ "type": "text/plain", "value": "Hi." }, { "type": "text/html", "value": "<p>Hi.</p>" }] }),
                "",
                None,
            ),
        ] {
            answer_http(move |request| {
                assert!(request.headers.iter().any(|(name, _)| name == header), "{service}");
                let sent: Value = from_slice(request.body.as_deref().unwrap()).unwrap();
                assert_eq!(sent, body, "{service}");
                Ok(response(200, answer))
            });
            assert_eq!(send_email(&config(service)).unwrap().id.as_deref(), id, "{service}");
        }
    }

    #[test]
    fn what_is_refused_says_so() {
        let mut bare = config("resend");
        (bare.text, bare.html) = (None, None);
        assert!(send_email(&bare).unwrap_err().is_invalid());
        let mut split = config("resend");
        split.subject = "Hello\r\nBcc: all@example.com".into();
        assert!(send_email(&split).unwrap_err().is_invalid());
        answer_http(|_| Ok(response(422, r#"{"message":"unknown sender"}"#)));
        let error = send_email(&config("resend")).unwrap_err();
        assert!(error.to_string().contains("unknown sender") && !error.is_retryable());
        answer_http(|_| Ok(response(429, "")));
        assert!(send_email(&config("resend")).unwrap_err().is_retryable());
    }
}
