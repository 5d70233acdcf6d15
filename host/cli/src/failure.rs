//! Why a command did not do what it was asked, and the exit code that says so. It prints nothing; output does.

use std::io;
use std::path::PathBuf;

use weir_model::{Code, Coded, Findings};

/// What the process says at its end. Scripts rely on the numbers: they never change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done.
    Done,
    /// The server or a check said no.
    Refused,
    /// The command line asks for something that makes no sense.
    Usage,
    /// No server was reached.
    Unreachable,
    /// Not signed in, or not allowed.
    Forbidden,
    /// What was named does not exist.
    NotFound,
}

impl Exit {
    /// The number.
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Refused => 1,
            Self::Usage => 2,
            Self::Unreachable => 3,
            Self::Forbidden => 4,
            Self::NotFound => 5,
        }
    }
}

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The server answered with an error.
    #[error("{message}")]
    Server {
        /// The answer's HTTP status.
        status: u16,
        /// The server's code.
        code: Code,
        /// The server's words.
        message: String,
        /// What its check found, where it checked something.
        findings: Findings,
    },
    /// The server's answer makes no sense.
    #[error("the server at {server} gave an answer that this weir does not understand: {reason}")]
    Answer {
        /// Where.
        server: String,
        /// What was odd.
        reason: String,
    },
    /// Nobody answered.
    #[error("cannot reach the server at {server}: {reason}")]
    Unreachable {
        /// Where.
        server: String,
        /// Why.
        reason: String,
        /// The folder whose `server.json` named it, where one did.
        data: Option<PathBuf>,
    },
    /// No server was named and none runs here.
    #[error("no server was named, and {} is not there", file.display())]
    NoServer {
        /// The file that a running server would have written.
        file: PathBuf,
    },
    /// A server was named but no token.
    #[error("no token for {server}")]
    NoToken {
        /// Where.
        server: String,
    },
    /// An action that was tried here failed, or was refused before it ran.
    #[error("{message}")]
    Action {
        /// The code that the server would give.
        code: Code,
        /// What happened.
        message: String,
        /// What was found wrong with what it was given.
        findings: Findings,
    },
    /// A data folder or a backup on this machine is not as it should be.
    #[error(transparent)]
    Store(#[from] weir_store::StoreError),
    /// The server cannot start on what its data folder holds.
    #[error(transparent)]
    Catalog(Box<weir_catalog::CatalogError>),
    /// The file of secret keys is not as it should be.
    #[error(transparent)]
    Keys(Box<weir_vault::KeysError>),
    /// A certificate or its key cannot be used.
    #[error(transparent)]
    Tls(Box<weir_listener::TlsError>),
    /// A check done here said no; its findings are printed already.
    #[error("{0}")]
    Check(String),
    /// Somebody answered no to a question.
    #[error("nothing was changed")]
    Declined,
    /// There is nobody to ask.
    #[error("{act}, and there is no terminal to ask on")]
    Unconfirmed {
        /// What would happen, as a sentence's start.
        act: String,
    },
    /// The command line cannot be meant.
    #[error("{0}")]
    Usage(String),
    /// A file could not be read or written.
    #[error("cannot {act} {}: {error}", path.display())]
    File {
        /// `read` or `write`.
        act: &'static str,
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// What was asked for is not there.
    #[error("{0}")]
    NotFound(String),
    /// The reader of the output went away, as `head` does.
    #[error("the reader of the output went away")]
    Closed,
    /// Anything else; the server's own start above all.
    #[error("{0:#}")]
    Other(anyhow::Error),
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        let error = match error.downcast::<Self>() {
            Ok(failure) => return failure,
            Err(error) => error,
        };
        error.downcast::<weir_catalog::CatalogError>().map_or_else(Self::Other, Self::from)
    }
}

impl From<weir_catalog::CatalogError> for Failure {
    fn from(error: weir_catalog::CatalogError) -> Self {
        Self::Catalog(Box::new(error))
    }
}

impl From<weir_vault::KeysError> for Failure {
    fn from(error: weir_vault::KeysError) -> Self {
        Self::Keys(Box::new(error))
    }
}

impl From<weir_listener::TlsError> for Failure {
    fn from(error: weir_listener::TlsError) -> Self {
        Self::Tls(Box::new(error))
    }
}

