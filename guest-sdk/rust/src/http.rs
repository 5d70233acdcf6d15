//! Outgoing HTTP. It must not open sockets: weir sends the request under its own allow-list, quotas and
//! address checks.
//!
//! Declare the hosts in the attribute: `capabilities(http("api.example.com", "GET", "POST"))`.

use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

#[cfg(target_arch = "wasm32")]
use crate::bindings::weir::action::http as host;
use crate::bindings::weir::action::http as wit;
#[cfg(not(target_arch = "wasm32"))]
use crate::testing::host::http as host;
use crate::{Result, codec};

pub use crate::bindings::weir::action::http::Error;

impl Error {
    /// Whether it may work later.
    pub(crate) fn is_passing(&self) -> bool {
        matches!(self, Self::Timeout | Self::Dns(_) | Self::Connect(_) | Self::Tls(_) | Self::Protocol(_))
    }
}

/// A GET request.
pub fn get(url: &str) -> Request {
    request("GET", url)
}

/// A POST request.
pub fn post(url: &str) -> Request {
    request("POST", url)
}

/// A request with any method, in upper case, to an absolute `http` or `https` URL.
pub fn request(method: &str, url: &str) -> Request {
    Request {
        wire: wit::Request {
            method: method.to_owned(),
            url: url.to_owned(),
            headers: Vec::new(),
            body: None,
            timeout_ms: None,
        },
        unwritable: None,
    }
}

/// A request that is being put together.
///
/// ```
/// use weir_action::{Result, http, testing};
///
/// fn rate(currency: &str) -> Result<f64> {
///     #[weir_action::data]
///     struct Rate { rate: f64 }
///     let answer = http::get(&format!("https://rates.example.com/{currency}")).send()?;
///     Ok(answer.ok()?.json::<Rate>()?.rate)
/// }
///
/// testing::answer_http(|request| {
///     assert_eq!(request.url, "https://rates.example.com/CHF");
///     Ok(testing::response(200, r#"{"rate":0.94}"#))
/// });
/// assert_eq!(rate("CHF").unwrap(), 0.94);
/// ```
#[derive(Clone, Debug)]
#[must_use = "a request is sent by `send`"]
pub struct Request {
    wire: wit::Request,
    unwritable: Option<crate::Error>,
}

impl Request {
    /// Adds a header.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.wire.headers.push((name.to_owned(), value.as_bytes().to_vec()));
        self
    }

    /// Sets the body.
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.wire.body = Some(body.into());
        self
    }

    /// Sets a JSON body and its content type.
    pub fn json(mut self, body: &(impl Serialize + ?Sized)) -> Self {
        match codec::write("the request's body", body) {
            Ok(json) => self.header("content-type", "application/json").body(json),
            Err(error) => {
                self.unwritable = Some(error);
                self
            }
        }
    }

    /// How long to wait for the whole answer; never longer than the step's own time.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.wire.timeout_ms = Some(u32::try_from(timeout.as_millis()).unwrap_or(u32::MAX));
        self
    }

    /// Sends it and waits for the answer, whatever its status.
    ///
    /// # Errors
    /// Retryable where no answer came, failed where weir refused to send it.
    pub fn send(self) -> Result<Response> {
        match self.unwritable {
            Some(error) => Err(error),
            None => Ok(Response(host::send(&self.wire)?)),
        }
    }
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Response(wit::Response);

impl Response {
    /// The status code.
    pub const fn status(&self) -> u16 {
        self.0.status
    }

    /// The first header of that name, where it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        let (_, value) = self.0.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name))?;
        std::str::from_utf8(value).ok()
    }

    /// The body.
    pub fn body(&self) -> &[u8] {
        &self.0.body
    }

    /// Whether the body was cut to the step's limit.
    pub const fn is_truncated(&self) -> bool {
        self.0.truncated
    }

    /// The body as text; what is no UTF-8 is replaced.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.body).into_owned()
    }

    /// The body read as JSON.
    ///
    /// # Errors
    /// Failed, if it is not a `T` or was cut.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        if self.is_truncated() {
            return Err(crate::Error::failed("the answer's body is larger than the step's limit"));
        }
        codec::read("the answer's body", &self.text()).map_err(|error| crate::Error::failed(error.to_string()))
    }

    /// The answer itself, if its status is 200 to 299.
    ///
    /// # Errors
    /// Retryable for 408, 425, 429 and 500 to 599, with the pause that `Retry-After` asks for; failed for others.
    pub fn ok(self) -> Result<Self> {
        let status = self.status();
        if (200..300).contains(&status) {
            return Ok(self);
        }
        let message = format!("the service answered {status}");
        if !matches!(status, 408 | 425 | 429 | 500..=599) {
            return Err(crate::Error::failed(message).with(serde_json::json!({ "status": status })));
        }
        let pause = self.header("retry-after").and_then(|text| text.trim().parse().ok());
        let error = crate::Error::retryable(message);
        Err(pause.map_or(error.clone(), |seconds| error.after(Duration::from_secs(seconds))))
    }
}
