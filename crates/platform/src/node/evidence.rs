//! The evidence folder: files named by their SHA-256, so that whoever changes one is found, and the same file
//! is kept once. A payload names a file by an object with `sha256` and `bytes`, at any depth
//! ([`kandeng_ledger::EVIDENCE_FIELD`]).

use std::fs::{self, File};
use std::io::{self, Read, Write as _};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::NodeError;
use super::belongings::MARKER;
use crate::hex::hex;

/// Files by their SHA-256.
#[derive(Clone, Debug)]
pub struct Evidence {
    folder: PathBuf,
}

/// A file that is not what its name says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// The digits of its name.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
}

impl Evidence {
    /// Where the files are.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The files below a folder, which is made when the first of them is kept.
    pub fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Where the file of that hash is, or would be: `ab/abcdef…`.
    pub fn path(&self, digits: &str) -> PathBuf {
        let start = digits.get(..2).unwrap_or(digits);
        self.folder.join(start).join(digits)
    }

    /// Keeps a file, on disk when it returns, and gives the 64 digits that payloads name it by.
    ///
    /// # Errors
    /// When it cannot be written; then it is not there.
    pub fn put(&self, mut from: impl Read) -> Result<String, NodeError> {
        let unwritten = NodeError::unwritten(&self.folder);
        fs::create_dir_all(&self.folder).map_err(&unwritten)?;
        // A crash before the rename leaves a file that no name fits; the next backup leaves it out.
        let mut beside = tempfile::Builder::new()
            .prefix(".new-")
            .tempfile_in(&self.folder)
            .map_err(&unwritten)?;
        let digits = {
            let mut hash = Sha256::new();
            let mut buffer = vec![0; 1 << 18];
            loop {
                let read = from.read(&mut buffer).map_err(&unwritten)?;
                if read == 0 {
                    break;
                }
                hash.update(&buffer[..read]);
                beside.write_all(&buffer[..read]).map_err(&unwritten)?;
            }
            hex(&hash.finalize())
        };
        let path = self.path(&digits);
        // Cannot be nothing: the path was joined of three.
        let parent = path.parent().unwrap_or(&self.folder);
        let keep = || -> io::Result<()> {
            beside.as_file().sync_all()?;
            fs::create_dir_all(parent)?;
            beside.persist(&path).map_err(|error| error.error)?;
            File::open(parent)?.sync_all()?;
            File::open(&self.folder)?.sync_all()
        };
        keep().map_err(NodeError::unwritten(&path))?;
        Ok(digits)
    }

    /// Takes back a file that was kept and that no event names.
    ///
    /// # Errors
    /// When it cannot be removed. One that is not there is no error.
    pub fn take_back(&self, digits: &str) -> Result<(), NodeError> {
        let path = self.path(digits);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(NodeError::unwritten(&path)(error))
            }
            _ => Ok(()),
        }
    }

    /// The digits of all files, in order.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn list(&self) -> Result<Vec<String>, NodeError> {
        let mut digits = Vec::new();
        let unread = NodeError::unread(&self.folder);
        let starts = match fs::read_dir(&self.folder) {
            Ok(starts) => starts,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(digits),
            Err(error) => return Err(unread(error)),
        };
        for start in starts {
            let start = start.map_err(&unread)?.path();
            if !start.is_dir() {
                continue;
            }
            for file in fs::read_dir(&start).map_err(&unread)? {
                let name = file.map_err(&unread)?.file_name();
                digits.push(name.to_string_lossy().into_owned());
            }
        }
        digits.sort_unstable();
        Ok(digits)
    }

    /// Hashes a file again; its name when it is not what the name says.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn check(&self, digits: &str) -> Result<Option<Changed>, NodeError> {
        let path = self.path(digits);
        let mut file = File::open(&path).map_err(NodeError::unread(&path))?;
        let mut hash = Sha256::new();
        let mut buffer = vec![0; 1 << 18];
        loop {
            let read = file.read(&mut buffer).map_err(NodeError::unread(&path))?;
            if read == 0 {
                break;
            }
            hash.update(&buffer[..read]);
        }
        let same = hex(&hash.finalize()) == digits;
        Ok((!same).then(|| Changed {
            name: digits.to_owned(),
            path,
        }))
    }

    /// Copies every file that `to` has not got; files never change, so those that it has are right. One that is taken back
    /// meanwhile is named by no event, and is not missed.
    ///
    /// # Errors
    /// When a file cannot be read or written.
    pub(super) fn copy_to(&self, to: &Path) -> Result<usize, NodeError> {
        let mut copied = 0;
        let there = Self::new(to.to_owned());
        // Which folder it is goes with the files: what is restored is the ledger's own.
        let marker = self.folder.join(MARKER);
        if marker.is_file() {
            fs::create_dir_all(to).map_err(NodeError::unwritten(to))?;
            let copy = to.join(MARKER);
            fs::copy(&marker, &copy).map_err(NodeError::unwritten(&copy))?;
        }
        for digits in self.list()? {
            let path = there.path(&digits);
            if path.exists() {
                continue;
            }
            let parent = path.parent().unwrap_or(to);
            fs::create_dir_all(parent).map_err(NodeError::unwritten(parent))?;
            let copy = || -> io::Result<()> {
                fs::copy(self.path(&digits), &path)?;
                File::open(&path)?.sync_all()
            };
            match copy() {
                Ok(()) => copied += 1,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(NodeError::unwritten(&path)(error)),
            }
        }
        Ok(copied)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_kept_under_its_hash_and_a_change_to_it_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let evidence = Evidence::new(folder.path().join("evidence"));
        let digits = evidence.put(&b"abc"[..]).unwrap();
        // FIPS 180-2, appendix B.1.
        assert_eq!(
            digits,
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        assert_eq!(evidence.put(&b"abc"[..]).unwrap(), digits);
        assert_eq!(evidence.list().unwrap(), std::slice::from_ref(&digits));
        assert_eq!(evidence.check(&digits).unwrap(), None);
        let copy = folder.path().join("copy");
        assert_eq!(evidence.copy_to(&copy).unwrap(), 1);
        assert_eq!(evidence.copy_to(&copy).unwrap(), 0);
        // One that goes between the list and its turn.
        let gone = evidence.path(&"ab".repeat(32));
        fs::create_dir_all(gone.parent().unwrap()).unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink(folder.path().join("nowhere"), gone).unwrap();
        let other = folder.path().join("other");
        assert_eq!(evidence.copy_to(&other).unwrap(), 1);
        fs::write(evidence.path(&digits), b"abd").unwrap();
        assert_eq!(evidence.check(&digits).unwrap().unwrap().name, digits);
    }
}
