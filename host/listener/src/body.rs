//! Reads a request's body within its size, its time and a least rate. It does not look into it.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, StatusCode};
use http_body_util::BodyExt as _;
use hyper::body::Body;
use tokio::time::Instant;
use weir_model::{Code, Coded};

use crate::{Coding, CodingError};

/// Bytes that are read and thrown away after a body proved too large, so that its sender gets to see the answer.
const MOST_DISCARDED: u64 = 128 << 20;
/// How long that may take.
const DISCARD_TIME: Duration = Duration::from_secs(5);
/// Bytes a second that a body has to bring: less is a sender who means to hold the connection.
const LEAST_RATE: u64 = 500;
/// Into how many parts a body's time is cut; each has to bring its share.
const PARTS: u32 = 3;
/// Bytes that are set aside at once for a body whose length is announced: the rest only as they come.
const FIRST_ROOM: u64 = 1 << 20;

/// How large a body may be and how long it may take.
#[derive(Clone, Copy, Debug)]
pub struct BodyLimits {
    /// Bytes, as sent and also as decoded.
    pub most: u64,
    /// For the whole body.
    pub time: Duration,
}

/// A body as it came, and as it is meant.
#[derive(Clone, Debug)]
pub struct Received {
    /// What was sent: the bytes that a sender signed.
    pub raw: Bytes,
    /// What it is without its content coding; the same bytes where it has none.
    pub decoded: Bytes,
}

/// Why a body could not be taken.
#[derive(Debug, thiserror::Error)]
pub enum BodyError {
    /// It is too large.
    #[error("The body is larger than {0} bytes, which is the limit here.")]
    TooLarge(u64),
    /// It did not come in time.
    #[error("The body did not arrive within {0} seconds.")]
    TooLate(u64),
    /// It comes slower than anything that means well.
    #[error("The body came at less than {LEAST_RATE} bytes a second.")]
    TooSlow,
    /// The connection broke, or the framing is wrong.
    #[error("The body could not be read to its end.")]
    Broken,
    /// Its content coding could not be undone.
    #[error(transparent)]
    Coding(#[from] CodingError),
}

impl BodyError {
    /// The status of the answer.
    pub const fn status(&self) -> StatusCode {
        match self {
            Self::TooLarge(_) | Self::Coding(CodingError::TooLarge(_) | CodingError::TooDense) => {
                StatusCode::PAYLOAD_TOO_LARGE
            }
            Self::TooLate(_) | Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::Coding(CodingError::Unknown(_)) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Broken | Self::Coding(CodingError::Malformed(_)) => StatusCode::BAD_REQUEST,
        }
    }

    /// Whether the rest of the body may still be on its way, so that the connection is of no more use.
    pub const fn ends_connection(&self) -> bool {
        !matches!(self, Self::Coding(_))
    }
}

impl Coded for BodyError {
    fn code(&self) -> Code {
        match self {
            Self::TooLarge(_) => Code::new("WEIR-BODY-SIZE"),
            Self::TooLate(_) | Self::TooSlow => Code::new("WEIR-BODY-SLOW"),
            Self::Broken => Code::new("WEIR-BODY-BROKEN"),
            Self::Coding(error) => error.code(),
        }
    }
}

/// Reads the whole body and undoes its content coding.
///
/// # Errors
/// Where it is too large, too slow, broken, or its coding is none that is known.
pub async fn read<B>(headers: &HeaderMap, body: B, limits: BodyLimits) -> Result<Received, BodyError>
where
    B: Body<Data = Bytes> + Unpin,
{
    let coding = Coding::of(headers)?;
    if body.is_end_stream() {
        return Ok(Received { raw: Bytes::new(), decoded: Bytes::new() });
    }
    let raw = collect(body, limits).await?;
    let decoded = coding.undone(&raw, limits.most).await?;
    Ok(Received { raw, decoded })
}

async fn collect<B: Body<Data = Bytes> + Unpin>(mut body: B, limits: BodyLimits) -> Result<Bytes, BodyError> {
    let most = limits.most;
    if body.size_hint().lower() > most {
        discard(body).await;
        return Err(BodyError::TooLarge(most));
    }
    let mut pace = Pace::new(limits.time);
    let Some(first) = pace.next(&mut body).await? else { return Ok(Bytes::new()) };
    if body.is_end_stream() && first.len() as u64 <= most {
        return Ok(first);
    }
    let expected = usize::try_from(body.size_hint().lower().min(FIRST_ROOM)).unwrap_or(0);
    let mut whole = BytesMut::with_capacity(first.len() + expected);
    let mut data = Some(first);
    while let Some(bytes) = data {
        if (whole.len() + bytes.len()) as u64 > most {
            drop(whole);
            discard(body).await;
            return Err(BodyError::TooLarge(most));
        }
        whole.extend_from_slice(&bytes);
        data = pace.next(&mut body).await?;
    }
    Ok(whole.freeze())
}

/// The clock of one body.
struct Pace {
    time: Duration,
    /// When the whole body has to be there.
    end: Instant,
    /// When the part under way is over.
    part_end: Instant,
    /// What it brought so far.
    came: u64,
}

impl Pace {
    fn new(time: Duration) -> Self {
        let now = Instant::now();
        Self { time, end: now + time, part_end: now + time / PARTS, came: 0 }
    }

