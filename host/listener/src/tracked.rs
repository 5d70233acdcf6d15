//! An answer's body that tells when it waits for its caller, and holds its request open until it is dropped.

use std::pin::Pin;
use std::task::{Context, Poll};

use hyper::body::{Body, Frame, SizeHint};

use crate::activity::OpenRequest;

/// A body with the request that it answers.
pub(crate) struct Tracked<B> {
    body: B,
    request: OpenRequest,
}

impl<B> Tracked<B> {
    pub(crate) fn new(body: B, mut request: OpenRequest) -> Self {
        request.given();
        Self { body, request }
    }
}

impl<B: Body + Unpin> Body for Tracked<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let frame = Pin::new(&mut self.body).poll_frame(cx);
        if frame.is_pending() {
            self.request.asked_for();
        } else {
            self.request.given();
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
