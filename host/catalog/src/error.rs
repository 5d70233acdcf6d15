//! Why something asked of the catalog did not happen. It words the errors; admin turns their class into a status.

use std::fmt;

use weir_cluster::ClusterError;
use weir_model::{Code, Coded, Findings, IdError, TenantId};
use weir_sandbox::SandboxError;
use weir_vault::{KeysError, SealError, TokenError};

/// What kind of thing is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Thing {
    /// A tenant.
    Tenant,
    /// A flow.
    Flow,
    /// A flow's numbered version.
    Version,
    /// A custom action or one of its versions.
    Action,
    /// A token.
    Token,
    /// A secret.
    Secret,
}

impl fmt::Display for Thing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tenant => "tenant",
            Self::Flow => "flow",
            Self::Version => "version",
            Self::Action => "action",
            Self::Token => "token",
            Self::Secret => "secret",
        })
    }
}

/// How an error is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// The request is wrong in itself: 400.
    Bad,
    /// Nobody knows the bearer: 401.
    Unauthorized,
    /// It does not exist: 404.
    NotFound,
    /// It exists in another form, or changed meanwhile: 409.
    Conflict,
    /// More bytes than allowed: 413.
    TooLarge,
    /// Understood, and not acceptable: 422.
    Invalid,
    /// Not now: 503.
    Unavailable,
    /// The server's own fault: 500.
    Internal,
}

/// Why something asked of the catalog did not happen.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CatalogError {
    /// It does not exist.
    #[error("there is no {thing} {name:?}{within}: check the name, or list what there is")]
    NotFound {
        /// What kind of thing.
        thing: Thing,
        /// What was asked for.
        name: String,
        /// Where it was looked for; starts with its own space.
        within: String,
    },
    /// It exists already, in another form.
    #[error("{thing} {name:?} exists already: {hint}")]
    Exists {
        /// What kind of thing.
        thing: Thing,
        /// Its name.
        name: String,
        /// What to do next.
        hint: &'static str,
    },
    /// It changed since the caller read it.
    #[error(
        "{thing} {name:?} changed meanwhile: it is at revision {found}, you had revision {expected}; read it again and repeat your change"
    )]
    Changed {
        /// What kind of thing.
        thing: Thing,
        /// Its name.
        name: String,
        /// The revision the caller had.
        expected: u64,
        /// The revision it has.
        found: u64,
    },
    /// Another host changed it at the same moment.
    #[error("{what} was changed by somebody else at the same moment; read it again and repeat your change")]
    Raced {
        /// What was to be changed.
        what: String,
    },
    /// It is needed.
    #[error("action {name:?} is in use by {} and cannot be deleted: publish them with another version first", .flows.join(", "))]
    InUse {
        /// The action's name and version.
        name: String,
        /// Names of the flows that use it, the first few.
        flows: Vec<String>,
    },
    /// The definition has errors.
    #[error("the definition of flow {flow:?} has {} to mend first; see the findings", plural(.findings))]
    Invalid {
        /// The flow.
        flow: String,
        /// All findings, warnings included.
        findings: Findings,
    },
    /// Limits that cannot be set.
    #[error("the limits cannot be set: {} to mend first; see the findings", plural(.0))]
    Limits(Findings),
    /// The definition names another flow than the one it is saved as.
    #[error("the definition says name: {found}, but it is saved as flow {expected:?}: make both the same")]
    OtherName {
        /// The flow it is saved as.
        expected: String,
        /// The name in the text.
        found: String,
    },
    /// Nothing of the flow is published.
    #[error("flow {flow:?} has no published version: publish it first")]
    Unpublished {
        /// The flow.
        flow: String,
    },
    /// A limit of the catalog.
    #[error("{what} would exceed the limit of {limit}: {hint}")]
    Limit {
        /// What there would be too much of.
        what: &'static str,
        /// The limit.
        limit: usize,
        /// What to do next.
        hint: &'static str,
    },
    /// An action that may not be added.
    #[error("action {name:?} cannot be added: {reason}")]
    Action {
        /// What it calls itself.
        name: String,
        /// Why, and what to do next.
        reason: String,
    },
    /// A value of the request is out of range.
    #[error("{0}")]
    Bad(String),
    /// A name that breaks the rules of names.
    #[error(transparent)]
    Name(#[from] IdError),
    /// The bearer is not known.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// The sandbox refused or failed.
    #[error(transparent)]
    Sandbox(#[from] SandboxError),
    /// The cluster did not take or give a document.
    #[error("the catalog's documents cannot be read or written: {0}")]
    Cluster(ClusterError),
    /// A stored document cannot be read.
    #[error(
        "the stored document {key} cannot be read: {reason}; restore it from a backup, or delete what it belongs to"
    )]
    Damaged {
        /// Which.
        key: String,
        /// Why.
        reason: String,
    },
    /// The keys that seal secrets cannot be had.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// A sealed value does not open, or cannot be sealed.
    #[error("{what} cannot be opened: {error}")]
    Sealed {
        /// What it is.
        what: String,
        /// Why.
        error: SealError,
    },
    /// There are secrets that no key opens.
    #[error(
        "the secrets of tenant {tenant}{others} cannot be opened: {error}. The secret keys here are {keys}. Start the \
         server with the file of keys that it had when they were set, `weir serve --secret-keys FILE`"
    )]
    Locked {
        /// The first tenant whose secrets they are.
        tenant: TenantId,
        /// How many more there are; starts with its own space.
        others: String,
        /// The ids of the keys that are here.
        keys: String,
        /// Why.
        error: SealError,
    },
    /// The server is going down.
    #[error("the change was not finished because the server is stopping; check its state and repeat it")]
    Stopping,
}

