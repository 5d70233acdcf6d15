//! `request` as flows see it: built field by field when somebody looks. It reads what ingress kept; it parses no bodies.

use std::sync::{Arc, OnceLock};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use indexmap::IndexMap;
use minijinja::Value;
use minijinja::value::{Enumerator, Object};
use weir_model::RequestInfo;

use crate::data::Data;

/// The value of `request`: `method`, `path`, `query` (an object), `query_string`, `headers` (lower case),
/// `content_type`, `client_ip`, `received_at` and `body_base64`.
pub fn request_data(info: Arc<RequestInfo>, body: Bytes) -> Data {
    Data(Value::from_object(Request { info, body, query: OnceLock::new(), headers: OnceLock::new() }))
}

/// A query as an object: a name given once is text, a name given several times a list of texts.
pub fn query_data(query: &str) -> Data {
    let mut names: IndexMap<String, Vec<Data>> = IndexMap::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        names.entry(name.into_owned()).or_default().push(Data::from(value.into_owned()));
    }
    Data::object(names.into_iter().map(|(name, mut values)| {
        let only = if values.len() == 1 { values.pop() } else { None };
        (name, only.unwrap_or_else(|| Data::list(values)))
    }))
}

#[derive(Debug)]
struct Request {
    info: Arc<RequestInfo>,
    body: Bytes,
    query: OnceLock<Data>,
    headers: OnceLock<Data>,
}

const FIELDS: &[&str] =
    &["method", "path", "query", "query_string", "headers", "content_type", "client_ip", "received_at", "body_base64"];

impl Request {
    /// Headers as an object; one sent several times has its values joined by `, ` (RFC 9110, §5.3).
    fn headers(&self) -> Data {
        let mut headers: IndexMap<&str, String> = IndexMap::with_capacity(self.info.headers.len());
        for (name, value) in &self.info.headers {
            headers
                .entry(name)
                .and_modify(|all| {
                    all.push_str(", ");
                    all.push_str(value);
                })
                .or_insert_with(|| value.clone());
        }
        Data::object(headers.into_iter().map(|(name, value)| (name, Data::from(value))))
    }

    fn field(&self, name: &str) -> Option<Value> {
        let info = &self.info;
        Some(match name {
            "method" => Value::from(info.method.as_str()),
            "path" => Value::from(info.path.as_str()),
            "query" => self.query.get_or_init(|| query_data(&info.query)).0.clone(),
            "query_string" => Value::from(info.query.as_str()),
            "headers" => self.headers.get_or_init(|| self.headers()).0.clone(),
            "content_type" => info.content_type.as_deref().map_or_else(|| Value::from(()), Value::from),
            "client_ip" => info.client_ip.map_or_else(|| Value::from(()), |ip| Value::from(ip.to_string())),
            "received_at" => Value::from(info.received_at.to_string()),
            "body_base64" => Value::from(STANDARD.encode(&self.body)),
            _ => return None,
        })
    }
}

impl Object for Request {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.field(key.as_str()?)
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        self.field(key)
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Str(FIELDS)
    }
}

#[cfg(test)]
mod tests {
    use weir_model::Timestamp;

    use super::*;

    #[test]
    fn fields_are_there_and_repeats_are_kept() {
        let info = RequestInfo {
            method: "POST".into(),
            path: "/a".into(),
            query: "a=1&b=x%20y&a=2".into(),
            headers: vec![("x-a".into(), "1".into()), ("x-b".into(), "q".into()), ("x-a".into(), "2".into())],
            content_type: None,
            client_ip: Some("127.0.0.1".parse().unwrap()),
            received_at: Timestamp::from_millis(0),
        };
        let request = request_data(Arc::new(info), Bytes::from_static(b"hi"));
        let text = request.to_json();
        assert_eq!(
            text.to_value(),
            serde_json::json!({
                "method": "POST", "path": "/a", "query": {"a": ["1", "2"], "b": "x y"}, "query_string": "a=1&b=x%20y&a=2",
                "headers": {"x-a": "1, 2", "x-b": "q"}, "content_type": null, "client_ip": "127.0.0.1",
                "received_at": "1970-01-01T00:00:00.000Z", "body_base64": "aGk=",
            })
        );
        assert_eq!(request.pointer("/query/a/1"), Some(Data::from("2")));
        assert_eq!(request.get("body"), None);
    }
}
