//! Reads a request's body within its size and time. It does not look into it.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Incoming};

use crate::Refusal;

/// Bytes that are read and thrown away after a body proved too large, so that its sender gets to see the answer.
const MOST_DISCARDED: u64 = 32 << 20;
/// How long that may take.
const DISCARD_TIME: Duration = Duration::from_secs(5);

/// The whole body.
pub(crate) async fn read(body: Incoming, most: u64, time: Duration) -> Result<Bytes, Refusal> {
    if body.is_end_stream() {
        return Ok(Bytes::new());
    }
    let slow = Refusal::TooSlow(time.as_secs());
    tokio::time::timeout(time, collect(body, most)).await.unwrap_or(Err(slow))
}

async fn collect(mut body: Incoming, most: u64) -> Result<Bytes, Refusal> {
    if body.size_hint().lower() > most {
        discard(body).await;
        return Err(Refusal::TooLarge(most));
    }
    let Some(first) = next(&mut body).await? else { return Ok(Bytes::new()) };
    if body.is_end_stream() && first.len() as u64 <= most {
        return Ok(first);
    }
    let expected = usize::try_from(body.size_hint().lower()).unwrap_or(0);
    let mut whole = BytesMut::with_capacity(first.len() + expected);
    let mut data = Some(first);
    while let Some(bytes) = data {
        if (whole.len() + bytes.len()) as u64 > most {
            drop(whole);
            discard(body).await;
            return Err(Refusal::TooLarge(most));
        }
        whole.extend_from_slice(&bytes);
        data = next(&mut body).await?;
    }
    Ok(whole.freeze())
}

/// The next data; trailers are skipped.
async fn next(body: &mut Incoming) -> Result<Option<Bytes>, Refusal> {
    while let Some(frame) = body.frame().await {
        if let Ok(data) = frame.map_err(|_| Refusal::Broken)?.into_data() {
            return Ok(Some(data));
        }
    }
    Ok(None)
}

async fn discard(mut body: Incoming) {
    let reading = async {
        let mut left = MOST_DISCARDED;
        while let Ok(Some(bytes)) = next(&mut body).await {
            left = left.saturating_sub(bytes.len() as u64);
            if left == 0 {
                return;
            }
        }
    };
    let _ = tokio::time::timeout(DISCARD_TIME, reading).await;
}
