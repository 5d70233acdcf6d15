//! Compiled components on disk, up to a number of bytes. It hands out only files that were written on its order, checked
//! by a keyed digest; it runs nothing.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use sha2::{Digest, Sha256};
use wasmtime::Engine;
use weir_model::{ArtifactHash, Clock, Entropy};

use crate::SandboxError;

const KEY_FILE: &str = "key";
const KEY_BYTES: usize = 32;
const CODE: &str = "cwasm";
const SEAL: &str = "seal";
/// What is not finished.
const NEW: &str = "new";

/// How exactly a file says when it was used last.
const USED: Duration = Duration::from_secs(60);

/// A folder of machine code that only this user can read, with a seal beside each file.
pub(crate) struct Cache {
    dir: PathBuf,
    /// How many bytes of machine code are kept.
    most: u64,
    key: [u8; KEY_BYTES],
    /// Stands for wasmtime's version and the engine's settings.
    engine: String,
    clock: Arc<dyn Clock>,
    fresh: AtomicU64,
}

/// A place for machine code that is being made; what is there goes with it unless the cache adopts it.
#[derive(Debug)]
pub(crate) struct Fresh {
    hash: ArtifactHash,
    path: PathBuf,
}

impl Fresh {
    /// A place that nothing uses yet.
    pub(crate) const fn new(hash: ArtifactHash, path: PathBuf) -> Self {
        Self { hash, path }
    }

    /// Where the machine code goes. There is no file yet.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Fresh {
    fn drop(&mut self) {
        // Nothing is there where it was adopted or never written.
        let _ = fs::remove_file(&self.path);
    }
}

impl Cache {
    /// Opens the folder, making it where it is missing, and clears out what other versions of the engine left.
    pub(crate) fn open(
        dir: &Path,
        most: u64,
        engine: &Engine,
        clock: Arc<dyn Clock>,
        entropy: &dyn Entropy,
    ) -> Result<Self, SandboxError> {
        let failed = |source| SandboxError::Cache { path: dir.to_owned(), source };
        DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(failed)?;
        let about = fs::symlink_metadata(dir).map_err(failed)?;
        if !about.is_dir() {
            return Err(failed(io::Error::other("it is not a folder, or a link to one")));
        }
        // Also fails where the folder belongs to somebody else.
        fs::set_permissions(dir, Permissions::from_mode(0o700)).map_err(failed)?;
        let key = key(&dir.join(KEY_FILE), entropy).map_err(failed)?;
        let mut hasher = DefaultHasher::new();
        engine.precompile_compatibility_hash().hash(&mut hasher);
        let (dir, engine) = (dir.to_owned(), format!("{:016x}", hasher.finish()));
        let cache = Self { dir, most, key, engine, clock, fresh: AtomicU64::new(0) };
        cache.tidy().and_then(|()| cache.shrink(None)).map_err(|source| cache.failed(source))?;
        Ok(cache)
    }

    /// The machine code of a component, if this cache wrote it and nobody changed it since.
    pub(crate) fn find(&self, hash: &ArtifactHash) -> Option<PathBuf> {
        let path = self.path(hash, CODE);
        let stored = fs::read_to_string(self.path(hash, SEAL)).ok()?;
        match self.seal(hash, &path) {
            Ok(seal) if same(seal.as_bytes(), stored.trim_end().as_bytes()) => {
                self.touch(hash);
                Some(path)
            }
            Ok(_) => {
                tracing::warn!(component = %hash, "a cached component was changed; it is compiled again");
                self.remove(hash);
                None
            }
            Err(_) => None,
        }
    }

    /// A place for machine code that is about to be made.
    pub(crate) fn fresh(&self, hash: &ArtifactHash) -> Fresh {
        let number = self.fresh.fetch_add(1, Ordering::Relaxed);
        let path = self.dir.join(format!("{hash}-{}.{number}.{NEW}", self.engine));
        // What a process that was killed left; there is none where this one starts on a tidy folder.
        let _ = fs::remove_file(&path);
        Fresh::new(hash.clone(), path)
    }

    /// Keeps the machine code that was made; drops what was used longest ago where there is too much.
    pub(crate) fn adopt(&self, fresh: &Fresh) -> Result<PathBuf, SandboxError> {
        let path = self.path(&fresh.hash, CODE);
        let write = || -> io::Result<()> {
            if !fs::symlink_metadata(&fresh.path)?.is_file() {
                return Err(io::Error::other("the compiler wrote something else than a file"));
            }
            fs::set_permissions(&fresh.path, Permissions::from_mode(0o600))?;
            File::open(&fresh.path)?.set_modified(self.now())?;
            let seal = self.seal(&fresh.hash, &fresh.path)?;
            fs::rename(&fresh.path, &path)?;
            replace(&self.path(&fresh.hash, SEAL), seal.as_bytes())?;
            self.shrink(Some(&path))
        };
        write().map_err(|source| SandboxError::Cache { path: path.clone(), source })?;
        Ok(path)
    }

