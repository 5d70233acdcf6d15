//! Stands in for weir in an action's own unit tests, where there is no host. It is absent from components.
//!
//! Every test thread has its own state, so tests do not meet. An action that uses none of weir's services needs none of
//! this: its test just calls the function.

use std::cell::RefCell;
use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use crate::bindings::weir::action::http as wit;
use crate::log::Level;
use crate::{Action, ActionInfo, Context, Error, Output, action};

pub use wit::{Request, Response};

type Http = Box<dyn Fn(&Request) -> Result<Response, wit::Error>>;

#[derive(Default)]
pub(crate) struct State {
    pub(crate) variables: BTreeMap<String, String>,
    pub(crate) secrets: BTreeMap<String, String>,
    pub(crate) buckets: BTreeMap<(String, String), (Vec<u8>, u64)>,
    pub(crate) payload: Value,
    pub(crate) http: Option<Http>,
    pub(crate) log: Vec<(Level, String)>,
}

thread_local! {
    static STATE: RefCell<State> = RefCell::default();
}

pub(crate) fn with<T>(use_it: impl FnOnce(&mut State) -> T) -> T {
    STATE.with_borrow_mut(use_it)
}

/// Runs an action as weir does, from JSON to JSON. The attribute gives every action function a type of the same name.
///
/// # Errors
/// The action's own, or invalid where `config` or `input` do not fit its types.
///
/// ```
/// use weir_action::{Result, testing};
/// use serde_json::json;
///
/// #[weir_action::action]
/// fn double(input: i64) -> Result<i64> {
///     Ok(input * 2)
/// }
/// # fn main() {
/// assert_eq!(testing::run::<double>(&json!({}), &json!(21)).unwrap().value, 42);
/// let error = testing::run::<double>(&json!({}), &json!("x")).unwrap_err();
/// assert_eq!(error.to_string(), "input: invalid type: string \"x\", expected i64");
/// # }
/// ```
pub fn run<A: Action>(config: &Value, input: &Value) -> Result<Output<Value>, Error> {
    set_payload(input);
    let output = action::run::<A>(&Context::default(), &config.to_string(), &input.to_string())?;
    let value = serde_json::from_str(&output.payload)?;
    match output.branch {
        None => Ok(Output::next(value)),
        Some(branch) if A::BRANCHES.contains(&branch.as_str()) => Ok(Output::to(branch, value)),
        Some(branch) => Err(Error::failed(format!("branch `{branch}` is not declared: {:?}", A::BRANCHES))),
    }
}

/// What weir reads about an action at upload.
pub fn describe<A: Action>() -> ActionInfo {
    action::describe::<A>()
}

/// What weir finds wrong with settings when a flow is published; nothing if they are right.
pub fn check<A: Action>(config: &Value) -> Vec<String> {
    <A as crate::bindings::Guest>::validate(config.to_string()).err().unwrap_or_default()
}

/// Sets the input that [`crate::payload`] reads.
pub fn set_payload(payload: &(impl Serialize + ?Sized)) {
    let payload = serde_json::to_value(payload).unwrap_or_default();
    with(|state| state.payload = payload);
}

/// Adds a secret.
pub fn set_secret(name: &str, value: &str) {
    with(|state| state.secrets.insert(name.to_owned(), value.to_owned()));
}

/// Answers every request of [`crate::http`] from now on.
pub fn answer_http(answer: impl Fn(&Request) -> Result<Response, wit::Error> + 'static) {
    with(|state| state.http = Some(Box::new(answer)));
}

/// An answer with a status and a body, for [`answer_http`].
pub fn response(status: u16, body: impl Into<Vec<u8>>) -> Response {
    Response { status, headers: Vec::new(), body: body.into(), truncated: false }
}

/// The lines written so far; they are taken out.
pub fn log() -> Vec<(Level, String)> {
    with(|state| std::mem::take(&mut state.log))
}

/// The host's functions, with the signatures of the bindings.
pub(crate) mod host {
    pub(crate) mod log {
        use crate::log::Level;

        pub(crate) fn write(level: Level, message: &str, fields: Option<&str>) {
            let line = fields.map_or(message.to_owned(), |fields| format!("{message} {fields}"));
            super::super::with(|state| state.log.push((level, line)));
        }
    }

    pub(crate) mod variables {
        use super::super::with;

        pub(crate) fn get(name: &str) -> Option<String> {
            with(|state| state.variables.get(name).cloned())
        }

        pub(crate) fn set(name: &str, value: &str) -> Result<(), String> {
            with(|state| state.variables.insert(name.to_owned(), value.to_owned()));
            Ok(())
        }

        pub(crate) fn remove(name: &str) {
            with(|state| state.variables.remove(name));
        }
    }

    pub(crate) mod secrets {
        use super::super::with;
        use crate::secrets::Error;

        pub(crate) fn placeholder(name: &str) -> Result<String, Error> {
            with(|state| state.secrets.get(name).map(|_| format!("{{{{secret:{name}}}}}"))).ok_or(Error::NotFound)
        }

        pub(crate) fn reveal(name: &str) -> Result<String, Error> {
            with(|state| state.secrets.get(name).cloned()).ok_or(Error::NotFound)
        }
    }

    pub(crate) mod http {
        use super::super::{Request, Response, with};
        use crate::http::Error;

