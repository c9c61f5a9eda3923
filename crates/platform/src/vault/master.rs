//! The master key, from a file or the environment. It wraps people's keys and does nothing else.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::Path;

use sha2::{Digest, Sha256};

use super::{VaultError, seal};

/// 32 bytes that wrap people's keys.
#[derive(Clone)]
pub struct MasterKey {
    bytes: [u8; 32],
    id: String,
}

/// Never the key itself.
impl std::fmt::Debug for MasterKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "MasterKey({})", self.id)
    }
}

impl MasterKey {
    /// A new one.
    ///
    /// # Errors
    /// When there is no randomness.
    pub fn generate() -> Result<Self, VaultError> {
        Ok(Self::of(seal::random()?))
    }

    /// The key as text of 64 hexadecimal digits, as a file or the environment holds it.
    ///
    /// # Errors
    /// When it is none.
    pub fn parse(text: &str) -> Result<Self, VaultError> {
        let malformed = || VaultError::Master("expected 64 hexadecimal digits".to_owned());
        let text = text.trim();
        let mut bytes = [0; 32];
        if text.len() != 64 || !text.is_ascii() {
            return Err(malformed());
        }
        for (place, byte) in bytes.iter_mut().enumerate() {
            *byte =
                u8::from_str_radix(&text[place * 2..place * 2 + 2], 16).map_err(|_| malformed())?;
        }
        Ok(Self::of(bytes))
    }

    /// Reads the key from a file that nobody else may read.
    ///
    /// # Errors
    /// When the file is not there, is none, or others may read it.
    pub fn read(path: &Path) -> Result<Self, VaultError> {
        let problem = |error: &dyn std::fmt::Display| {
            VaultError::Master(format!("{}: {error}", path.display()))
        };
        let text = fs::read_to_string(path).map_err(|error| problem(&error))?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let metadata = fs::metadata(path).map_err(|error| problem(&error))?;
            if metadata.permissions().mode() & 0o077 != 0 {
                return Err(problem(&"group or others may read it; chmod 600 it"));
            }
        }
        Self::parse(&text)
    }

    /// Writes the key to a new file with mode 0600.
    ///
    /// # Errors
    /// When there is a file already, or it cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), VaultError> {
        let problem =
            |error: std::io::Error| VaultError::Master(format!("{}: {error}", path.display()));
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt as _;
            options.mode(0o600);
        }
        let mut file = options.open(path).map_err(problem)?;
        let text: String = self
            .bytes
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        file.write_all(text.as_bytes())
            .and_then(|()| file.write_all(b"\n"))
            .and_then(|()| file.sync_all())
            .map_err(problem)
    }

    /// Which key it is: eight digits of its hash.
    pub fn id(&self) -> &str {
        &self.id
    }

    pub(super) fn bytes(&self) -> &[u8; 32] {
        &self.bytes
    }

    fn of(bytes: [u8; 32]) -> Self {
        let digest = Sha256::digest(bytes);
        let id = digest[..4]
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        Self { bytes, id }
    }
}
