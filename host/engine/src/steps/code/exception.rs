//! What a script threw, as a step's failure. It words failures; the interpreter says what was thrown and where.

use serde_json::Value;
use weir_model::Code;

use super::super::Failure;

/// Characters of an exception's name that are shown; scripts choose it.
const MOST_NAME: usize = 80;

/// Gives what the script threw a code and words of its own. Other failures keep their code and speak of the script.
pub(super) fn explain(failure: &mut Failure) {
    if failure.code.as_str() != "WEIR-STEP-FAILED" {
        if let Some(rest) = failure.message.strip_prefix("the action ") {
            failure.message = format!("the script {rest}");
        }
        return;
    }
    let detail = failure.detail.as_ref().map(weir_model::Json::to_value).unwrap_or_default();
    let text = |name: &str| detail.get(name).and_then(Value::as_str).unwrap_or_default();
    let name: String = text("name").chars().filter(|c| !c.is_control()).take(MOST_NAME).collect();
    let stack = text("stack");
    let place = line(stack).map(|line| format!(" (line {line})")).unwrap_or_default();
    failure.code = Code::new("WEIR-CODE-EXCEPTION");
    failure.message = match (&*name, &*failure.message) {
        ("", message) => format!("{message}{place}"),
        (name, "") => format!("{name}{place}"),
        (name, message) => format!("{name}: {message}{place}"),
    };
}

/// The line of the script that a stack names first; its frames read `at name (code:LINE:COLUMN)`.
fn line(stack: &str) -> Option<u32> {
    stack.split("code:").skip(1).find_map(|rest| {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        rest.get(..digits)?.parse().ok()
    })
}

#[cfg(test)]
mod tests {
    use weir_model::Json;

    use super::*;

    fn explained(code: &'static str, detail: &str) -> (String, String) {
        let message = serde_json::from_str::<Value>(detail).unwrap()["message"].as_str().unwrap_or_default().to_owned();
        let mut failure =
            Failure { detail: Some(Json::parse(detail.to_owned()).unwrap()), ..Failure::new(code, message) };
        explain(&mut failure);
        (failure.code.to_string(), failure.message)
    }

    #[test]
    fn an_exception_is_told_by_name_message_and_line() {
        let stack = r#""stack":"    at inner (code:3:7)\n    at <anonymous> (code:9:1)\n""#;
        let thrown = format!(r#"{{"name":"TypeError","message":"no lines",{stack}}}"#);
        let told = explained("WEIR-STEP-FAILED", &thrown);
        assert_eq!(told, ("WEIR-CODE-EXCEPTION".to_owned(), "TypeError: no lines (line 3)".to_owned()));
        let bare = explained("WEIR-STEP-FAILED", r#"{"name":"Error","message":"","stack":"at code:x"}"#);
        assert_eq!(bare.1, "Error");
    }

    #[test]
    fn limits_keep_their_codes() {
        let used_up = r#"{"message":"the action used up its fuel; raise it"}"#;
        let told = ("WEIR-STEP-FUEL".to_owned(), "the script used up its fuel; raise it".to_owned());
        assert_eq!(explained("WEIR-STEP-FUEL", used_up), told);
        let hog = r#"{"name":"InternalError","message":"out of memory","stack":"at code:2:1"}"#;
        assert_eq!(explained("WEIR-STEP-FAILED", hog).0, "WEIR-CODE-EXCEPTION", "of its own accord");
    }
}
