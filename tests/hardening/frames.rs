//! HTTP/2 in raw frames, for what no client library sends. It judges nothing.

/// What a connection begins with: the preface, and settings that leave all as it is.
pub fn opening() -> Vec<u8> {
    [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", &frame(SETTINGS, 0, 0, &[])[..]].concat()
}

/// A frame's type.
pub const HEADERS: u8 = 1;
/// The same.
pub const SETTINGS: u8 = 4;
/// The same.
pub const PING: u8 = 6;
/// The same.
pub const CONTINUATION: u8 = 9;

/// A frame.
pub fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap_or(0).to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// A header in HPACK, as a literal that goes into no table.
pub fn header(name: &str, value: &str) -> Vec<u8> {
    let text = |text: &str| [&[u8::try_from(text.len()).unwrap_or(0)], text.as_bytes()].concat();
    [&[0][..], &text(name), &text(value)].concat()
}
