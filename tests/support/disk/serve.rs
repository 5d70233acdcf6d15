//! Answers the kernel's requests out of the tree. It keeps nothing itself.

use std::fs::File;
use std::io::{ErrorKind, Read as _, Write as _};

use parking_lot::Mutex;

use super::Fault;
use super::tree::{EINVAL, ENOSYS, Errno, Make, Tree};
use super::wire::{MAX_WRITE, Op, Reply, Request};

/// `FATTR_MODE` and `FATTR_SIZE`: what of a file's facts is to be set.
const SETS_MODE: u32 = 1 << 0;
const SETS_SIZE: u32 = 1 << 3;
/// `FALLOC_FL_KEEP_SIZE`.
const KEEP_SIZE: u32 = 1;
/// `O_ACCMODE`; reading alone is zero.
const ACCESS: u32 = 3;

/// Serves until the disk is unmounted.
pub(super) fn serve(mut device: &File, tree: &Mutex<Tree>) {
    let mut buffer = vec![0; MAX_WRITE as usize + 4096];
    loop {
        let length = match device.read(&mut buffer) {
            Ok(length) => length,
            // The request was taken back, or the call was interrupted.
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Interrupted) => continue,
            Err(_) => return,
        };
        let request = Request::read(&buffer[..length]);
        let unique = request.unique;
        if request.op == Op::Silent {
            continue;
        }
        let (errno, body) = match answer(&mut tree.lock(), request) {
            Ok(Reply(body)) => (0, body),
            Err(errno) => (errno, Vec::new()),
        };
        let mut message = Vec::with_capacity(16 + body.len());
        message.extend(u32::try_from(16 + body.len()).unwrap_or(0).to_le_bytes());
        message.extend((-errno).to_le_bytes());
        message.extend(unique.to_le_bytes());
        message.extend(body);
        // An error says that whoever asked is gone.
        let _ = device.write(&message);
    }
}

fn answer(tree: &mut Tree, mut request: Request<'_>) -> Result<Reply, Errno> {
    let node = request.node;
    match request.op {
        Op::Init => {
            request.skip(8);
            Ok(Reply::init_out(request.u32()))
        }
        Op::Lookup => entry(tree, tree.lookup(node, request.name())?),
        Op::GetAttr => Ok(Reply::attr_out(&tree.attr(node)?)),
        Op::SetAttr => set_attr(tree, request),
        Op::Open => {
            tree.open(node, request.u32() & ACCESS != 0)?;
            Ok(Reply::default().open_out())
        }
        Op::Read => {
            request.skip(8);
            let (offset, length) = (request.place(), request.u32() as usize);
            Ok(Reply(tree.read(node, offset, length)?.to_vec()))
        }
        Op::Write => {
            request.skip(8);
            let (offset, length) = (request.place(), request.u32() as usize);
            request.skip(20);
            let written = tree.write(node, offset, request.data(length))?;
            Ok(Reply::default().u32(u32::try_from(written).unwrap_or(0)).u32(0))
        }
        Op::Sync | Op::SyncFolder => tree.sync(node).map(|()| Reply::default()),
        Op::Release => {
            tree.close(node);
            Ok(Reply::default())
        }
        Op::OpenFolder => {
            tree.names(node)?;
            Ok(Reply::default().open_out())
        }
        Op::ReadFolder => read_folder(tree, request),
        Op::Flush | Op::ReleaseFolder | Op::Access => Ok(Reply::default()),
        Op::StatFs => Ok(Reply::statfs_out(if let Fault::Full(left) = tree.fault { left } else { 1 << 39 })),
        Op::Allocate => allocate(tree, request),
        Op::MkNod | Op::MkDir | Op::Create => make(tree, request),
        Op::Unlink => tree.remove(node, request.name(), Make::File).map(|()| Reply::default()),
        Op::RmDir => tree.remove(node, request.name(), Make::Folder).map(|()| Reply::default()),
        Op::Rename | Op::Rename2 | Op::Link => rename(tree, request),
        Op::Silent | Op::Unknown => Err(ENOSYS),
    }
}

fn entry(tree: &Tree, node: u64) -> Result<Reply, Errno> {
    Ok(Reply::entry_out(&tree.attr(node)?))
}

fn make(tree: &mut Tree, mut request: Request<'_>) -> Result<Reply, Errno> {
    let folder = request.node;
    let (mode, what) = match request.op {
        Op::MkDir => {
            let mode = request.u32();
            request.skip(4);
            (mode, Make::Folder)
        }
        Op::MkNod => {
            let mode = request.u32();
            request.skip(12);
            (mode, Make::File)
        }
        _ => {
            request.skip(4);
            let mode = request.u32();
            request.skip(8);
            (mode, Make::File)
        }
    };
    let node = tree.make(folder, request.name(), mode, what)?;
    if request.op != Op::Create {
        return entry(tree, node);
    }
    tree.open(node, true)?;
    Ok(entry(tree, node)?.open_out())
}

fn rename(tree: &mut Tree, mut request: Request<'_>) -> Result<Reply, Errno> {
    let folder = request.node;
    let other = request.u64();
    if request.op == Op::Link {
        tree.link(other, folder, request.name())?;
        return entry(tree, other);
    }
    if request.op == Op::Rename2 {
        let flags = request.u32();
        request.skip(4);
        if flags != 0 {
            return Err(EINVAL);
        }
    }
    let (from, to) = (request.name(), request.name());
    tree.rename((folder, from), (other, to))?;
    Ok(Reply::default())
}

fn set_attr(tree: &mut Tree, mut request: Request<'_>) -> Result<Reply, Errno> {
    let node = request.node;
    let sets = request.u32();
    request.skip(12);
    let size = request.place();
    // The owner of locks, three times and their nanoseconds.
    request.skip(8 + 24 + 12);
    let mode = request.u32();
    if sets & SETS_SIZE != 0 {
        tree.resize(node, size)?;
    }
    if sets & SETS_MODE != 0 {
        tree.set_mode(node, mode)?;
    }
    Ok(Reply::attr_out(&tree.attr(node)?))
}

fn allocate(tree: &mut Tree, mut request: Request<'_>) -> Result<Reply, Errno> {
    let node = request.node;
    request.skip(8);
    let end = request.place().saturating_add(request.place());
    let mode = request.u32();
    if mode & !KEEP_SIZE != 0 {
        return Err(ENOSYS);
    }
    let size = usize::try_from(tree.attr(node)?.size).unwrap_or(usize::MAX);
    if mode & KEEP_SIZE == 0 && end > size {
        tree.resize(node, end)?;
    }
    Ok(Reply::default())
}

fn read_folder(tree: &Tree, mut request: Request<'_>) -> Result<Reply, Errno> {
    let folder = request.node;
    request.skip(8);
    let (offset, most) = (request.place(), request.u32() as usize);
    let dots = [(b".".as_slice(), folder), (b"..".as_slice(), folder)];
    let names = tree.names(folder)?.iter().map(|(name, node)| (name.as_slice(), *node));
    let mut reply = Reply::default();
    for (at, (name, node)) in dots.into_iter().chain(names).enumerate().skip(offset) {
        if !reply.entry(most, node, at as u64 + 1, name, tree.names(node).is_ok()) {
            break;
        }
    }
    Ok(reply)
}
