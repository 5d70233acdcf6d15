//! The kernel's words: how a request's numbers and names are read and an answer is laid out (Linux's `fuse.h`, 7.31). It
//! decides nothing.

use super::tree::Attr;

/// What the kernel asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Op {
    Lookup,
    GetAttr,
    SetAttr,
    MkNod,
    MkDir,
    Unlink,
    RmDir,
    Rename,
    Rename2,
    Link,
    Open,
    Read,
    Write,
    StatFs,
    Release,
    Sync,
    Flush,
    Init,
    OpenFolder,
    ReadFolder,
    ReleaseFolder,
    SyncFolder,
    Access,
    Create,
    Allocate,
    /// Needs no answer.
    Silent,
    Unknown,
}

impl Op {
    fn from(number: u32) -> Self {
        match number {
            1 => Self::Lookup,
            3 => Self::GetAttr,
            4 => Self::SetAttr,
            8 => Self::MkNod,
            9 => Self::MkDir,
            10 => Self::Unlink,
            11 => Self::RmDir,
            12 => Self::Rename,
            13 => Self::Link,
            14 => Self::Open,
            15 => Self::Read,
            16 => Self::Write,
            17 => Self::StatFs,
            18 => Self::Release,
            20 => Self::Sync,
            25 => Self::Flush,
            26 => Self::Init,
            27 => Self::OpenFolder,
            28 => Self::ReadFolder,
            29 => Self::ReleaseFolder,
            30 => Self::SyncFolder,
            34 => Self::Access,
            35 => Self::Create,
            43 => Self::Allocate,
            45 => Self::Rename2,
            // Forget, interrupt, and forget many.
            2 | 36 | 42 => Self::Silent,
            _ => Self::Unknown,
        }
    }
}

/// A request: its head, and what follows, read from the front. What is missing reads as zero.
pub(super) struct Request<'a> {
    pub(super) op: Op,
    pub(super) unique: u64,
    pub(super) node: u64,
    rest: &'a [u8],
}

impl<'a> Request<'a> {
    pub(super) fn read(bytes: &'a [u8]) -> Self {
        let mut request = Self { op: Op::Unknown, unique: 0, node: 0, rest: bytes };
        let _length = request.u32();
        request.op = Op::from(request.u32());
        request.unique = request.u64();
        request.node = request.u64();
        request.skip(16);
        request
    }

    pub(super) fn u32(&mut self) -> u32 {
        let number = self.rest.first_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes));
        self.skip(4);
        number
    }

    pub(super) fn u64(&mut self) -> u64 {
        let number = self.rest.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes));
        self.skip(8);
        number
    }

    /// A number of the size that memory has.
    pub(super) fn place(&mut self) -> usize {
        usize::try_from(self.u64()).unwrap_or(usize::MAX)
    }

    pub(super) fn skip(&mut self, bytes: usize) {
        self.rest = self.rest.get(bytes..).unwrap_or_default();
    }

    pub(super) fn name(&mut self) -> &'a [u8] {
        let length = self.rest.iter().position(|byte| *byte == 0).unwrap_or(self.rest.len());
        let name = &self.rest[..length];
        self.skip(length + 1);
        name
    }

    pub(super) fn data(&self, length: usize) -> &'a [u8] {
        &self.rest[..length.min(self.rest.len())]
    }
}

/// An answer's bytes. Numbers stand in this machine's order, which is the kernel's; only little-endian ones are served.
#[derive(Default)]
pub(super) struct Reply(pub(super) Vec<u8>);

impl Reply {
    #[must_use]
    pub(super) fn u16(mut self, number: u16) -> Self {
        self.0.extend(number.to_le_bytes());
        self
    }

    #[must_use]
    pub(super) fn u32(mut self, number: u32) -> Self {
        self.0.extend(number.to_le_bytes());
        self
    }

    #[must_use]
    pub(super) fn u64(mut self, number: u64) -> Self {
        self.0.extend(number.to_le_bytes());
        self
    }

    #[must_use]
    pub(super) fn zeros(mut self, bytes: usize) -> Self {
        self.0.resize(self.0.len() + bytes, 0);
        self
    }

    /// `fuse_attr`.
    #[must_use]
    fn attr(self, attr: &Attr) -> Self {
        let numbers = self.u64(attr.node).u64(attr.size).u64(attr.size.div_ceil(512)).zeros(3 * 8 + 3 * 4);
        numbers.u32(attr.mode).u32(1).zeros(3 * 4).u32(4096).u32(0)
    }

    /// `fuse_attr_out`; nothing may be remembered, since a cut changes it behind the kernel's back.
    pub(super) fn attr_out(attr: &Attr) -> Self {
        Self::default().zeros(16).attr(attr)
    }

    /// `fuse_entry_out`.
    pub(super) fn entry_out(attr: &Attr) -> Self {
        Self::default().u64(attr.node).zeros(32).attr(attr)
    }

    /// `fuse_open_out`: bypass the kernel's cache, so that each write reaches the disk before the call returns.
    #[must_use]
    pub(super) fn open_out(self) -> Self {
        self.u64(0).u32(1).u32(0)
    }

    /// `fuse_init_out`: version 7.31, large writes.
    pub(super) fn init_out(read_ahead: u32) -> Self {
        let flags = (1 << 0) | (1 << 5) | (1 << 18) | (1 << 22);
        let head = Self::default().u32(7).u32(31).u32(read_ahead).u32(flags).u16(16).u16(12);
        head.u32(MAX_WRITE).u32(1).u16(256).u16(0).zeros(32)
    }

    /// `fuse_statfs_out`: a terabyte, `free` of it free.
    pub(super) fn statfs_out(free: u64) -> Self {
        let blocks = Self::default().u64(1 << 28).u64(free / 4096).u64(free / 4096);
        blocks.u64(1 << 20).u64(1 << 20).u32(4096).u32(255).u32(4096).zeros(28)
    }

    /// `fuse_dirent`; false where it has no room any more.
    pub(super) fn entry(&mut self, most: usize, node: u64, next: u64, name: &[u8], is_folder: bool) -> bool {
        let length = 24 + name.len().next_multiple_of(8);
        if self.0.len() + length > most {
            return false;
        }
        let end = self.0.len() + length;
        let kind = if is_folder { 4 } else { 8 };
        let mut entry = std::mem::take(self).u64(node).u64(next).u32(u32::try_from(name.len()).unwrap_or(0)).u32(kind);
        entry.0.extend_from_slice(name);
        entry.0.resize(end, 0);
        *self = entry;
        true
    }
}

/// The most that one write brings.
pub(super) const MAX_WRITE: u32 = 1 << 20;
