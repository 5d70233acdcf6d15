//! What a server of models answers, and what is wrong with it. It sends nothing.

use weir_action::http::Response;
use weir_action::serde_json::{from_str, json};
use weir_action::{Error, Result, Value};

use crate::{Answered, Usage};

/// A chat completion, as far as it is read.
#[weir_action::data]
pub(crate) struct Reply {
    #[serde(default)]
    model: String,
    #[serde(default)]
    choices: Vec<Choice>,
    #[serde(default)]
    usage: Option<Usage>,
}

#[weir_action::data]
struct Choice {
    message: Message,
    #[serde(default)]
    finish_reason: Option<String>,
}

#[weir_action::data]
struct Message {
    #[serde(default)]
    content: Option<String>,
    #[serde(default)]
    refusal: Option<String>,
}

impl Reply {
    /// Reads an answer; one that is none says why in the server's own words.
    pub(crate) fn read(response: Response) -> Result<Self> {
        if (200..300).contains(&response.status()) {
            return response.json();
        }
        let status = response.status();
        let said: Option<String> = from_str::<Value>(&response.text()).ok().and_then(|body| {
            let error = body.get("error")?;
            error.get("message").unwrap_or(error).as_str().map(str::to_owned)
        });
        let Some(said) = said else { return response.ok()?.json() };
        let message = format!("the model's server answered {status}: {said}");
        if matches!(status, 408 | 409 | 425 | 429 | 500..=599) {
            let pause = response.header("retry-after").and_then(|text| text.trim().parse().ok());
            let error = Error::retryable(message);
            return Err(pause.map_or(error.clone(), |seconds| error.after(std::time::Duration::from_secs(seconds))));
        }
        Err(Error::failed(message).with(json!({ "status": status })))
    }

    /// The first answer of it.
    pub(crate) fn answered(self, wants_json: bool) -> Result<Answered> {
        let choice = self.choices.into_iter().next().ok_or_else(|| Error::failed("the model gave no answer"))?;
        if let Some(refusal) = choice.message.refusal.filter(|refusal| !refusal.is_empty()) {
            return Err(Error::failed(format!("the model refused: {refusal}")));
        }
        let text = choice.message.content.unwrap_or_default();
        let finish_reason = choice.finish_reason.unwrap_or_default();
        let json = match wants_json.then(|| from_str::<Value>(unfenced(&text))) {
            None => Value::Null,
            Some(Ok(json)) => json,
            Some(Err(_)) if finish_reason == "length" => {
                return Err(Error::failed("the answer was cut off before its JSON ended: raise `max_tokens`"));
            }
            Some(Err(error)) => {
                let message = format!("the answer is not JSON: {error}; ask for JSON in `system` or `prompt` too");
                return Err(Error::failed(message).with(json!({ "text": text })));
            }
        };
        Ok(Answered { text, json, finish_reason, model: self.model, usage: self.usage.unwrap_or_default() })
    }
}

/// The text within a fence of backticks, which models like to put around JSON.
fn unfenced(text: &str) -> &str {
    let text = text.trim();
    let Some(inner) = text.strip_prefix("```").and_then(|text| text.strip_suffix("```")) else { return text };
    inner.strip_prefix("json").unwrap_or(inner).trim()
}
