//! Reads headers and the texts in them, strictly: what could be read in two ways is refused.

use data_encoding::{BASE64, HEXLOWER, HEXUPPER};
use http::HeaderMap;
use weir_model::Encoding;

use super::SignatureError;

/// Numbers from here on are milliseconds: as seconds they would be of the year 5138.
const LEAST_MILLIS: i64 = 100_000_000_000;

/// A header that must be there once, as text.
pub(super) fn one<'a>(headers: &'a HeaderMap, name: &str) -> Result<&'a str, SignatureError> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Err(SignatureError::Missing { header: name.to_owned() }),
        (Some(_), Some(_)) => Err(SignatureError::Repeated { header: name.to_owned() }),
        (Some(value), None) => value.to_str().map_err(|_| malformed(name, "it is not plain text")),
    }
}

pub(super) fn malformed(header: &str, what: &'static str) -> SignatureError {
    SignatureError::Malformed { header: header.to_owned(), what }
}

/// Seconds since 1970 as milliseconds. Digits alone, so that the text is the number's only one but for zeros in front.
pub(super) fn seconds(header: &str, text: &str) -> Result<i64, SignatureError> {
    Ok(number(header, text)?.saturating_mul(1_000))
}

/// Seconds or milliseconds since 1970 as milliseconds.
pub(super) fn seconds_or_millis(header: &str, text: &str) -> Result<i64, SignatureError> {
    let number = number(header, text)?;
    Ok(if number < LEAST_MILLIS { number.saturating_mul(1_000) } else { number })
}

fn number(header: &str, text: &str) -> Result<i64, SignatureError> {
    let is_plain = (1..=15).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = if is_plain { text.parse().ok() } else { None };
    number.ok_or_else(|| malformed(header, "the time is no number of seconds since 1970"))
}

/// Bytes written in lower-case hexadecimal.
pub(super) fn hex(header: &str, text: &str) -> Result<Vec<u8>, SignatureError> {
    HEXLOWER.decode(text.as_bytes()).map_err(|_| malformed(header, "the signature is not in lower-case hexadecimal"))
}

/// Bytes written in base64 with padding (RFC 4648 §4), in the one text that stands for them.
pub(super) fn base64(header: &str, text: &str) -> Result<Vec<u8>, SignatureError> {
    BASE64.decode(text.as_bytes()).map_err(|_| malformed(header, "the signature is not in base64 with padding"))
}

/// Bytes as a flow says they are written. Hexadecimal digits are all of one case.
pub(super) fn encoded(header: &str, text: &str, encoding: Encoding) -> Result<Vec<u8>, SignatureError> {
    match encoding {
        Encoding::Base64 => base64(header, text),
        Encoding::Hex => HEXUPPER.decode(text.as_bytes()).or_else(|_| hex(header, text)),
    }
}