impl Coded for Failure {
    fn code(&self) -> Code {
        match self {
            Self::Server { code, .. } | Self::Action { code, .. } => code.clone(),
            Self::Answer { .. } => Code::new("WEIR-CLI-ANSWER"),
            Self::Unreachable { .. } => Code::new("WEIR-CLI-UNREACHABLE"),
            Self::NoServer { .. } => Code::new("WEIR-CLI-NO-SERVER"),
            Self::NoToken { .. } => Code::new("WEIR-CLI-NO-TOKEN"),
            Self::Store(error) => error.code(),
            Self::Catalog(error) => error.code(),
            Self::Keys(error) => error.code(),
            Self::Tls(error) => error.code(),
            Self::Check(_) => Code::new("WEIR-CLI-CHECK"),
            Self::Declined => Code::new("WEIR-CLI-DECLINED"),
            Self::Unconfirmed { .. } => Code::new("WEIR-CLI-UNCONFIRMED"),
            Self::Usage(_) => Code::new("WEIR-CLI-USAGE"),
            Self::File { .. } => Code::new("WEIR-CLI-FILE"),
            Self::NotFound(_) => Code::new("WEIR-CLI-NOT-FOUND"),
            Self::Closed => Code::new("WEIR-CLI-CLOSED"),
            Self::Other(_) => Code::new("WEIR-CLI-FAILED"),
        }
    }
}

impl Failure {
    /// The exit code that tells a script what kind of failure it was.
    pub(crate) const fn exit(&self) -> Exit {
        match self {
            Self::Server { status: 401 | 403, .. } | Self::NoToken { .. } => Exit::Forbidden,
            Self::Server { status: 404, .. } | Self::NotFound(_) => Exit::NotFound,
            Self::Unreachable { .. } | Self::NoServer { .. } => Exit::Unreachable,
            Self::Unconfirmed { .. } | Self::Usage(_) | Self::File { .. } | Self::Tls(_) => Exit::Usage,
            Self::Server { .. }
            | Self::Answer { .. }
            | Self::Action { .. }
            | Self::Store(_)
            | Self::Catalog(_)
            | Self::Keys(_)
            | Self::Check(_)
            | Self::Declined
            | Self::Other(_) => Exit::Refused,
            Self::Closed => Exit::Done,
        }
    }

    /// What to do next, where the message does not say it.
    pub(crate) fn next(&self) -> Option<String> {
        Some(match self {
            Self::Server { status: 401, .. } => {
                "give a valid token with --token or WEIR_TOKEN; `weir serve` prints the operator's at its first start"
                    .into()
            }
            Self::Server { status: 403, .. } => "use a token whose role and tenant allow this".into(),
            Self::Server { status: 404, .. } => {
                "`weir flow list`, `weir action list`, `weir secret list` and `weir run list` show what there is; --tenant picks the tenant"
                    .into()
            }
            Self::Answer { .. } => {
                "check that --server names weir's admin address and that both are of one version".into()
            }
            Self::Unreachable { data: Some(data), .. } => format!(
                "start it with `weir serve --data {}`, or name another with --server and --token",
                data.display()
            ),
            Self::Unreachable { .. } => "check --server or WEIR_SERVER, and that the server runs".into(),
            Self::NoServer { .. } => {
                "start one with `weir serve`, point --data at the folder of one that runs, or give --server and --token"
                    .into()
            }
            Self::NoToken { .. } => "give one with --token or WEIR_TOKEN".into(),
            Self::Store(weir_store::StoreError::Locked { .. }) => {
                "stop the server that has it open; while it runs, `weir backup` and `weir restore` make a copy to look at"
                    .into()
            }
            Self::Unconfirmed { .. } => "say --yes to go ahead without being asked".into(),
            _ => return None,
        })
    }

    /// What a check found, where that is why the answer was no.
    pub(crate) fn findings(&self) -> &[weir_model::Finding] {
        match self {
            Self::Server { findings, .. } | Self::Action { findings, .. } => findings,
            _ => &[],
        }
    }

    /// Reading `path` went wrong.
    pub(crate) fn reading(path: impl Into<PathBuf>, error: io::Error) -> Self {
        Self::File { act: "read", path: path.into(), error }
    }

    /// Writing `path` went wrong.
    pub(crate) fn writing(path: impl Into<PathBuf>, error: io::Error) -> Self {
        Self::File { act: "write", path: path.into(), error }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(status: u16) -> Failure {
        Failure::Server { status, code: Code::new("WEIR-X"), message: "no".into(), findings: Vec::new() }
    }

    #[test]
    fn a_failure_keeps_its_exit_code_through_anyhow() {
        for (failure, code) in [
            (server(422), 1),
            (Failure::Usage("x".into()), 2),
            (Failure::NoServer { file: "x".into() }, 3),
            (server(401), 4),
            (server(403), 4),
            (server(404), 5),
        ] {
            assert_eq!(Failure::from(anyhow::Error::new(failure)).exit().code(), code);
        }
        assert_eq!(Failure::from(anyhow::anyhow!("boom")).exit(), Exit::Refused);
    }
}
