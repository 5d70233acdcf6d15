//! JSON text in and out, typed, with errors that name the place. It must not decide what an error leads to.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::error::Category;

use crate::Error;

/// Reads `text` as a `T`. `what` names it in errors: "input at `lead.age`: invalid type: …".
pub(crate) fn read<T: DeserializeOwned>(what: &str, text: &str) -> Result<T, Error> {
    // Keeping track of the place costs an allocation per key, so it happens only once something is wrong.
    serde_json::from_str(text).or_else(|_| read_again(what, text))
}

#[cold]
fn read_again<T: DeserializeOwned>(what: &str, text: &str) -> Result<T, Error> {
    let mut json = serde_json::Deserializer::from_str(text);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let path = error.path().to_string();
        let cause = error.into_inner();
        let message = cause.to_string();
        // For text that is no JSON, line and column say where; for a wrong value its path says it better.
        if cause.classify() != Category::Data {
            return Error::invalid(format!("{what}: {message}"));
        }
        let message = message.rsplit_once(" at line ").map_or(message.as_str(), |(message, _)| message);
        if path == "." {
            Error::invalid(format!("{what}: {message}"))
        } else {
            Error::invalid(format!("{what} at `{path}`: {message}"))
        }
    })?;
    json.end().map_err(|error| Error::invalid(format!("{what}: {error}")))?;
    Ok(value)
}

/// Writes `value` as JSON text.
pub(crate) fn write<T: Serialize + ?Sized>(what: &str, value: &T) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|error| Error::failed(format!("{what} cannot be written as JSON: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[allow(dead_code)]
    struct Lead {
        email: String,
        tags: Vec<u8>,
    }

    fn message(text: &str) -> String {
        read::<Lead>("input", text).unwrap_err().to_string()
    }

    #[test]
    fn errors_name_the_place() {
        assert_eq!(
            message(r#"{"email":"a","tags":[1,"x"]}"#),
            "input at `tags[1]`: invalid type: string \"x\", expected u8"
        );
        assert_eq!(message(r#"{"tags":[]}"#), "input: missing field `email`");
        assert_eq!(message("{"), "input: EOF while parsing an object at line 1 column 1");
        assert_eq!(message(r#"{"email":"a","tags":[]} x"#), "input: trailing characters at line 1 column 25");
    }
}