    /// Notes that a component is in use, to the minute.
    pub(crate) fn touch(&self, hash: &ArtifactHash) {
        let (path, now) = (self.path(hash, CODE), self.now());
        let stale = |used: SystemTime| now.duration_since(used).is_ok_and(|since| since >= USED);
        let Ok(used) = fs::metadata(&path).and_then(|about| about.modified()) else { return };
        if stale(used) {
            // Where it fails, the component may go earlier than it should.
            let _ = File::open(&path).and_then(|file| file.set_modified(now));
        }
    }

    /// Drops what was used longest ago until what is left may be kept; never the file to spare. What is mapped stays so.
    fn shrink(&self, spare: Option<&Path>) -> io::Result<()> {
        let mut files = Vec::new();
        for entry in fs::read_dir(&self.dir)? {
            let entry = entry?;
            let path = entry.path();
            if path.extension().is_some_and(|extension| extension == CODE)
                && let Ok(about) = entry.metadata()
            {
                files.push((about.modified()?, path, about.len()));
            }
        }
        files.sort_unstable();
        let mut total: u64 = files.iter().map(|(_, _, size)| size).sum();
        for (_, path, size) in files {
            if total <= self.most {
                break;
            }
            if spare != Some(path.as_path()) {
                let _ = fs::remove_file(path.with_extension(SEAL));
                let _ = fs::remove_file(&path);
                total -= size;
                tracing::debug!(file = %path.display(), "compiled code that was not used for long made room");
            }
        }
        Ok(())
    }

    fn now(&self) -> SystemTime {
        let millis = u64::try_from(self.clock.now().as_millis()).unwrap_or(0);
        SystemTime::UNIX_EPOCH + Duration::from_millis(millis)
    }

    fn failed(&self, source: io::Error) -> SandboxError {
        SandboxError::Cache { path: self.dir.clone(), source }
    }

    /// Drops a component.
    pub(crate) fn remove(&self, hash: &ArtifactHash) {
        for kind in [SEAL, CODE] {
            // What cannot be removed is refused by its seal, or is as good as before.
            let _ = fs::remove_file(self.path(hash, kind));
        }
    }

    fn path(&self, hash: &ArtifactHash, kind: &str) -> PathBuf {
        self.dir.join(format!("{hash}-{}.{kind}", self.engine))
    }

    /// SHA-256 over the key, the name and the SHA-256 of the bytes: all of fixed length, so that nothing can be appended.
    fn seal(&self, hash: &ArtifactHash, path: &Path) -> io::Result<String> {
        let mut file = File::open(path)?;
        let mut code = Sha256::new();
        let mut buffer = vec![0; 256 << 10];
        loop {
            let n = file.read(&mut buffer)?;
            match buffer.get(..n) {
                Some(read) if n > 0 => code.update(read),
                _ => break,
            }
        }
        let mut seal = Sha256::new();
        seal.update(self.key);
        seal.update(hash.as_str());
        seal.update(&self.engine);
        seal.update(code.finalize());
        Ok(hex(&seal.finalize()))
    }

    fn tidy(&self) -> io::Result<()> {
        for entry in fs::read_dir(&self.dir)? {
            let path = entry?.path();
            let ours = |kind: &str| path.extension().is_some_and(|extension| extension == kind);
            let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
            if ours(NEW) || ((ours(CODE) || ours(SEAL)) && !stem.ends_with(&self.engine)) {
                let _ = fs::remove_file(&path);
            }
        }
        Ok(())
    }
}

fn key(path: &Path, entropy: &dyn Entropy) -> io::Result<[u8; KEY_BYTES]> {
    let secret = |about: &fs::Metadata| about.is_file() && about.mode() & 0o077 == 0;
    if let Ok(about) = fs::symlink_metadata(path)
        && secret(&about)
        && let Ok(bytes) = fs::read(path)
        && let Ok(key) = bytes.try_into()
    {
        return Ok(key);
    }
    // A missing key, or one that others could read: with a new one, every file is compiled anew.
    let mut key = [0; KEY_BYTES];
    entropy.fill(&mut key);
    replace(path, &key)?;
    Ok(key)
}

/// Writes a file that only this user can read, all or nothing.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut new = path.as_os_str().to_owned();
    new.push(".new");
    let new = PathBuf::from(new);
    let _ = fs::remove_file(&new);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new)?;
    file.write_all(bytes)?;
    fs::rename(&new, path)
}

/// Compares in a time that does not depend on where the two differ.
fn same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |differ, (a, b)| differ | (a ^ b)) == 0
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;

    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
