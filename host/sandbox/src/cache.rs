//! Compiled components on disk. It hands out only files that it wrote itself, checked by a keyed digest; it runs nothing.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use wasmtime::Engine;
use weir_model::{ArtifactHash, Entropy};

use crate::SandboxError;

const KEY_FILE: &str = "key";
const KEY_BYTES: usize = 32;
const CODE: &str = "cwasm";
const SEAL: &str = "seal";

/// A folder of machine code that only this user can read, with a seal beside each file.
#[derive(Debug)]
pub(crate) struct Cache {
    dir: PathBuf,
    key: [u8; KEY_BYTES],
    /// Stands for wasmtime's version and the engine's settings.
    engine: String,
}

impl Cache {
    /// Opens the folder, making it where it is missing, and clears out what other versions of the engine left.
    pub(crate) fn open(dir: &Path, engine: &Engine, entropy: &dyn Entropy) -> Result<Self, SandboxError> {
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
        let cache = Self { dir: dir.to_owned(), key, engine: format!("{:016x}", hasher.finish()) };
        cache.tidy().map_err(failed)?;
        Ok(cache)
    }

    /// The machine code of a component, if this cache wrote it and nobody changed it since.
    pub(crate) fn find(&self, hash: &ArtifactHash) -> Option<PathBuf> {
        let path = self.path(hash, CODE);
        let stored = fs::read_to_string(self.path(hash, SEAL)).ok()?;
        match self.seal(hash, &path) {
            Ok(seal) if same(seal.as_bytes(), stored.trim_end().as_bytes()) => Some(path),
            Ok(_) => {
                tracing::warn!(component = %hash, "a cached component was changed; it is compiled again");
                self.remove(hash);
                None
            }
            Err(_) => None,
        }
    }

    /// Keeps the machine code of a component.
    pub(crate) fn keep(&self, hash: &ArtifactHash, code: &[u8]) -> Result<PathBuf, SandboxError> {
        let path = self.path(hash, CODE);
        let write = || -> io::Result<()> {
            replace(&path, code)?;
            let seal = self.seal(hash, &path)?;
            replace(&self.path(hash, SEAL), seal.as_bytes())
        };
        write().map_err(|source| SandboxError::Cache { path: path.clone(), source })?;
        Ok(path)
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
            if ours("new") || ((ours(CODE) || ours(SEAL)) && !stem.ends_with(&self.engine)) {
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
