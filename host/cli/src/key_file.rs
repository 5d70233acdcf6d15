//! The file of keys that seal secrets: read, made, and given a new first key. It knows files; what the keys do is the
//! vault's.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, fchown};
use std::path::{Path, PathBuf};

use weir_model::Entropy;
use weir_vault::{KeySource, Keyring, KeysError};
use zeroize::Zeroizing;

/// Its name in a data folder.
const NAME: &str = "secret-keys";
/// Bytes that are read of it.
const MOST: u64 = 64 << 10;

/// Where a server's keys are.
#[derive(Debug)]
pub(crate) struct KeyFile {
    path: PathBuf,
    /// Whether somebody named it: then it is not made where it is missing, for the name may be wrong.
    is_named: bool,
}

impl KeyFile {
    /// The file that was named, else the one of the data folder.
    pub(crate) fn of(named: Option<&Path>, data: &Path) -> Self {
        Self { path: named.map_or_else(|| data.join(NAME), Path::to_owned), is_named: named.is_some() }
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Puts a fresh key in front of those that are there, or makes the file with one.
    ///
    /// # Errors
    /// Where what is there is no such file, or it cannot be written.
    pub(crate) fn renew(&self, entropy: &dyn Entropy) -> Result<Keyring, KeysError> {
        let (keyring, old) = match self.read()? {
            Some((keyring, old)) => (keyring.with_fresh(entropy)?, Some(old)),
            None => (Keyring::generate(entropy), None),
        };
        self.write(&keyring, old.as_ref())?;
        Ok(keyring)
    }

    /// The keys and what the file is like; none where there is none.
    fn read(&self) -> Result<Option<(Keyring, fs::Metadata)>, KeysError> {
        let failed = |error: io::Error| self.failed("read", error.to_string());
        let file = match File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed(error)),
        };
        let about = file.metadata().map_err(failed)?;
        // With room for all, so that no copy stays where the text had to move.
        let mut text = Zeroizing::new(String::with_capacity(usize::try_from(about.len().min(MOST)).unwrap_or(0) + 1));
        file.take(MOST).read_to_string(&mut text).map_err(failed)?;
        Keyring::parse(&text).map(|keyring| Some((keyring, about)))
    }

    /// Written beside and moved, and on disk before anything is sealed under it: a key that a power cut takes would take
    /// the secrets with it.
    fn write(&self, keyring: &Keyring, old: Option<&fs::Metadata>) -> Result<(), KeysError> {
        let mut fresh = self.path.clone().into_os_string();
        fresh.push(".new");
        let fresh = PathBuf::from(fresh);
        let write = || {
            let _ = fs::remove_file(&fresh);
            let mode = old.map_or(0o600, |old| old.mode() & 0o600);
            let mut file = File::options().write(true).create_new(true).mode(mode).open(&fresh)?;
            if let Some(old) = old.filter(|old| file.metadata().is_ok_and(|new| new.uid() != old.uid())) {
                // Whoever renews it need not be whoever serves with it.
                fchown(&file, Some(old.uid()), Some(old.gid()))?;
            }
            file.write_all(keyring.to_text().as_bytes())?;
            file.sync_all()?;
            fs::rename(&fresh, &self.path)?;
            let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty());
            File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
        };
        write().map_err(|error: io::Error| {
            let _ = fs::remove_file(&fresh);
            self.failed("written", error.to_string())
        })
    }

    fn failed(&self, act: &'static str, reason: String) -> KeysError {
        KeysError::File { file: self.path.display().to_string(), act, reason }
    }
}

impl KeySource for KeyFile {
    fn load(&self) -> Result<Option<Keyring>, KeysError> {
        match self.read()? {
            Some((keyring, about)) => {
                if about.mode() & 0o077 != 0 {
                    let (file, mode) = (self.path.display(), format!("{:o}", about.mode() & 0o777));
                    tracing::warn!(%file, mode, "Others may read the file of secret keys: `chmod 600` keeps it to its owner.");
                }
                Ok(Some(keyring))
            }
            None if self.is_named => {
                let reason = "it is not there; check the name, or make it with `weir secret new-key FILE`";
                Err(self.failed("read", reason.into()))
            }
            None => Ok(None),
        }
    }

    fn make(&self, entropy: &dyn Entropy) -> Result<Keyring, KeysError> {
        let keyring = Keyring::generate(entropy);
        self.write(&keyring, None)?;
        tracing::info!(
            file = %self.path.display(),
            "The key that seals secrets was made. Keep a copy of this file, apart from the backups: without it no secret of a \
             restored server can be opened."
        );
        Ok(keyring)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use weir_model::Coded as _;

    use super::*;
    use crate::system::SystemEntropy;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn it_is_made_for_its_owner_alone_and_renewed_in_place() {
        let folder = tempfile::tempdir().unwrap();
        let file = KeyFile::of(None, folder.path());
        assert!(file.load().unwrap().is_none());
        let made = file.make(&SystemEntropy).unwrap();
        assert_eq!((mode(file.path()), file.load().unwrap().unwrap().first()), (0o600, made.first()));
        let renewed = file.renew(&SystemEntropy).unwrap();
        let ids: Vec<&str> = renewed.ids().collect();
        assert!(ids.len() == 2 && ids[1] == made.first());
        assert_eq!(*file.load().unwrap().unwrap().to_text(), *renewed.to_text());
        assert_eq!((mode(file.path()), fs::read_dir(folder.path()).unwrap().count()), (0o600, 1));
    }

    #[test]
    fn a_named_file_that_is_missing_or_wrong_is_an_error_with_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys");
        let file = KeyFile::of(Some(&path), folder.path());
        let missing = file.load().unwrap_err();
        assert!(missing.to_string().contains("keys") && missing.code().as_str() == "WEIR-VAULT-KEYS-FILE", "{missing}");
        fs::write(&path, "hunter2").unwrap();
        let wrong = file.load().unwrap_err();
        assert!(!wrong.to_string().contains("hunter2") && wrong.code().as_str() == "WEIR-VAULT-KEYS-INVALID");
        assert!(file.renew(&SystemEntropy).is_err());
        assert_eq!(fs::read(&path).unwrap(), b"hunter2");
    }
}