    /// The next data; trailers are skipped.
    async fn next<B: Body<Data = Bytes> + Unpin>(&mut self, body: &mut B) -> Result<Option<Bytes>, BodyError> {
        loop {
            match tokio::time::timeout_at(self.part_end, body.frame()).await {
                Ok(None) => return Ok(None),
                Ok(Some(Err(_))) => return Err(BodyError::Broken),
                Ok(Some(Ok(frame))) => {
                    if let Ok(data) = frame.into_data() {
                        self.came += data.len() as u64;
                        return Ok(Some(data));
                    }
                }
                Err(_) => self.next_part()?,
            }
        }
    }

    fn next_part(&mut self) -> Result<(), BodyError> {
        let part = self.time / PARTS;
        if self.came < share(part) {
            return Err(BodyError::TooSlow);
        }
        self.came = 0;
        self.part_end += part;
        if self.part_end > self.end { Err(BodyError::TooLate(self.time.as_secs())) } else { Ok(()) }
    }
}

/// Bytes that a part of a body's time has to bring; one at the least.
fn share(part: Duration) -> u64 {
    let millis = u64::try_from(part.as_millis()).unwrap_or(u64::MAX);
    (millis.saturating_mul(LEAST_RATE) / 1_000).max(1)
}

/// Reads and drops what a sender is about to send: most look for an answer only after they have sent all.
async fn discard<B: Body<Data = Bytes> + Unpin>(mut body: B) {
    let reading = async {
        let mut left = MOST_DISCARDED;
        while let Some(Ok(frame)) = body.frame().await {
            left = left.saturating_sub(frame.data_ref().map_or(0, |data| data.len() as u64));
            if left == 0 {
                return;
            }
        }
    };
    let _ = tokio::time::timeout(DISCARD_TIME, reading).await;
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use futures_util::stream::{StreamExt as _, iter, pending, unfold};
    use http_body_util::{Full, StreamBody};
    use hyper::body::Frame;

    use super::*;

    const LIMITS: BodyLimits = BodyLimits { most: 1_000, time: Duration::from_millis(300) };

    fn frame(bytes: Bytes) -> Result<Frame<Bytes>, Infallible> {
        Ok(Frame::data(bytes))
    }

    async fn code(body: impl Body<Data = Bytes, Error = Infallible> + Unpin) -> String {
        let read = read(&HeaderMap::new(), body, LIMITS).await;
        read.map_or_else(|error| error.code().to_string(), |body| body.decoded.len().to_string())
    }

    #[tokio::test]
    async fn a_body_is_held_to_its_size() {
        for (length, expected) in [(0, "0"), (999, "999"), (1_000, "1000"), (1_001, "WEIR-BODY-SIZE")] {
            let bytes = Bytes::from(vec![b'a'; length]);
            assert_eq!(code(Full::new(bytes.clone())).await, expected);
            let pieces: Vec<_> = bytes.chunks(7).map(|piece| frame(Bytes::copy_from_slice(piece))).collect();
            assert_eq!(code(StreamBody::new(iter(pieces))).await, expected, "in pieces");
        }
    }

    #[tokio::test]
    async fn a_body_is_held_to_its_time_and_to_a_least_rate() {
        let stalled = iter([frame(Bytes::from_static(b"{"))]).chain(pending());
        assert_eq!(code(StreamBody::new(stalled)).await, "WEIR-BODY-SLOW");
        let every = |millis, bytes: &'static [u8]| {
            Box::pin(unfold((), move |()| async move {
                tokio::time::sleep(Duration::from_millis(millis)).await;
                Some((frame(Bytes::from_static(bytes)), ()))
            }))
        };
        let dripped = read(&HeaderMap::new(), StreamBody::new(every(10, b"a")), LIMITS).await;
        assert!(matches!(dripped, Err(BodyError::TooSlow)), "{dripped:?}");
        let endless = read(&HeaderMap::new(), StreamBody::new(every(10, &[b'a'; 20])), LIMITS).await;
        assert!(matches!(endless, Err(BodyError::TooLate(_))), "{endless:?}");
    }
}
