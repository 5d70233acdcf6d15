//! A disk in memory, mounted as a real file system: it remembers what was synced, forgets the rest on demand, and fails as
//! disks fail. It knows nothing of what is stored on it.

mod file;
mod serve;
mod tree;
mod wire;

use std::fs::File;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use parking_lot::Mutex;
use tokio::time::Instant;

use tree::Tree;

/// Where a program speaks with the kernel about a file system of its own.
const DEVICE: &str = "/dev/fuse";

/// What is wrong with the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    None,
    /// So many bytes more can be written, then no more.
    Full(u64),
    /// Nothing can be written.
    WriteError,
    /// Nothing can be synced.
    SyncError,
    /// Nothing can be changed, as after the system mounted it anew.
    ReadOnly,
}

/// What a power cut leaves of bytes that were appended and not synced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tails {
    /// Nothing: each file ends where it was synced.
    Lost,
    /// Some of them, as many as follow from the number: logs end in the middle of an entry.
    Torn(u64),
}

/// What was asked of the disk so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Writes.
    pub writes: u64,
    /// Syncs of files and folders.
    pub syncs: u64,
    /// What the fault refused.
    pub refused: u64,
}

/// A mounted disk; it goes, with all that is on it, when this does. End whatever uses it before.
pub struct Disk {
    at: PathBuf,
    tree: Arc<Mutex<Tree>>,
}

impl Disk {
    /// Whether this machine lets this test have a file system of its own.
    pub fn possible() -> bool {
        let device = File::options().read(true).write(true).open(DEVICE);
        device.is_ok() && become_root(Command::new("true")).status().is_ok_and(|status| status.success())
    }

    /// An empty disk at a folder, which is made.
    ///
    /// # Errors
    /// Where it cannot be mounted.
    pub fn mount(at: &Path) -> Result<Self> {
        std::fs::create_dir_all(at)?;
        let me = std::fs::metadata(at)?;
        let device = File::options().read(true).write(true).open(DEVICE);
        let device = Arc::new(device.with_context(|| format!("{DEVICE} cannot be opened"))?);
        // `mount` takes the device as its standard input, so that no descriptor has to be passed on by hand.
        let options = format!("fd=0,rootmode=40000,user_id={},group_id={},nodev,nosuid", me.uid(), me.gid());
        let mut mount = Command::new("mount");
        mount.args(["-i", "-t", "fuse", "-o", &options, "weir-disk"]).arg(at);
        let mounted = become_root(mount).stdin(device.try_clone()?).status()?;
        ensure!(mounted.success(), "no disk could be mounted at {}", at.display());
        let tree = Arc::new(Mutex::new(Tree::new()));
        for _ in 0..2 {
            let (device, tree) = (Arc::clone(&device), Arc::clone(&tree));
            std::thread::Builder::new().name("disk".into()).spawn(move || serve::serve(&device, &tree))?;
        }
        Ok(Self { at: at.to_owned(), tree })
    }

    /// Cuts the power: what was not synced is gone, names in folders too. No process may hold a file of the disk.
    pub fn cut(&self, tails: Tails) {
        self.tree.lock().cut(tails);
    }

    /// From now on the disk fails like this.
    pub fn fail(&self, fault: Fault) {
        self.tree.lock().fault = fault;
    }

    /// From now on a sync does nothing and says that it did.
    pub fn sync_is_a_lie(&self, lie: bool) {
        self.tree.lock().sync_is_a_lie = lie;
    }

    /// What was asked of it so far.
    pub fn counts(&self) -> Counts {
        self.tree.lock().counts
    }

    /// When a fault refused something for the first time.
    pub fn first_refusal(&self) -> Option<Instant> {
        self.tree.lock().first_refusal
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let unmount = |options: &[&str]| {
            let mut umount = Command::new("umount");
            umount.args(options).arg(&self.at);
            become_root(umount).status().is_ok_and(|status| status.success())
        };
        // A busy disk goes when its last user does.
        let _ = unmount(&["-i"]) || unmount(&["-i", "-l"]);
    }
}

/// A command with the rights that mounting needs, where that takes no password.
fn become_root(command: Command) -> Command {
    let is_root = std::fs::metadata("/proc/self").is_ok_and(|me| me.uid() == 0);
    if is_root {
        return command;
    }
    let mut sudo = Command::new("sudo");
    sudo.arg("-n").arg(command.get_program()).args(command.get_args());
    sudo
}

#[cfg(test)]
mod tests;
