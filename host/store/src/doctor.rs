//! What the check of a folder says: rows and faults by family. It reads the folder and changes nothing in it; mending is up
//! to who asked.

use std::path::Path;

use crate::{StoreError, rocks};

/// What is wrong, by what can be done about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// A file is not as it was written.
    File,
    /// A row is not what its place says.
    Row,
    /// Rows that belong together do not fit.
    Link,
}

impl FaultKind {
    /// The name used in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Row => "row",
            Self::Link => "link",
        }
    }

    /// What to do next.
    pub const fn next(self) -> &'static str {
        match self {
            Self::File => {
                "look after the disk, and restore the data folder from a backup with `weir restore`; a server on this \
                 folder serves what the other files hold"
            }
            Self::Row => {
                "restore the data folder from a backup with `weir restore`; until then the server answers with an error \
                 where it needs this row"
            }
            Self::Link => {
                "a server on this folder runs all the same, but what the row is about may be missing from a list or not go \
                 on; restore a backup where that matters, and report it: weir writes such rows together"
            }
        }
    }
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What is wrong.
    pub kind: FaultKind,
    /// The column family, or `files`.
    pub family: String,
    /// The row's key, or the last one that could be read; none where it is about no row.
    pub key: Option<Vec<u8>>,
    /// What was found.
    pub what: String,
}

/// What there is in a column family.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FamilyReport {
    /// Its name; `files` for what is about files as a whole.
    pub name: String,
    /// Rows that were read.
    pub rows: u64,
    /// Bytes of their keys and values.
    pub bytes: u64,
    /// What is wrong in it.
    pub faults: u64,
}

/// What the check of a folder came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// The format of the data; none where that could not be read.
    pub format: Option<u32>,
    /// Every family.
    pub families: Vec<FamilyReport>,
    /// What is wrong, the first [`Self::MOST_FAULTS`] of it.
    pub faults: Vec<Fault>,
    /// How much is wrong altogether.
    pub total: u64,
}

impl Report {
    /// Faults that are told one by one.
    pub const MOST_FAULTS: usize = 1_000;

    pub(crate) fn add(&mut self, fault: Fault) {
        self.total += 1;
        if self.faults.len() < Self::MOST_FAULTS {
            self.faults.push(fault);
        }
    }
}

/// How far a check is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckStage {
    /// What is read.
    pub family: String,
    /// Rows read so far, of all families.
    pub done: u64,
    /// Roughly the rows of all families.
    pub total: u64,
}

/// Reads everything in a store's folder that no server has open: every block with its checksum, every row with its meaning,
/// and whether the rows fit together. Tells how far it is.
///
/// # Errors
/// [`StoreError::Locked`] where a server has it open, [`StoreError::Open`] where there is no store,
/// [`StoreError::Format`] where a newer weir wrote it. Faults are no errors.
pub fn examine(folder: &Path, mut tell: impl FnMut(CheckStage)) -> Result<Report, StoreError> {
    rocks::examine(folder, &mut tell)
}
