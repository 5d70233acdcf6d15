//! What is kept of an answered request, as bytes: which request it was, its run, its answer. It stores nothing.

use bytes::{BufMut as _, Bytes, BytesMut};
use http::{HeaderName, HeaderValue, StatusCode};
use weir_model::RunId;

use crate::Reply;

/// A digest of what a request asked for.
pub(crate) type Fingerprint = [u8; 32];

/// The first byte of a value, for its form. Assigned bytes never change.
const FORMAT: u8 = 1;
/// Bytes before the headers: format, fingerprint, run, status, number of headers.
const FIXED: usize = 1 + 32 + 16 + 2 + 2;

/// An answered request.
#[derive(Debug)]
pub(super) struct Memory {
    pub(super) fingerprint: Fingerprint,
    pub(super) run: RunId,
    pub(super) reply: Reply,
}

/// An answered request as bytes: lengths and numbers with the most significant byte first, the body last.
pub(super) fn encode(fingerprint: &Fingerprint, run: RunId, reply: &Reply) -> Bytes {
    let lengths = reply.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 6);
    let mut out = BytesMut::with_capacity(FIXED + lengths.sum::<usize>() + reply.body.len());
    out.put_u8(FORMAT);
    out.put_slice(fingerprint);
    out.put_slice(run.as_bytes());
    out.put_u16(reply.status.as_u16());
    let count = u16::try_from(reply.headers.len()).unwrap_or(u16::MAX);
    out.put_u16(count);
    for (name, value) in reply.headers.iter().take(usize::from(count)) {
        // A name has less than 2^16 bytes (http's own limit), a value far less than 2^32.
        out.put_u16(u16::try_from(name.as_str().len()).unwrap_or(u16::MAX));
        out.put_slice(name.as_str().as_bytes());
        out.put_u32(u32::try_from(value.len()).unwrap_or(u32::MAX));
        out.put_slice(value.as_bytes());
    }
    out.put_slice(&reply.body);
    out.freeze()
}

impl Memory {
    /// Reads what [`encode`] wrote; none where it is anything else.
    pub(super) fn decode(value: Bytes) -> Option<Self> {
        let mut rest = value;
        let [format] = array(&mut rest)?;
        if format != FORMAT {
            return None;
        }
        let fingerprint = array(&mut rest)?;
        let run = RunId::from_bytes(array(&mut rest)?);
        let status = StatusCode::from_u16(u16::from_be_bytes(array(&mut rest)?)).ok()?;
        let count = u16::from_be_bytes(array(&mut rest)?);
        let mut headers = Vec::new();
        for _ in 0..count {
            let length = u16::from_be_bytes(array(&mut rest)?);
            let name = HeaderName::from_bytes(&take(&mut rest, usize::from(length))?).ok()?;
            let length = u32::from_be_bytes(array(&mut rest)?);
            let value = take(&mut rest, usize::try_from(length).ok()?)?;
            headers.push((name, HeaderValue::from_maybe_shared(value).ok()?));
        }
        Some(Self { fingerprint, run, reply: Reply { status, headers, body: rest } })
    }
}

fn take(rest: &mut Bytes, length: usize) -> Option<Bytes> {
    (rest.len() >= length).then(|| rest.split_to(length))
}

fn array<const N: usize>(rest: &mut Bytes) -> Option<[u8; N]> {
    take(rest, N)?.as_ref().try_into().ok()
}

#[cfg(test)]
mod tests {
    use http::header;

    use super::*;

    #[test]
    fn an_answer_survives_its_bytes_and_less_of_them_is_none() {
        let cookie = |value| (header::SET_COOKIE, HeaderValue::from_static(value));
        let headers = vec![cookie("a=1"), cookie("b=2"), (header::ETAG, HeaderValue::from_bytes(b"\xff").unwrap())];
        let reply = Reply { status: StatusCode::CREATED, headers, body: Bytes::from_static(&[0, 1, 255]) };
        let bytes = encode(&[3; 32], RunId::from_bytes([4; 16]), &reply);
        let memory = Memory::decode(bytes.clone()).unwrap();
        assert_eq!((memory.fingerprint, memory.run), ([3; 32], RunId::from_bytes([4; 16])));
        assert_eq!((memory.reply.status, memory.reply.headers), (reply.status, reply.headers));
        assert_eq!(memory.reply.body, reply.body);
        for length in 0..bytes.len() - reply.body.len() {
            assert!(Memory::decode(bytes.slice(..length)).is_none(), "{length}");
        }
        let mut other = bytes.to_vec();
        other[0] = FORMAT + 1;
        assert!(Memory::decode(other.into()).is_none());
    }
}
