//! A guest that sends one request, through the interface it is told: weir's own, or WASI's. It shows what comes back and
//! all of its memory that looks like a secret.

#![forbid(unsafe_code)]

#[cfg(target_arch = "wasm32")]
mod wasi;

use weir_action::{Error, Result, http, secrets};

/// What to send.
#[weir_action::data]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The interface: `weir` or `wasi`.
    pub door: String,
    /// Where to.
    pub url: String,
    /// A secret that is sent as a bearer token.
    #[serde(default)]
    pub secret: Option<String>,
    /// A body; it makes the request a POST.
    #[serde(default)]
    pub body: Option<String>,
}

/// What came back.
#[weir_action::data]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The body.
    pub body: String,
    /// What stood for the secret here.
    pub token: Option<String>,
}

/// Sends one request.
#[weir_action::action(name = "caller", capabilities(http("*", "GET", "POST"), secret("TOKEN")))]
pub fn caller(config: Config) -> Result<Answer> {
    let token = config.secret.as_deref().map(secrets::placeholder).transpose();
    let token = token.map_err(|error| Error::failed(format!("no stand-in: {error:?}")))?;
    let bearer = token.as_ref().map(|token| format!("Bearer {token}"));
    let (status, body) = match config.door.as_str() {
        "weir" => through_weir(&config, bearer.as_deref())?,
        #[cfg(target_arch = "wasm32")]
        "wasi" => wasi::send(&config, bearer.as_deref())?,
        other => return Err(Error::invalid(format!("there is no door {other}"))),
    };
    Ok(Answer { status, body, token })
}

fn through_weir(config: &Config, bearer: Option<&str>) -> Result<(u16, String)> {
    let mut request = match &config.body {
        None => http::get(&config.url),
        Some(body) => http::post(&config.url).body(body.clone()),
    };
    if let Some(bearer) = bearer {
        request = request.header("authorization", bearer);
    }
    let answer = request.send()?;
    Ok((answer.status(), answer.text()))
}
