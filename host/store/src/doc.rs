//! Documents: small named values with revisions, changed by compare-and-set. It holds their shape, not their content.

use bytes::Bytes;
use weir_model::TenantId;

use crate::StoreError;

/// What a document is; the first byte of its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DocKind {
    /// A tenant.
    Tenant,
    /// A flow: name, hook, what is published.
    Flow,
    /// A flow's draft.
    Draft,
    /// One immutable version of a flow.
    Version,
    /// One version of an action.
    Action,
    /// An API token.
    Token,
    /// How far a flow's schedule was followed.
    Schedule,
    /// A secret, its value sealed.
    Secret,
    /// The key that seals a tenant's secrets, itself sealed.
    TenantKey,
}

impl DocKind {
    /// The name used in messages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tenant => "tenant",
            Self::Flow => "flow",
            Self::Draft => "draft",
            Self::Version => "version",
            Self::Action => "action",
            Self::Token => "token",
            Self::Schedule => "schedule",
            Self::Secret => "secret",
            Self::TenantKey => "tenant key",
        }
    }
}

/// The name of a document.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DocKey {
    /// What it is.
    pub kind: DocKind,
    /// Whose it is; none for what belongs to the whole host.
    pub tenant: Option<TenantId>,
    /// Its name, unique for its kind and tenant. Documents are listed in the order of its bytes.
    pub name: String,
}

impl DocKey {
    /// Longest name in bytes.
    pub const MAX_NAME: usize = 512;

    /// The key of a document.
    pub fn new(kind: DocKind, tenant: Option<&TenantId>, name: impl Into<String>) -> Self {
        Self { kind, tenant: tenant.cloned(), name: name.into() }
    }
}

/// A stored document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doc {
    /// Its name.
    pub key: DocKey,
    /// Grows with every change in the whole store; never used twice, not even after a deletion.
    pub revision: u64,
    /// Its content.
    pub body: Bytes,
}

/// What must hold for a change to be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// Nothing.
    Any,
    /// The document does not exist.
    Absent,
    /// The document has this revision.
    Revision(u64),
}

impl Expect {
    pub(crate) fn holds(self, found: Option<u64>) -> bool {
        match self {
            Self::Any => true,
            Self::Absent => found.is_none(),
            Self::Revision(wanted) => found == Some(wanted),
        }
    }
}

/// One change of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Which document.
    pub key: DocKey,
    /// What must hold.
    pub expect: Expect,
    /// The new content; none deletes.
    pub body: Option<Bytes>,
}

impl Change {
    /// Most changes that one call may make.
    pub const MAX_AT_ONCE: usize = 1_000;
    /// Longest body in bytes.
    pub const MAX_BODY: usize = 8 << 20;

    /// A change that writes `body`.
    pub fn put(key: DocKey, expect: Expect, body: impl Into<Bytes>) -> Self {
        Self { key, expect, body: Some(body.into()) }
    }

    /// A change that deletes.
    pub const fn delete(key: DocKey, expect: Expect) -> Self {
        Self { key, expect, body: None }
    }

    /// Checks a set of changes before it is queued.
    pub(crate) fn check(changes: &[Self]) -> Result<(), StoreError> {
        if changes.len() > Self::MAX_AT_ONCE {
            return Err(StoreError::too_large("a set of changes", changes.len(), Self::MAX_AT_ONCE));
        }
        let mut total = 0;
        let mut seen = std::collections::HashSet::with_capacity(changes.len());
        for change in changes {
            let DocKey { kind, name, .. } = &change.key;
            if name.is_empty() || name.len() > DocKey::MAX_NAME || !seen.insert(&change.key) {
                return Err(StoreError::Name { kind: kind.as_str(), name: name.chars().take(80).collect() });
            }
            total += change.body.as_ref().map_or(0, Bytes::len);
        }
        if total > Self::MAX_BODY {
            return Err(StoreError::too_large("a set of changes", total, Self::MAX_BODY));
        }
        Ok(())
    }
}
