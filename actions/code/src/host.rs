//! What scripts may ask of weir, as plain functions for the prelude: the log, the variables, the key-value store, random
//! numbers. It turns refusals into JavaScript errors; it must not decide what is granted.

use std::cell::Cell;

use rquickjs::function::{Func, Opt};
use rquickjs::{Ctx, Exception, Object, Result};

use crate::bindings::weir::action::types::Level;
use crate::bindings::weir::action::{kv, log, variables};
use crate::json::whole_characters;

/// Gives the object all of them.
pub(crate) fn offer(object: &Object<'_>) -> Result<()> {
    object.set("write", Func::from(write))?;
    object.set("setVariable", Func::from(set_variable))?;
    object.set("get", Func::from(get))?;
    object.set("set", Func::from(set))?;
    object.set("increment", Func::from(increment))?;
    object.set("delete", Func::from(delete))?;
    object.set("list", Func::from(list))?;
    let state = Cell::new(None);
    object.set("random", Func::from(move || random(&state)))
}

fn write(level: String, message: String, fields: Opt<Option<String>>) {
    let level = match level.as_str() {
        "trace" => Level::Trace,
        "debug" => Level::Debug,
        "warn" => Level::Warn,
        "error" => Level::Error,
        _ => Level::Info,
    };
    let fields = fields.0.flatten().map(whole_characters);
    log::write(level, &message, fields.as_deref());
}

fn set_variable(ctx: Ctx<'_>, name: String, json: String) -> Result<()> {
    variables::set(&name, &whole_characters(json))
        .map_err(|reason| Exception::throw_message(&ctx, &format!("the variable `{name}` is not set: {reason}")))
}

fn get(ctx: Ctx<'_>, bucket: String, key: String) -> Result<Option<String>> {
    let entry = kv::get(&bucket, &key).map_err(|error| refused(&ctx, &bucket, error))?;
    let Some(entry) = entry else { return Ok(None) };
    String::from_utf8(entry.value)
        .map(Some)
        .map_err(|_| Exception::throw_type(&ctx, &format!("kv: what is stored under `{key}` is no text")))
}

fn set(ctx: Ctx<'_>, bucket: String, key: String, value: String, ttl: Opt<Option<f64>>) -> Result<()> {
    kv::set(&bucket, &key, value.as_bytes(), millis(ttl)).map(drop).map_err(|error| refused(&ctx, &bucket, error))
}

#[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "JavaScript's numbers")]
fn increment(ctx: Ctx<'_>, bucket: String, key: String, delta: f64, ttl: Opt<Option<f64>>) -> Result<f64> {
    let value = kv::increment(&bucket, &key, delta as i64, millis(ttl));
    value.map(|value| value as f64).map_err(|error| refused(&ctx, &bucket, error))
}

fn delete(ctx: Ctx<'_>, bucket: String, key: String) -> Result<()> {
    kv::delete(&bucket, &key).map_err(|error| refused(&ctx, &bucket, error))
}

type Keys = (Vec<String>, Option<String>);

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "too many are as many as there are")]
fn list<'js>(
    ctx: Ctx<'js>,
    bucket: String,
    prefix: String,
    cursor: Option<String>,
    limit: f64,
) -> Result<rquickjs::convert::List<Keys>> {
    kv::list_keys(&bucket, &prefix, cursor.as_deref(), limit as u32)
        .map(rquickjs::convert::List)
        .map_err(|error| refused(&ctx, &bucket, error))
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the prelude lets whole numbers pass")]
fn millis(ttl: Opt<Option<f64>>) -> Option<u64> {
    ttl.0.flatten().map(|ttl| ttl as u64)
}

/// An `Error` whose `code` scripts can look at.
fn refused(ctx: &Ctx<'_>, bucket: &str, error: kv::Error) -> rquickjs::Error {
    let (code, message) = match error {
        kv::Error::NotGranted => ("not-granted", format!("the bucket `{bucket}` is not granted to this step")),
        kv::Error::QuotaExceeded => ("quota-exceeded", "the quota of the key-value store is used up".to_owned()),
        kv::Error::ValueTooLarge => ("value-too-large", "the value is larger than the limit".to_owned()),
        kv::Error::Conflict => ("conflict", "the key was changed meanwhile".to_owned()),
        kv::Error::Unavailable(why) => ("unavailable", format!("the store does not answer: {why}")),
    };
    let exception = Exception::from_message(ctx.clone(), &format!("kv: {message}"));
    match exception.and_then(|exception| exception.as_object().set("code", code).map(|()| exception)) {
        Ok(exception) => exception.throw(),
        Err(error) => error,
    }
}

/// A number from 0 up to but not including 1 (SplitMix64), from a seed that is asked for at first use: nothing random may
/// be in the memory that all runs begin with.
#[allow(clippy::cast_precision_loss, reason = "53 bits fit")]
fn random(state: &Cell<Option<u64>>) -> f64 {
    let last = state.get().unwrap_or_else(|| getrandom::u64().unwrap_or_default());
    let next = last.wrapping_add(0x9e37_79b9_7f4a_7c15);
    state.set(Some(next));
    let mixed = (next ^ (next >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
}
