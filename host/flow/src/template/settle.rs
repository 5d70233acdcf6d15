//! What comes out of a template becomes plain data: counted, bounded in depth and size, without anything lazy or alive in
//! it. It changes the form of values, never their content.

use std::borrow::Cow;

use minijinja::Value;
use minijinja::value::{ObjectRepr, ValueKind};

use crate::data::{List, MAX_DEPTH, Map, key_text};

/// What one rendered tree may weigh, in bytes of memory roughly.
pub(crate) const MAX_TREE_BYTES: usize = 32 << 20;

/// What one computed leaf may weigh.
pub(crate) const MAX_LEAF_BYTES: usize = 4 << 20;

/// Why a value cannot be data.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Unfit {
    Deep,
    Large,
    Strange(String),
}

/// What is left of the bytes that may be made.
#[derive(Debug)]
pub(crate) struct Budget {
    pub(crate) limit: usize,
    left: usize,
}

impl Budget {
    pub(crate) const fn new(limit: usize) -> Self {
        Self { limit, left: limit }
    }

    /// What was taken so far.
    pub(crate) const fn taken(&self) -> usize {
        self.limit.saturating_sub(self.left)
    }

    pub(crate) fn take(&mut self, bytes: usize) -> Result<(), Unfit> {
        self.left = self.left.checked_sub(bytes).ok_or(Unfit::Large)?;
        Ok(())
    }
}

/// A value's own weight beside its text.
const SLOT: usize = 24;

/// The value as plain data. `depth` is how deep it will sit.
pub(crate) fn settle(value: Value, depth: usize, budget: &mut Budget) -> Result<Value, Unfit> {
    // Most values are scalars or plain already: they pass through as they are.
    match settled(&value, depth, budget)? {
        Cow::Borrowed(_) => Ok(value),
        Cow::Owned(other) => Ok(other),
    }
}

fn settled<'a>(value: &'a Value, depth: usize, budget: &mut Budget) -> Result<Cow<'a, Value>, Unfit> {
    budget.take(SLOT)?;
    match value.kind() {
        ValueKind::Bool | ValueKind::None => Ok(Cow::Borrowed(value)),
        ValueKind::Undefined => Ok(Cow::Owned(Value::from(()))),
        ValueKind::Number => number(value),
        ValueKind::String => {
            let text = value.as_str().unwrap_or_default();
            budget.take(text.len())?;
            // `safe` concerns one HTML leaf, not the data that outlives it.
            if value.is_safe() { Ok(Cow::Owned(Value::from(text))) } else { Ok(Cow::Borrowed(value)) }
        }
        ValueKind::Bytes => {
            let text = String::from_utf8_lossy(value.as_bytes().unwrap_or_default());
            budget.take(text.len())?;
            Ok(Cow::Owned(Value::from(text.into_owned())))
        }
        ValueKind::Seq | ValueKind::Iterable => list(value, inner(depth)?, budget),
        ValueKind::Map => map(value, inner(depth)?, budget),
        ValueKind::Plain => Err(Unfit::Strange("it gives a function, not data; call it with ()".into())),
        _ => Err(Unfit::Strange(value.try_iter().err().map_or_else(|| value.to_string(), |e| super::leaf::detail(&e)))),
    }
}

fn inner(depth: usize) -> Result<usize, Unfit> {
    if depth < MAX_DEPTH { Ok(depth + 1) } else { Err(Unfit::Deep) }
}

fn number(value: &Value) -> Result<Cow<'_, Value>, Unfit> {
    if value.is_integer() {
        if value.as_i64().is_some() || u64::try_from(value.clone()).is_ok() {
            return Ok(Cow::Borrowed(value));
        }
        return Err(Unfit::Strange("the number is larger than 64 bits; compute with smaller ones".into()));
    }
    match f64::try_from(value.clone()) {
        Ok(n) if n.is_finite() => Ok(Cow::Borrowed(value)),
        _ => Err(Unfit::Strange("the result is no finite number; check what it divides by".into())),
    }
}

fn list<'a>(value: &'a Value, depth: usize, budget: &mut Budget) -> Result<Cow<'a, Value>, Unfit> {
    if let Some(items) = value.downcast_object_ref::<List>() {
        let mut changed: Option<List> = None;
        for (at, item) in items.iter().enumerate() {
            match (settled(item, depth, budget)?, &mut changed) {
                (Cow::Borrowed(_), None) => {}
                (item, Some(list)) => list.push(item.into_owned()),
                (Cow::Owned(item), none) => {
                    let list = none.insert(items.iter().take(at).cloned().collect());
                    list.push(item);
                }
            }
        }
        return Ok(changed.map_or(Cow::Borrowed(value), |list| Cow::Owned(Value::from_object(list))));
    }
    let mut list = List::new();
    for item in value.as_object().and_then(|o| o.try_iter()).into_iter().flatten() {
        list.push(settled(&item, depth, budget)?.into_owned());
    }
    Ok(Cow::Owned(Value::from_object(list)))
}

fn map<'a>(value: &'a Value, depth: usize, budget: &mut Budget) -> Result<Cow<'a, Value>, Unfit> {
    if let Some(entries) = value.downcast_object_ref::<Map>() {
        let mut changed: Option<Map> = None;
        for (at, (key, item)) in entries.iter().enumerate() {
            let same_key = key.kind() == ValueKind::String && !key.is_safe();
            budget.take(SLOT + key.as_str().map_or(0, str::len))?;
            let item = settled(item, depth, budget)?;
            if let (Cow::Borrowed(_), true, None) = (&item, same_key, &changed) {
                continue;
            }
            let before = || entries.iter().take(at).map(|(k, v)| (k.clone(), v.clone())).collect();
            let key = if same_key { key.clone() } else { Value::from(key_text(key)) };
            changed.get_or_insert_with(before).insert(key, item.into_owned());
        }
        return Ok(changed.map_or(Cow::Borrowed(value), |map| Cow::Owned(Value::from_object(map))));
    }
    let Some(object) = value.as_object().filter(|o| o.repr() == ObjectRepr::Map) else {
        return Ok(Cow::Owned(Value::from(())));
    };
    let mut map = Map::new();
    for (key, item) in object.try_iter_pairs().into_iter().flatten() {
        let key = key_text(&key);
        budget.take(SLOT + key.len())?;
        map.insert(Value::from(key), settled(&item, depth, budget)?.into_owned());
    }
    Ok(Cow::Owned(Value::from_object(map)))
}
