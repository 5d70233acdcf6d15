//! What the server tells about itself: lines on the terminal, and `server.json` for the tools on this machine. The token in
//! it is valid while this server runs and readable by its owner alone.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use weir_engine::Catalog;
use weir_vault::{Role, Token};

use crate::output::Out;

/// How long a token in `server.json` is valid; it is replaced when half of that is over.
const TOKEN_TIME: Duration = Duration::from_secs(24 * 3600);

/// A running server, as tools on the same machine find it.
#[derive(Clone)]
pub(super) struct LocalServer {
    pub(super) hooks: String,
    pub(super) admin: String,
    /// The admin's certificate, for clients on this machine to trust: the file is as good as the address.
    pub(super) certificate: Option<Arc<[u8]>>,
    pub(super) folder: PathBuf,
}

impl LocalServer {
    /// Writes `server.json`, then tells that the server listens. The operator's token is shown at the first start only.
    pub(super) fn announce(&self, catalog: &Arc<Catalog>, out: &Out) -> Result<()> {
        self.write(catalog)?;
        let first = catalog.first_operator_token();
        if out.json() {
            let token = first.as_ref().map(Token::reveal);
            out.line(json!({ "hooks": self.hooks, "admin": self.admin, "token": token }).to_string())?;
            return Ok(());
        }
        out.line(format!("Webhooks   {}/webhook/{{key}}", self.hooks))?;
        out.line(format!("Admin API  {}/api/v1", self.admin))?;
        if let Some(token) = first {
            out.line(format!("Sign in    with the operator's token, shown this once: {}", token.reveal()))?;
        } else {
            out.line("Sign in    with the operator's token that was shown at the first start.")?;
        }
        out.line("On this machine, other weir commands need neither address nor token. Ctrl-C stops the server.")?;
        Ok(())
    }

    fn path(&self) -> PathBuf {
        self.folder.join("server.json")
    }

    fn write(&self, catalog: &Arc<Catalog>) -> Result<()> {
        let token = catalog.issue_session(Role::Operator, None, TOKEN_TIME)?;
        let content = json!({
            "admin": self.admin,
            "hooks": self.hooks,
            "token": token.reveal(),
            "pid": std::process::id(),
            "certificate": self.certificate.as_ref().map(|bytes| STANDARD.encode(bytes)),
        });
        // Written beside and moved, so that no reader sees half of it; never readable by others.
        let path = self.path();
        let fresh = path.with_extension("json.new");
        let _ = fs::remove_file(&fresh);
        let file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&fresh);
        let mut file = file.with_context(|| format!("{} cannot be written", fresh.display()))?;
        file.write_all(content.to_string().as_bytes())?;
        fs::rename(&fresh, &path).with_context(|| format!("{} cannot be written", path.display()))
    }

    /// Takes `server.json` away, so that tools say that no server runs.
    pub(super) fn withdraw(&self) {
        let _ = fs::remove_file(self.path());
    }
}

/// Replaces the token in `server.json` before it expires, for as long as the server runs.
pub(super) async fn renew(here: LocalServer, catalog: Arc<Catalog>) {
    loop {
        tokio::time::sleep(TOKEN_TIME / 2).await;
        if let Err(error) = here.write(&catalog) {
            tracing::warn!(%error, "server.json could not be renewed.");
        }
    }
}
