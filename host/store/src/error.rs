//! What can go wrong in the store, each with a stable code.

use std::path::PathBuf;

use weir_model::{Code, Coded};

/// Why the store could not do what was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Another process has the folder open.
    #[error(
        "the data folder {} is in use by another process: stop the other weir, or give this one a folder of its own",
        folder.display()
    )]
    Locked {
        /// The folder.
        folder: PathBuf,
    },
    /// A newer weir wrote the folder.
    #[error(
        "the data folder {} has format {found}, this weir knows up to {known}: start the newer weir that wrote it",
        folder.display()
    )]
    Format {
        /// The folder.
        folder: PathBuf,
        /// Its format.
        found: u32,
        /// The newest format known here.
        known: u32,
    },
    /// The folder could not be brought to today's format.
    #[error(
        "the data folder {} could not be brought from format {from} to {to}: {reason}; nothing is lost: mend the disk and \
         start weir again, it goes on where it stopped",
        folder.display()
    )]
    Migration {
        /// The folder.
        folder: PathBuf,
        /// Its format.
        from: u32,
        /// The format it was to have.
        to: u32,
        /// What the system said.
        reason: String,
    },
    /// A backup could not be made, or cannot be used.
    #[error("the backup folder {}: {reason}", folder.display())]
    Backup {
        /// The folder.
        folder: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The folder could not be opened.
    #[error("the data folder {} could not be opened: {reason}; check the path, its owner and the disk", folder.display())]
    Open {
        /// The folder.
        folder: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// Something stored cannot be read as what it should be.
    #[error("the store is damaged at {place}: {reason}; restore the data folder from a backup")]
    Damaged {
        /// Where.
        place: String,
        /// What is wrong.
        reason: String,
    },
    /// The disk could not be read.
    #[error("the store could not be read: {reason}; check the disk and the log of the host")]
    Read {
        /// What the system said.
        reason: String,
    },
    /// A write or a sync failed, so nothing more is acknowledged.
    #[error(
        "the store stopped because a write to disk failed: {reason}; nothing more is accepted until the disk is mended \
         and weir is started again"
    )]
    Failed {
        /// What the system said.
        reason: String,
    },
    /// The store is shutting down.
    #[error("the store is closing: try again when the host is up")]
    Closed,
    /// Something is larger than the store takes.
    #[error("{what} has {size} bytes or items, the most is {most}: make it smaller")]
    TooLarge {
        /// What.
        what: &'static str,
        /// How large it is.
        size: usize,
        /// How large it may be.
        most: usize,
    },
    /// A document's name is empty, too long, or named twice in one change.
    #[error("{name:?} cannot be the name of a {kind} here: 1 to 512 bytes, each document once in a set of changes")]
    Name {
        /// What the document is.
        kind: &'static str,
        /// The name, cut to 80 characters.
        name: String,
    },
    /// A document is not as the change expected.
    #[error("the {kind} {name:?} was changed by somebody else: read it again and repeat the change")]
    Conflict {
        /// What the document is.
        kind: &'static str,
        /// Its name.
        name: String,
        /// The revision it has; none where it does not exist.
        found: Option<u64>,
    },
    /// A bucket or key of the key-value store cannot have this name.
    #[error("{name:?} cannot be the name of a {what}: use {rule}")]
    KvName {
        /// `bucket` or `key`.
        what: &'static str,
        /// The name, cut to 80 characters.
        name: String,
        /// What names may be.
        rule: &'static str,
    },
    /// A tenant's part of the key-value store is full.
    #[error("the tenant's key-value store is full, it may have {most} {what}: delete keys, or let them expire")]
    KvQuota {
        /// What there is too much of.
        what: &'static str,
        /// How much there may be.
        most: u64,
    },
    /// A key cannot be counted on.
    #[error("the key {key:?} cannot be counted with: {reason}; use a key of its own for a counter")]
    KvCounter {
        /// The key, cut to 80 characters.
        key: String,
        /// Why.
        reason: &'static str,
    },
    /// A page was asked for with a cursor that no page gave.
    #[error("{cursor:?} is no cursor of this list: use the `next` of the page before, or leave it out")]
    Cursor {
        /// The text, cut to 80 characters.
        cursor: String,
    },
}

impl StoreError {
    pub(crate) const fn too_large(what: &'static str, size: usize, most: usize) -> Self {
        Self::TooLarge { what, size, most }
    }

    pub(crate) fn kv_name(what: &'static str, name: &str, rule: &'static str) -> Self {
        Self::KvName { what, name: name.chars().take(80).collect(), rule }
    }

    pub(crate) fn backup(folder: &std::path::Path, reason: String) -> Self {
        Self::Backup { folder: folder.into(), reason }
    }

    pub(crate) fn damaged(place: &str, reason: impl ToString) -> Self {
        Self::Damaged { place: place.into(), reason: reason.to_string() }
    }
}

impl Coded for StoreError {
    fn code(&self) -> Code {
        Code::new(match self {
            Self::Locked { .. } => "WEIR-STORE-LOCKED",
            Self::Format { .. } => "WEIR-STORE-FORMAT",
            Self::Migration { .. } => "WEIR-STORE-MIGRATION",
            Self::Backup { .. } => "WEIR-STORE-BACKUP",
            Self::Open { .. } => "WEIR-STORE-OPEN",
            Self::Damaged { .. } => "WEIR-STORE-DAMAGED",
            Self::Read { .. } => "WEIR-STORE-READ",
            Self::Failed { .. } => "WEIR-STORE-FAILED",
            Self::Closed => "WEIR-STORE-CLOSED",
            Self::TooLarge { .. } => "WEIR-STORE-TOO-LARGE",
            Self::Name { .. } => "WEIR-STORE-NAME",
            Self::Conflict { .. } => "WEIR-STORE-CONFLICT",
            Self::KvName { .. } => "WEIR-STORE-KV-NAME",
            Self::KvQuota { .. } => "WEIR-STORE-KV-QUOTA",
            Self::KvCounter { .. } => "WEIR-STORE-KV-COUNTER",
            Self::Cursor { .. } => "WEIR-STORE-CURSOR",
        })
    }
}
