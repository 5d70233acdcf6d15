//! The disk's files and folders, each as it is and as it was last synced, and what the fault refuses. It speaks with nobody.

use std::collections::{BTreeMap, HashMap, HashSet};

use tokio::time::Instant;

use super::file::Content;
use super::{Counts, Fault, Tails};

/// An error's number, as the system knows it.
pub(super) type Errno = i32;

pub(super) const ENOENT: Errno = 2;
pub(super) const EIO: Errno = 5;
const EEXIST: Errno = 17;
const ENOTDIR: Errno = 20;
const EISDIR: Errno = 21;
pub(super) const EINVAL: Errno = 22;
const ENOSPC: Errno = 28;
const EROFS: Errno = 30;
pub(super) const ENOSYS: Errno = 38;
const ENOTEMPTY: Errno = 39;

/// The number of the outermost folder.
const ROOT: u64 = 1;

pub(super) type Names = BTreeMap<Vec<u8>, u64>;

/// What `stat` tells.
pub(super) struct Attr {
    pub(super) node: u64,
    pub(super) size: u64,
    pub(super) mode: u32,
}

/// Whether a name is to be a file or a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Make {
    File,
    Folder,
}

struct Node {
    mode: u32,
    open: u32,
    body: Body,
}

enum Body {
    File(Content),
    Folder { now: Names, synced: Names },
}

/// Everything on the disk.
pub(super) struct Tree {
    nodes: HashMap<u64, Node>,
    last: u64,
    pub(super) fault: Fault,
    pub(super) sync_is_a_lie: bool,
    pub(super) counts: Counts,
    pub(super) first_refusal: Option<Instant>,
}

impl Tree {
    pub(super) fn new() -> Self {
        let root = Node { mode: 0o040_755, open: 0, body: Body::Folder { now: Names::new(), synced: Names::new() } };
        Self {
            nodes: HashMap::from([(ROOT, root)]),
            last: ROOT,
            fault: Fault::None,
            sync_is_a_lie: false,
            counts: Counts::default(),
            first_refusal: None,
        }
    }

    pub(super) fn attr(&self, node: u64) -> Result<Attr, Errno> {
        let found = self.nodes.get(&node).ok_or(ENOENT)?;
        let size = match &found.body {
            Body::File(content) => content.len() as u64,
            Body::Folder { .. } => 4096,
        };
        Ok(Attr { node, size, mode: found.mode })
    }

    pub(super) fn lookup(&self, folder: u64, name: &[u8]) -> Result<u64, Errno> {
        self.names(folder)?.get(name).copied().ok_or(ENOENT)
    }

    pub(super) fn names(&self, folder: u64) -> Result<&Names, Errno> {
        match self.nodes.get(&folder).map(|node| &node.body) {
            Some(Body::Folder { now, .. }) => Ok(now),
            Some(Body::File(_)) => Err(ENOTDIR),
            None => Err(ENOENT),
        }
    }

    pub(super) fn make(&mut self, folder: u64, name: &[u8], mode: u32, what: Make) -> Result<u64, Errno> {
        self.may_change()?;
        if self.names(folder)?.contains_key(name) {
            return Err(EEXIST);
        }
        let (kind, body) = match what {
            Make::File => (0o100_000, Body::File(Content::default())),
            Make::Folder => (0o040_000, Body::Folder { now: Names::new(), synced: Names::new() }),
        };
        self.last += 1;
        self.nodes.insert(self.last, Node { mode: kind | (mode & 0o7777), open: 0, body });
        let node = self.last;
        self.names_mut(folder)?.insert(name.to_vec(), node);
        Ok(node)
    }

    pub(super) fn remove(&mut self, folder: u64, name: &[u8], what: Make) -> Result<(), Errno> {
        self.may_remove()?;
        let node = self.lookup(folder, name)?;
        match (self.names(node), what) {
            (Ok(names), Make::Folder) if names.is_empty() => {}
            (Ok(_), Make::Folder) => return Err(ENOTEMPTY),
            (Ok(_), Make::File) => return Err(EISDIR),
            (Err(_), Make::Folder) => return Err(ENOTDIR),
            (Err(_), Make::File) => {}
        }
        self.names_mut(folder)?.remove(name);
        Ok(())
    }

    pub(super) fn rename(&mut self, from: (u64, &[u8]), to: (u64, &[u8])) -> Result<(), Errno> {
        self.may_remove()?;
        let node = self.lookup(from.0, from.1)?;
        self.names(to.0)?;
        self.names_mut(from.0)?.remove(from.1);
        self.names_mut(to.0)?.insert(to.1.to_vec(), node);
        Ok(())
    }

    pub(super) fn link(&mut self, node: u64, folder: u64, name: &[u8]) -> Result<(), Errno> {
        self.may_change()?;
        if self.names(folder)?.contains_key(name) {
            return Err(EEXIST);
        }
        self.names_mut(folder)?.insert(name.to_vec(), node);
        Ok(())
    }

    pub(super) fn open(&mut self, node: u64, writes: bool) -> Result<(), Errno> {
        if writes && self.fault == Fault::ReadOnly {
            return Err(self.refuse(EROFS));
        }
        self.nodes.get_mut(&node).ok_or(ENOENT)?.open += 1;
        Ok(())
    }

