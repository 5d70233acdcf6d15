//! Objects whose members are made when a template looks at them. It holds no members itself.

use std::fmt;
use std::sync::Arc;

use minijinja::Value;
use minijinja::value::{Enumerator, Object};

use crate::data::Data;

/// An object of these members, each made by `read` whenever somebody looks at it; so what no template asks for costs
/// nothing.
pub fn facts(names: &'static [&'static str], read: impl Fn(&str) -> Option<Data> + Send + Sync + 'static) -> Data {
    Data(Value::from_object(Facts { names, read: Box::new(read) }))
}

type Read = dyn Fn(&str) -> Option<Data> + Send + Sync;

struct Facts {
    names: &'static [&'static str],
    read: Box<Read>,
}

impl fmt::Debug for Facts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Facts").field(&self.names).finish()
    }
}

impl Object for Facts {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.get_value_by_str(key.as_str()?)
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        (self.read)(key).map(|data| data.0)
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Str(self.names)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_read_by_name_and_listed_as_json() {
        let data = facts(&["a", "b"], |name| (name == "a" || name == "b").then(|| Data::from(name)));
        assert_eq!(data.get("a").and_then(|a| a.as_str().map(str::to_owned)), Some("a".to_owned()));
        assert!(data.get("c").is_none());
        assert_eq!(data.to_json().text(), r#"{"a":"a","b":"b"}"#);
    }
}
