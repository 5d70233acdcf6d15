//! Finds the server and the token: from the command line, the environment, or `server.json`, which a running server
//! leaves in its data folder. It opens no connection.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Url;
use serde::Deserialize;

use crate::args::Remote;
use crate::failure::Failure;

/// The file that `weir serve` writes at each start, readable by its owner alone.
const SERVER_FILE: &str = "server.json";

/// Where to send requests, and with which token.
#[derive(Debug)]
pub(super) struct Target {
    /// The server's admin address.
    pub(super) base: Url,
    /// The token.
    pub(super) token: String,
    /// The data folder that named the server, where one did.
    pub(super) data: Option<PathBuf>,
    /// The one certificate to trust; those that the system trusts where there is none.
    pub(super) certificate: Option<Vec<u8>>,
}

impl Target {
    /// Whether it runs on this machine.
    pub(super) fn is_local(&self) -> bool {
        is_loopback(&self.base)
    }
}

/// The part of `server.json` that a client needs. The token is valid while that server runs.
#[derive(Deserialize)]
struct ServerFile {
    admin: String,
    token: String,
    /// The server's certificate in base64, where it speaks TLS.
    #[serde(default)]
    certificate: Option<String>,
}

impl ServerFile {
    fn certificate(&self) -> Option<Vec<u8>> {
        STANDARD.decode(self.certificate.as_ref()?).ok()
    }
}

/// Decides where requests go.
pub(super) fn find(remote: &Remote) -> Result<Target, Failure> {
    let given = |text: &Option<String>| text.clone().filter(|text| !text.trim().is_empty());
    match (given(&remote.server), given(&remote.token)) {
        (Some(server), Some(token)) => Ok(Target { base: address(&server)?, token, data: None, certificate: None }),
        (Some(server), None) => {
            let base = address(&server)?;
            // The local server's token serves that server alone.
            let local = read(&remote.data).ok().filter(|file| address(&file.admin).is_ok_and(|admin| admin == base));
            let Some(file) = local else { return Err(Failure::NoToken { server }) };
            Ok(Target { base, certificate: file.certificate(), token: file.token, data: Some(remote.data.clone()) })
        }
        (None, token) => {
            let file = read(&remote.data)?;
            let base = address(&file.admin)?;
            // A folder must not be able to send a token that was given for another server anywhere it likes.
            if token.is_some() && !is_loopback(&base) {
                return Err(Failure::Usage(format!(
                    "a token was given without a server, and {} names {base}: say --server too",
                    remote.data.join(SERVER_FILE).display()
                )));
            }
            let (certificate, data) = (file.certificate(), Some(remote.data.clone()));
            Ok(Target { base, token: token.unwrap_or(file.token), data, certificate })
        }
    }
}

fn read(data: &Path) -> Result<ServerFile, Failure> {
    let file = data.join(SERVER_FILE);
    let text = fs::read_to_string(&file).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => Failure::NoServer { file: file.clone() },
        _ => Failure::reading(&file, error),
    })?;
    serde_json::from_str(&text).map_err(|error| Failure::reading(&file, error.into()))
}

fn address(text: &str) -> Result<Url, Failure> {
    let text = text.trim().trim_end_matches('/');
    let full = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
    let wrong = |why: String| {
        Failure::Usage(format!("{text} is no server address: {why}; write one like http://127.0.0.1:8788"))
    };
    let url = Url::parse(&full).map_err(|error| wrong(error.to_string()))?;
    match url.scheme() {
        "http" | "https" if url.host().is_some() => Ok(url),
        other => Err(wrong(format!("the scheme is {other}, not http or https"))),
    }
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn remote(server: Option<&str>, token: Option<&str>, data: &Path) -> Remote {
        let own = |text: Option<&str>| text.map(str::to_owned);
        Remote { server: own(server), token: own(token), data: data.into(), tenant: "default".parse().unwrap() }
    }

    fn folder(name: &str, admin: &str) -> PathBuf {
        let data = std::env::temp_dir().join(format!("weir-connect-{}-{name}", std::process::id()));
        fs::create_dir_all(&data).unwrap();
        let text = format!(r#"{{"admin":"{admin}","hooks":"http://127.0.0.1:8787","token":"local","pid":1}}"#);
        fs::write(data.join(SERVER_FILE), text).unwrap();
        data
    }

    #[test]
    fn the_command_line_wins_over_the_folder() {
        let data = folder("wins", "http://127.0.0.1:8788");
        let found = find(&remote(Some("127.0.0.1:9999/"), Some("mine"), &data)).unwrap();
        assert_eq!((found.base.as_str(), found.token.as_str()), ("http://127.0.0.1:9999/", "mine"));
        let found = find(&remote(None, None, &data)).unwrap();
        assert_eq!((found.base.as_str(), found.token.as_str()), ("http://127.0.0.1:8788/", "local"));
        let found = find(&remote(Some("http://127.0.0.1:8788"), None, &data)).unwrap();
        assert_eq!(found.token, "local");
        fs::remove_dir_all(data).unwrap();
    }

    #[test]
    fn tokens_do_not_stray() {
        let data = folder("stray", "http://203.0.113.9:8788");
        assert!(matches!(find(&remote(None, Some("mine"), &data)), Err(Failure::Usage(_))));
        assert!(matches!(find(&remote(Some("http://198.51.100.1"), None, &data)), Err(Failure::NoToken { .. })));
        fs::remove_dir_all(data).unwrap();
        assert!(matches!(find(&remote(None, None, Path::new("nowhere"))), Err(Failure::NoServer { .. })));
    }
}