impl From<ClusterError> for CatalogError {
    fn from(error: ClusterError) -> Self {
        match error {
            ClusterError::Conflict { kind, name, .. } => Self::Raced { what: format!("{kind} {name:?}") },
            other => Self::Cluster(other),
        }
    }
}

fn plural(findings: &Findings) -> String {
    let errors = findings.iter().filter(|finding| finding.severity == weir_model::Severity::Error).count();
    if errors == 1 { "one error".into() } else { format!("{errors} errors") }
}

impl CatalogError {
    pub(crate) fn not_found(thing: Thing, name: impl fmt::Display) -> Self {
        Self::NotFound { thing, name: name.to_string(), within: String::new() }
    }

    pub(crate) fn not_found_in(thing: Thing, name: impl fmt::Display, within: impl fmt::Display) -> Self {
        Self::NotFound { thing, name: name.to_string(), within: format!(" in {within}") }
    }

    /// How it is answered.
    pub fn class(&self) -> Class {
        match self {
            Self::Bad(_) | Self::Name(_) => Class::Bad,
            Self::Token(_) => Class::Unauthorized,
            Self::NotFound { .. } => Class::NotFound,
            Self::Exists { .. } | Self::Changed { .. } | Self::Raced { .. } | Self::InUse { .. } => Class::Conflict,
            Self::Invalid { .. }
            | Self::Limits(_)
            | Self::OtherName { .. }
            | Self::Unpublished { .. }
            | Self::Limit { .. }
            | Self::Keys(_)
            | Self::Action { .. } => Class::Invalid,
            Self::Sandbox(error) => sandbox_class(error),
            Self::Cluster(_) | Self::Stopping => Class::Unavailable,
            Self::Damaged { .. } | Self::Sealed { .. } | Self::Locked { .. } => Class::Internal,
        }
    }

    /// The findings, where the definition is what is wrong.
    pub fn findings(&self) -> Option<&Findings> {
        match self {
            Self::Invalid { findings, .. } | Self::Limits(findings) => Some(findings),
            _ => None,
        }
    }
}

fn sandbox_class(error: &SandboxError) -> Class {
    match error {
        SandboxError::TooLarge { .. } => Class::TooLarge,
        SandboxError::Engine { .. } | SandboxError::Cache { .. } | SandboxError::Busy { .. } => Class::Unavailable,
        SandboxError::Source { .. } | SandboxError::Hash { .. } => Class::Internal,
        SandboxError::Shared(error) => sandbox_class(error),
        _ => Class::Invalid,
    }
}

impl Coded for CatalogError {
    fn code(&self) -> Code {
        Code::new(match self {
            Self::NotFound { thing, .. } => match thing {
                Thing::Tenant => "WEIR-CATALOG-TENANT-UNKNOWN",
                Thing::Flow => "WEIR-CATALOG-FLOW-UNKNOWN",
                Thing::Version => "WEIR-CATALOG-VERSION-UNKNOWN",
                Thing::Action => "WEIR-CATALOG-ACTION-UNKNOWN",
                Thing::Token => "WEIR-CATALOG-TOKEN-UNKNOWN",
                Thing::Secret => "WEIR-CATALOG-SECRET-UNKNOWN",
            },
            Self::Exists { .. } => "WEIR-CATALOG-EXISTS",
            Self::Changed { .. } | Self::Raced { .. } => "WEIR-CATALOG-CHANGED",
            Self::InUse { .. } => "WEIR-CATALOG-IN-USE",
            Self::Invalid { .. } => "WEIR-CATALOG-INVALID",
            Self::Limits(_) => "WEIR-CATALOG-LIMITS-INVALID",
            Self::OtherName { .. } => "WEIR-CATALOG-OTHER-NAME",
            Self::Unpublished { .. } => "WEIR-CATALOG-UNPUBLISHED",
            Self::Limit { .. } => "WEIR-CATALOG-LIMIT",
            Self::Action { .. } => "WEIR-CATALOG-ACTION-REFUSED",
            Self::Bad(_) => "WEIR-CATALOG-BAD-VALUE",
            Self::Damaged { .. } => "WEIR-CATALOG-DAMAGED",
            Self::Stopping => "WEIR-CATALOG-STOPPING",
            Self::Locked { .. } => "WEIR-CATALOG-SECRETS-LOCKED",
            Self::Keys(error) => return error.code(),
            Self::Sealed { error, .. } => return error.code(),
            Self::Name(error) => return error.code(),
            Self::Token(error) => return error.code(),
            Self::Sandbox(error) => return error.code(),
            Self::Cluster(error) => return error.code(),
        })
    }
}
