//! The bounds of a listener's connections. It holds numbers and their reasons; the rest of the room keeps to them.

use std::time::Duration;

/// Headers of a request.
pub(crate) const HEADERS: usize = 100;
/// Requests open at a time on one HTTP/2 connection.
pub(crate) const STREAMS: u32 = 128;
/// Streams that a caller has reset while the server had not yet looked at them: more are a flood.
pub(crate) const PENDING_RESETS: usize = 20;
/// Streams of an HTTP/2 connection that the server itself reset for errors of the caller: more are a flood.
pub(crate) const ERROR_RESETS: usize = 256;
/// How often an HTTP/2 caller is asked whether it is still there, and how long it may take to say so.
pub(crate) const PING_EVERY: Duration = Duration::from_secs(20);
pub(crate) const PONG_WITHIN: Duration = Duration::from_secs(10);
/// How long a connection that was told to close may go on without an open request.
pub(crate) const GOODBYE: Duration = Duration::from_secs(5);

/// Bounds of a listener's connections.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Connections at a time; more wait in the system's backlog.
    pub connections: usize,
    /// Connections at a time from one address, or one /64 of IPv6; more are closed. A proxy in front is one address, so
    /// this is no small number.
    pub connections_per_address: usize,
    /// To a connection's first byte. hyper's sniffing of the protocol has no clock (measured).
    pub first_byte_time: Duration,
    /// For the whole TLS handshake.
    pub handshake_time: Duration,
    /// From the first byte of a request's head to its last.
    pub head_time: Duration,
    /// How long a connection may be without a request. HTTP/2's pings are none.
    pub idle_time: Duration,
    /// How long an HTTP/2 connection is used before its caller is told to open another, so that callers spread anew over
    /// the servers that are there.
    pub age: Duration,
    /// How long an answer may lie unread. Neither hyper nor the system has a bound of its own (measured).
    pub unread_time: Duration,
    /// Bytes of a request's head; 431 above it. hyper's own default is about 400 KB.
    pub head_bytes: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            connections: 4_096,
            connections_per_address: 1_024,
            first_byte_time: Duration::from_secs(5),
            handshake_time: Duration::from_secs(10),
            head_time: Duration::from_secs(10),
            idle_time: Duration::from_secs(60),
            age: Duration::from_secs(3_600),
            unread_time: Duration::from_secs(30),
            head_bytes: 64 << 10,
        }
    }
}