    /// A file was closed. What has no name any more, synced or not, goes.
    pub(super) fn close(&mut self, node: u64) {
        if let Some(node) = self.nodes.get_mut(&node) {
            node.open = node.open.saturating_sub(1);
        }
    }

    pub(super) fn set_mode(&mut self, node: u64, mode: u32) -> Result<(), Errno> {
        self.may_change()?;
        let node = self.nodes.get_mut(&node).ok_or(ENOENT)?;
        node.mode = (node.mode & 0o170_000) | (mode & 0o7777);
        Ok(())
    }

    pub(super) fn read(&self, node: u64, offset: usize, length: usize) -> Result<&[u8], Errno> {
        match self.nodes.get(&node).map(|node| &node.body) {
            Some(Body::File(content)) => Ok(content.read(offset, length)),
            Some(Body::Folder { .. }) => Err(EISDIR),
            None => Err(ENOENT),
        }
    }

    /// Writes as much as there is room for, which is how full disks end.
    pub(super) fn write(&mut self, node: u64, offset: usize, data: &[u8]) -> Result<usize, Errno> {
        self.counts.writes += 1;
        let old = self.content(node)?.len();
        let fits = self.room((offset + data.len()).saturating_sub(old))?;
        let length = data.len().min(old.saturating_sub(offset) + fits);
        if length == 0 && !data.is_empty() {
            return Err(self.refuse(ENOSPC));
        }
        self.content(node)?.write(offset, &data[..length]);
        Ok(length)
    }

    pub(super) fn resize(&mut self, node: u64, length: usize) -> Result<(), Errno> {
        let more = length.saturating_sub(self.content(node)?.len());
        if self.room(more)? < more {
            return Err(self.refuse(ENOSPC));
        }
        self.content(node)?.resize(length);
        Ok(())
    }

    pub(super) fn sync(&mut self, node: u64) -> Result<(), Errno> {
        self.counts.syncs += 1;
        match self.fault {
            Fault::SyncError | Fault::WriteError => return Err(self.refuse(EIO)),
            _ if self.sync_is_a_lie => return Ok(()),
            _ => {}
        }
        match &mut self.nodes.get_mut(&node).ok_or(ENOENT)?.body {
            Body::File(content) => content.sync(),
            Body::Folder { now, synced } => {
                synced.clone_from(now);
                self.sweep(true);
            }
        }
        Ok(())
    }

    pub(super) fn cut(&mut self, tails: Tails) {
        for node in self.nodes.values_mut() {
            match &mut node.body {
                Body::File(content) => content.cut(tails),
                Body::Folder { now, synced } => now.clone_from(synced),
            }
        }
        self.sweep(false);
    }

    /// Drops what no folder names, now or as of its last sync.
    fn sweep(&mut self, keep_open: bool) {
        let (mut reached, mut next) = (HashSet::from([ROOT]), vec![ROOT]);
        if keep_open {
            next.extend(self.nodes.iter().filter(|(_, node)| node.open > 0).map(|(number, _)| *number));
            reached.extend(next.iter().copied());
        }
        while let Some(number) = next.pop() {
            if let Some(Body::Folder { now, synced }) = self.nodes.get(&number).map(|node| &node.body) {
                next.extend(now.values().chain(synced.values()).filter(|number| reached.insert(**number)));
            }
        }
        self.nodes.retain(|number, _| reached.contains(number));
    }

    fn names_mut(&mut self, folder: u64) -> Result<&mut Names, Errno> {
        match self.nodes.get_mut(&folder).map(|node| &mut node.body) {
            Some(Body::Folder { now, .. }) => Ok(now),
            Some(Body::File(_)) => Err(ENOTDIR),
            None => Err(ENOENT),
        }
    }

    fn content(&mut self, node: u64) -> Result<&mut Content, Errno> {
        match self.nodes.get_mut(&node).map(|node| &mut node.body) {
            Some(Body::File(content)) => Ok(content),
            Some(Body::Folder { .. }) => Err(EISDIR),
            None => Err(ENOENT),
        }
    }

    /// How much of `more` bytes there is room for; it is used up.
    fn room(&mut self, more: usize) -> Result<usize, Errno> {
        match &mut self.fault {
            Fault::Full(left) => {
                let fits = more.min(usize::try_from(*left).unwrap_or(usize::MAX));
                *left -= fits as u64;
                Ok(fits)
            }
            Fault::WriteError => Err(self.refuse(EIO)),
            Fault::ReadOnly => Err(self.refuse(EROFS)),
            Fault::None | Fault::SyncError => Ok(more),
        }
    }

    fn may_change(&mut self) -> Result<(), Errno> {
        match self.fault {
            Fault::Full(0) => Err(self.refuse(ENOSPC)),
            Fault::WriteError => Err(self.refuse(EIO)),
            _ => self.may_remove(),
        }
    }

    fn may_remove(&mut self) -> Result<(), Errno> {
        if self.fault == Fault::ReadOnly { Err(self.refuse(EROFS)) } else { Ok(()) }
    }

    fn refuse(&mut self, errno: Errno) -> Errno {
        self.counts.refused += 1;
        self.first_refusal.get_or_insert_with(Instant::now);
        errno
    }
}
