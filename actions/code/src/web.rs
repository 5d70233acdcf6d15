//! Requests and stand-ins for secrets, as plain functions for the prelude. It hands on what weir says; it decides nothing
//! about where requests may go.
#![allow(unsafe_code, reason = "QuickJS lends bytes that the script could change while it runs")]

use rquickjs::function::{Func, Opt};
use rquickjs::{ArrayBuffer, Ctx, Exception, Object, Result, TypedArray, Value};

use crate::bindings::weir::action::{http, secrets};

/// Gives the object all of them.
pub(crate) fn offer(object: &Object<'_>) -> Result<()> {
    object.set("fetch", Func::from(fetch))?;
    object.set("decode", Func::from(decode))?;
    object.set("secret", Func::from(secret))
}

/// Status, header names and values in turn, body, and whether it was cut.
type Answer<'js> = rquickjs::convert::List<(u16, Vec<String>, ArrayBuffer<'js>, bool)>;

fn fetch<'js>(
    ctx: Ctx<'js>,
    method: String,
    url: String,
    headers: Vec<String>,
    body: Value<'js>,
    timeout: Opt<Option<f64>>,
) -> Result<Answer<'js>> {
    let mut pairs = Vec::with_capacity(headers.len() / 2);
    let mut words = headers.into_iter();
    while let (Some(name), Some(value)) = (words.next(), words.next()) {
        pairs.push((name, value.into_bytes()));
    }
    let request = http::Request { method, url, headers: pairs, body: bytes(&ctx, &body)?, timeout_ms: millis(timeout) };
    let answer = http::send(&request).map_err(|error| refused(&ctx, error))?;
    let headers = answer.headers.into_iter();
    let headers = headers.flat_map(|(name, value)| [name, String::from_utf8_lossy(&value).into_owned()]).collect();
    let body = ArrayBuffer::new(ctx, answer.body)?;
    Ok(rquickjs::convert::List((answer.status, headers, body, answer.truncated)))
}

/// A body: none, text, or bytes.
fn bytes(ctx: &Ctx<'_>, body: &Value<'_>) -> Result<Option<Vec<u8>>> {
    if body.is_undefined() || body.is_null() {
        return Ok(None);
    }
    if let Some(text) = body.as_string() {
        return text.to_string().map(|text| Some(text.into_bytes()));
    }
    let buffer = body.as_object().and_then(|object| {
        if let Ok(array) = TypedArray::<u8>::from_object(object.clone()) {
            // SAFETY: nothing of the script runs while the bytes are copied.
            return unsafe { array.as_bytes() }.map(<[u8]>::to_vec);
        }
        let buffer = ArrayBuffer::from_object(object.clone())?;
        // SAFETY: as above.
        unsafe { buffer.as_bytes() }.map(<[u8]>::to_vec)
    });
    let wrong = "fetch: the body is text, an ArrayBuffer or a Uint8Array; use JSON.stringify for values";
    buffer.map(Some).ok_or_else(|| Exception::throw_type(ctx, wrong))
}

fn decode(ctx: Ctx<'_>, body: ArrayBuffer<'_>) -> Result<String> {
    // SAFETY: nothing of the script runs while the text is made.
    let bytes = unsafe { body.as_bytes() }.ok_or_else(|| Exception::throw_type(&ctx, "fetch: the body is gone"))?;
    Ok(String::from_utf8_lossy(bytes).into_owned())
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the prelude lets whole numbers pass")]
fn millis(timeout: Opt<Option<f64>>) -> Option<u32> {
    timeout.0.flatten().map(|timeout| timeout as u32)
}

fn secret(ctx: Ctx<'_>, name: String) -> Result<String> {
    secrets::placeholder(&name).map_err(|_| {
        Exception::throw_message(&ctx, &format!("there is no secret `{name}`; make it with `weir secret set {name}`"))
    })
}

/// An `Error` whose `code` scripts can look at.
fn refused(ctx: &Ctx<'_>, error: http::Error) -> rquickjs::Error {
    let (code, message) = match error {
        http::Error::Denied(why) => ("denied", why),
        http::Error::QuotaExceeded => ("quota-exceeded", "the requests or bytes of this step are used up".to_owned()),
        http::Error::Timeout => ("timeout", "there was no answer in time".to_owned()),
        http::Error::TooLarge => ("too-large", "the request is larger than the limit".to_owned()),
        http::Error::Dns(why) => ("dns", why),
        http::Error::Connect(why) => ("connect", why),
        http::Error::Tls(why) => ("tls", why),
        http::Error::Protocol(why) => ("protocol", why),
        http::Error::Invalid(why) => ("invalid", why),
    };
    let exception = Exception::from_message(ctx.clone(), &format!("fetch: {message}"));
    match exception.and_then(|exception| exception.as_object().set("code", code).map(|()| exception)) {
        Ok(exception) => exception.throw(),
        Err(error) => error,
    }
}
