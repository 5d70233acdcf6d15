//! Filters on lists and objects. They choose and arrange what is there.

use minijinja::{Error, Value};

use super::{Filter, argument, filter, nothing, wrong};
use crate::data::Data;

pub(super) const FILTERS: &[Filter] = &[
    filter("size", 0, 0, |v, _| Ok(v.len().unwrap_or(0).into())),
    filter("compact", 0, 0, |v, _| Ok(items(v)?.into_iter().filter(|item| !nothing(item)).collect())),
    filter("concat", 1, 1, |v, a| {
        Ok(items(v)?.into_iter().chain(items(&a.first().cloned().unwrap_or_default())?).collect())
    }),
    filter("pluck", 1, 1, |v, a| {
        each(v, a, |item, key| item.get(key).map_or_else(|| Value::from(()), |found| found.0))
    }),
    filter("where", 1, 2, matching),
    filter("keys", 0, 0, |v, _| Ok(entries(v).into_iter().map(|(key, _)| key).collect())),
    filter("values", 0, 0, |v, _| Ok(entries(v).into_iter().map(|(_, value)| value.0).collect())),
];

/// The items of a list; none of nothing.
fn items(value: &Value) -> Result<Vec<Value>, Error> {
    if nothing(value) {
        return Ok(Vec::new());
    }
    let items = Data(value.clone()).items().ok_or_else(|| wrong("this filter takes a list"))?;
    Ok(items.into_iter().map(|item| item.0).collect())
}

fn entries(value: &Value) -> Vec<(String, Data)> {
    Data(value.clone()).entries().unwrap_or_default()
}

fn each(value: &Value, arguments: &[Value], map: fn(&Data, &str) -> Value) -> Result<Value, Error> {
    let key = argument(arguments, 0)?;
    Ok(items(value)?.into_iter().map(|item| map(&Data(item), &key)).collect())
}

/// `where(key, value)`: items whose member is that value, or without one counts as true.
fn matching(value: &Value, arguments: &[Value]) -> Result<Value, Error> {
    let key = argument(arguments, 0)?;
    let wanted = arguments.get(1).cloned().map(Data);
    let fits = |item: &Value| {
        let found = Data(item.clone()).get(&key);
        match (&found, &wanted) {
            (Some(found), Some(wanted)) => found == wanted,
            (Some(found), None) => found.truthy(),
            (None, _) => false,
        }
    };
    Ok(items(value)?.into_iter().filter(fits).collect())
}