        pub(crate) fn send(request: &Request) -> Result<Response, Error> {
            // Taken out while it runs: the answer may use weir's services itself.
            let Some(answer) = with(|state| state.http.take()) else {
                return Err(Error::Denied("no answer is set; call weir_action::testing::answer_http first".to_owned()));
            };
            let response = answer(request);
            with(|state| {
                state.http.get_or_insert(answer);
            });
            response
        }
    }

    pub(crate) mod kv {
        use super::super::with;
        use crate::kv::{Entry, Error};

        pub(crate) fn get(bucket: &str, key: &str) -> Result<Option<Entry>, Error> {
            let id = (bucket.to_owned(), key.to_owned());
            Ok(with(|state| state.buckets.get(&id).cloned()).map(|(value, version)| Entry {
                value,
                version,
                expires_at_ms: None,
            }))
        }

        pub(crate) fn set(bucket: &str, key: &str, value: &[u8], _ttl: Option<u64>) -> Result<u64, Error> {
            let version = get(bucket, key)?.map_or(1, |entry| entry.version + 1);
            let id = (bucket.to_owned(), key.to_owned());
            with(|state| state.buckets.insert(id, (value.to_vec(), version)));
            Ok(version)
        }

        pub(crate) fn compare_and_set(
            bucket: &str,
            key: &str,
            expected: u64,
            value: &[u8],
            ttl: Option<u64>,
        ) -> Result<u64, Error> {
            let version = get(bucket, key)?.map_or(0, |entry| entry.version);
            if version == expected { set(bucket, key, value, ttl) } else { Err(Error::Conflict) }
        }

        pub(crate) fn increment(bucket: &str, key: &str, delta: i64, ttl: Option<u64>) -> Result<i64, Error> {
            let value = match get(bucket, key)? {
                Some(entry) => String::from_utf8_lossy(&entry.value)
                    .parse::<i64>()
                    .map_err(|error| Error::Unavailable(format!("key `{key}` is no counter: {error}")))?,
                None => 0,
            };
            let value = value.saturating_add(delta);
            set(bucket, key, value.to_string().as_bytes(), ttl)?;
            Ok(value)
        }

        pub(crate) fn delete(bucket: &str, key: &str) -> Result<(), Error> {
            with(|state| state.buckets.remove(&(bucket.to_owned(), key.to_owned())));
            Ok(())
        }

        pub(crate) fn list_keys(
            bucket: &str,
            prefix: &str,
            cursor: Option<&str>,
            limit: u32,
        ) -> Result<(Vec<String>, Option<String>), Error> {
            let mut keys: Vec<String> = with(|state| {
                let of_bucket = state.buckets.keys().filter(|(of, _)| of == bucket).map(|(_, key)| key);
                let wanted = of_bucket
                    .filter(|key| key.starts_with(prefix) && cursor.is_none_or(|cursor| key.as_str() > cursor));
                wanted.take(limit as usize + 1).cloned().collect()
            });
            let more = keys.len() > limit as usize;
            keys.truncate(limit as usize);
            let cursor = if more { keys.last().cloned() } else { None };
            Ok((keys, cursor))
        }
    }

    pub(crate) mod payload {
        use serde_json::Value;

        use super::super::with;
        use crate::payload::{ScalarValue, ValueKind};

        fn at<T>(pointer: &str, read: impl FnOnce(&Value) -> Option<T>) -> Option<T> {
            with(|state| state.payload.pointer(pointer).and_then(read))
        }

        pub(crate) fn kind_of(pointer: &str) -> Option<ValueKind> {
            at(pointer, |value| {
                Some(match value {
                    Value::Null => ValueKind::Null,
                    Value::Bool(_) => ValueKind::Boolean,
                    Value::Number(_) => ValueKind::Number,
                    Value::String(_) => ValueKind::Text,
                    Value::Array(_) => ValueKind::Array,
                    Value::Object(_) => ValueKind::Object,
                })
            })
        }

        pub(crate) fn scalar(pointer: &str) -> Option<ScalarValue> {
            at(pointer, |value| match value {
                Value::Null => Some(ScalarValue::Null),
                Value::Bool(value) => Some(ScalarValue::Boolean(*value)),
                Value::Number(number) => Some(match number.as_i64() {
                    Some(whole) => ScalarValue::Integer(whole),
                    None => ScalarValue::Float(number.as_f64()?),
                }),
                Value::String(text) => Some(ScalarValue::Text(text.clone())),
                Value::Array(_) | Value::Object(_) => None,
            })
        }

        pub(crate) fn len(pointer: &str) -> Option<u32> {
            at(pointer, |value| match value {
                Value::Array(items) => u32::try_from(items.len()).ok(),
                Value::Object(entries) => u32::try_from(entries.len()).ok(),
                Value::String(text) => u32::try_from(text.len()).ok(),
                _ => None,
            })
        }

        pub(crate) fn keys(pointer: &str) -> Vec<String> {
            at(pointer, |value| value.as_object().map(|object| object.keys().cloned().collect())).unwrap_or_default()
        }

        pub(crate) fn slice(pointer: &str) -> Option<String> {
            at(pointer, |value| Some(value.to_string()))
        }

        pub(crate) fn raw() -> Vec<u8> {
            with(|state| state.payload.to_string().into_bytes())
        }
    }
}
