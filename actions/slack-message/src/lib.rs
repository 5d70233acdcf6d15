//! The standard action `slack-message`: one message to a channel, by Slack's Web API. It keeps no token: what it sends is
//! a stand-in.

#![forbid(unsafe_code)]

use std::time::Duration;

use weir_action::{Error, Result, Value, http};

/// Where Slack's method is.
const URL: &str = "https://slack.com/api/chat.postMessage";

/// What is posted, and where.
#[weir_action::data]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// A bot token with the scope `chat:write`, such as `{{ secrets.SLACK_TOKEN }}`; the secret allows slack.com.
    pub token: String,
    /// The channel's id or name, such as `C0123456789` or `#leads`.
    pub channel: String,
    /// The message; with `blocks`, what notifications show.
    pub text: String,
    /// Blocks of Slack's Block Kit.
    #[serde(default)]
    pub blocks: Option<Vec<Value>>,
    /// The `ts` of a message, to answer in its thread.
    #[serde(default)]
    pub thread_ts: Option<String>,
    /// Another endpoint that speaks the same.
    #[serde(default)]
    pub url: Option<String>,
}

/// The message as Slack took it.
#[weir_action::data]
#[derive(PartialEq)]
pub struct Posted {
    /// The channel's id.
    pub channel: String,
    /// The message's own id within the channel.
    pub ts: String,
}

/// What Slack answers.
#[weir_action::data]
struct Reply {
    ok: bool,
    #[serde(default)]
    error: Option<String>,
    #[serde(default)]
    channel: Option<String>,
    #[serde(default)]
    ts: Option<String>,
}

/// Posts a message to a Slack channel.
#[weir_action::action(name = "slack-message", title = "Slack message", capabilities(http("*", "POST")))]
pub fn slack_message(config: &Config) -> Result<Posted> {
    let mut message = weir_action::serde_json::json!({ "channel": config.channel, "text": config.text });
    if let Some(blocks) = &config.blocks {
        message["blocks"] = Value::from(blocks.clone());
    }
    if let Some(thread) = &config.thread_ts {
        message["thread_ts"] = Value::from(thread.as_str());
    }
    let request = http::post(config.url.as_deref().unwrap_or(URL))
        .header("authorization", &format!("Bearer {}", config.token))
        .json(&message);
    let reply: Reply = request.send()?.ok()?.json()?;
    if reply.ok {
        return Ok(Posted { channel: reply.channel.unwrap_or_default(), ts: reply.ts.unwrap_or_default() });
    }
    Err(refused(reply.error.as_deref().unwrap_or("unknown_error"), &config.channel))
}

/// What Slack's error means for whoever wrote the flow.
fn refused(error: &str, channel: &str) -> Error {
    let what_to_do = match error {
        "channel_not_found" => {
            format!("there is no channel {channel}, or the app may not see it: use the channel's id")
        }
        "not_in_channel" => format!("the app is not in {channel}: invite it there"),
        "invalid_auth" | "not_authed" | "account_inactive" | "token_revoked" | "token_expired" => {
            "the token does not open anything: make a new one and set the secret again".to_owned()
        }
        "missing_scope" => "the token lacks the scope chat:write: add it and install the app again".to_owned(),
        "msg_too_long" => "the text is too long for one message".to_owned(),
        "ratelimited" | "rate_limited" => {
            return Error::retryable("Slack takes no more messages for now").after(Duration::from_secs(1));
        }
        "internal_error" | "fatal_error" | "service_unavailable" | "request_timeout" => {
            return Error::retryable(format!("Slack failed: {error}"));
        }
        _ => "see this error at Slack's chat.postMessage".to_owned(),
    };
    Error::failed(format!("Slack refused the message ({error}): {what_to_do}"))
}

#[cfg(test)]
mod tests {
    use weir_action::testing::{answer_http, response};

    use super::*;

    fn config() -> Config {
        Config {
            token: "weir-secret-x".into(),
            channel: "#leads".into(),
            text: "hello".into(),
            blocks: None,
            thread_ts: Some("1.2".into()),
            url: None,
        }
    }

    #[test]
    fn a_message_is_posted_with_the_stand_in() {
        answer_http(|request| {
            assert_eq!((request.url.as_str(), request.method.as_str()), (URL, "POST"));
            assert!(request.headers.contains(&("authorization".into(), b"Bearer weir-secret-x".to_vec())));
            let body = String::from_utf8(request.body.clone().unwrap()).unwrap();
            assert_eq!(body, r##"{"channel":"#leads","text":"hello","thread_ts":"1.2"}"##);
            Ok(response(200, r#"{"ok":true,"channel":"C1","ts":"3.4"}"#))
        });
        assert_eq!(slack_message(&config()).unwrap(), Posted { channel: "C1".into(), ts: "3.4".into() });
    }

    #[test]
    fn refusals_say_what_to_do_and_limits_are_tried_again() {
        let told = |body: &'static str| {
            answer_http(move |_| Ok(response(200, body)));
            slack_message(&config()).unwrap_err()
        };
        let error = told(r#"{"ok":false,"error":"not_in_channel"}"#);
        assert!(error.to_string().contains("invite it there") && !error.is_retryable());
        assert!(told(r#"{"ok":false,"error":"ratelimited"}"#).is_retryable());
        answer_http(|_| Ok(response(503, "")));
        assert!(slack_message(&config()).unwrap_err().is_retryable());
    }
}
