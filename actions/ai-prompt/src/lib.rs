//! The standard action `ai-prompt`: one question to a language model, by the chat completions that most servers of models
//! speak. It keeps no key: what it sends is a stand-in.

#![forbid(unsafe_code)]

mod reply;

use weir_action::serde_json::json;
use weir_action::{Result, Value, http, log};

use reply::Reply;

/// Where the question goes where nothing else is said.
const URL: &str = "https://api.openai.com/v1/chat/completions";

/// The question, and who is asked.
#[weir_action::data]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The endpoint: any that speaks OpenAI's chat completions, such as `http://models.internal:11434/v1/chat/completions`.
    #[serde(default = "url")]
    pub url: String,
    /// The key, such as `{{ secrets.OPENAI_KEY }}`; servers of one's own often want none.
    #[serde(default)]
    pub key: Option<String>,
    /// The model's name.
    pub model: String,
    /// What the model is told first: who it is and how it answers.
    #[serde(default)]
    pub system: Option<String>,
    /// The question.
    pub prompt: String,
    /// Earlier messages, each with `role` and `content`, the oldest first.
    #[serde(default)]
    pub history: Vec<Value>,
    /// Whether the answer is to be a JSON object.
    #[serde(default)]
    pub json: bool,
    /// A JSON Schema that the answer is to follow; it implies `json`.
    #[serde(default)]
    pub schema: Option<Value>,
    /// How free the answer is: 0 is the least.
    #[serde(default)]
    pub temperature: Option<f64>,
    /// Tokens that the answer may have.
    #[serde(default)]
    pub max_tokens: Option<u32>,
}

fn url() -> String {
    URL.to_owned()
}

/// The answer.
#[weir_action::data]
#[derive(PartialEq)]
pub struct Answered {
    /// Its text.
    pub text: String,
    /// The text read as JSON, where that was asked for; null otherwise.
    pub json: Value,
    /// Why it ended: `stop`, `length` and others.
    pub finish_reason: String,
    /// The model that answered.
    pub model: String,
    /// What it used.
    pub usage: Usage,
}

/// Tokens used.
#[weir_action::data]
#[derive(Default, PartialEq)]
#[serde(default)]
pub struct Usage {
    /// Of the question.
    pub prompt_tokens: u64,
    /// Of the answer.
    pub completion_tokens: u64,
    /// Of both.
    pub total_tokens: u64,
}

/// Asks a language model and hands on what it says.
#[weir_action::action(name = "ai-prompt", title = "AI prompt", capabilities(http("*", "POST")))]
pub fn ai_prompt(config: &Config) -> Result<Answered> {
    let mut request = http::post(&config.url).json(&question(config));
    if let Some(key) = config.key.as_deref().filter(|key| !key.is_empty()) {
        request = request.header("authorization", &format!("Bearer {key}"));
    }
    let answered = Reply::read(request.send()?)?.answered(config.json || config.schema.is_some())?;
    let Usage { prompt_tokens, completion_tokens, total_tokens } = answered.usage;
    let fields = json!({
        "model": answered.model,
        "prompt_tokens": prompt_tokens,
        "completion_tokens": completion_tokens,
        "total_tokens": total_tokens,
    });
    log::write_with(log::Level::Info, "The model answered.", &fields);
    Ok(answered)
}

/// The request's body.
fn question(config: &Config) -> Value {
    let mut messages = Vec::with_capacity(config.history.len() + 2);
    messages.extend(config.system.as_deref().map(|system| json!({ "role": "system", "content": system })));
    messages.extend(config.history.iter().cloned());
    messages.push(json!({ "role": "user", "content": config.prompt }));
    let mut body = json!({ "model": config.model, "messages": messages });
    if let Some(schema) = &config.schema {
        let schema = json!({ "name": "answer", "schema": schema });
        body["response_format"] = json!({ "type": "json_schema", "json_schema": schema });
    } else if config.json {
        body["response_format"] = json!({ "type": "json_object" });
    }
    if let Some(temperature) = config.temperature {
        body["temperature"] = json!(temperature);
    }
    if let Some(tokens) = config.max_tokens {
        body["max_tokens"] = json!(tokens);
    }
    body
}

#[cfg(test)]
mod tests {
    use weir_action::testing::{answer_http, response};

    use super::*;

    fn config(more: Value) -> Config {
        let mut all = json!({ "model": "small", "prompt": "Which one?", "key": "weir-secret-x" });
        all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        weir_action::serde_json::from_value(all).unwrap()
    }

    #[test]
    fn a_question_is_asked_and_its_answer_read_as_json() {
        answer_http(|request| {
            assert_eq!(request.url, URL);
            let body: Value = weir_action::serde_json::from_slice(request.body.as_deref().unwrap()).unwrap();
            assert_eq!(body["messages"][0], json!({ "role": "system", "content": "Be brief." }));
            assert_eq!(body["response_format"], json!({ "type": "json_object" }));
            Ok(response(
                200,
                r#"{"model":"small-1","choices":[{"message":{"content":"{\"pick\":2}"},"finish_reason":"stop"}],
                    "usage":{"prompt_tokens":7,"completion_tokens":3,"total_tokens":10}}"#,
            ))
        });
        let answered = ai_prompt(&config(json!({ "json": true, "system": "Be brief." }))).unwrap();
        assert_eq!((&answered.json, answered.usage.total_tokens), (&json!({ "pick": 2 }), 10));
        assert_eq!((answered.model.as_str(), answered.finish_reason.as_str()), ("small-1", "stop"));
    }

    #[test]
    fn what_is_no_answer_says_why() {
        let told = |status: u16, body: &'static str, more: Value| {
            answer_http(move |_| Ok(response(status, body)));
            ai_prompt(&config(more)).unwrap_err()
        };
        let refused = told(401, r#"{"error":{"message":"Incorrect API key"}}"#, json!({}));
        assert!(refused.to_string().contains("Incorrect API key") && !refused.is_retryable());
        assert!(told(429, r#"{"error":{"message":"slow down"}}"#, json!({})).is_retryable());
        let cut = r#"{"choices":[{"message":{"content":"{\"pick\""},"finish_reason":"length"}]}"#;
        assert!(told(200, cut, json!({ "json": true })).to_string().contains("max_tokens"));
        assert!(told(200, "{}", json!({})).to_string().contains("no answer"));
    }
}
