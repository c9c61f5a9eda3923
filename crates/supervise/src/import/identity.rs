//! The county's key, and numbers of people, accounts and telephones as keyed hashes.
//! No number leaves this file but as its hash.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::path::Path;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};

use super::error::ImportError;
use super::value::half_width;

/// Bytes of the key.
const KEY_BYTES: usize = 32;
/// Hexadecimal digits of the key's name.
const ID_DIGITS: usize = 8;
/// Hexadecimal digits of a hash: 128 bits.
const HASH_DIGITS: usize = 32;

/// The key that a county hashes identity and account numbers with.
#[derive(Clone)]
pub struct IdentityKey {
    mac: Hmac<Sha256>,
    id: String,
}

/// Only its name: a key is never printed.
impl std::fmt::Debug for IdentityKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("IdentityKey")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

impl IdentityKey {
    /// The key of these bytes.
    pub fn from_bytes(bytes: [u8; KEY_BYTES]) -> Self {
        // Cannot fail: HMAC takes keys of any length.
        #[expect(clippy::expect_used, clippy::missing_panics_doc)]
        let mac = Hmac::new_from_slice(&bytes).expect("a key of any length");
        Self {
            mac,
            id: hex(&Sha256::digest(bytes)[..ID_DIGITS / 2]),
        }
    }

    /// Reads the key file, or makes it, readable for its owner only.
    ///
    /// # Errors
    /// When the file cannot be read or made, is no key, or others may read it.
    pub fn load_or_create(path: &Path) -> Result<Self, ImportError> {
        match File::open(path) {
            Ok(file) => Self::load(path, file),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Self::create(path),
            Err(error) => Err(ImportError::io(path, &error)),
        }
    }

    fn load(path: &Path, mut file: File) -> Result<Self, ImportError> {
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let metadata = file
                .metadata()
                .map_err(|error| ImportError::io(path, &error))?;
            if metadata.permissions().mode() & 0o077 != 0 {
                return Err(ImportError::KeyReadable {
                    path: path.to_owned(),
                });
            }
        }
        let mut text = String::new();
        let read = std::io::Read::by_ref(&mut file)
            .take(1024)
            .read_to_string(&mut text);
        let bytes = read.ok().and_then(|_| parse_key(text.trim()));
        bytes
            .map(Self::from_bytes)
            .ok_or_else(|| ImportError::KeyMalformed {
                path: path.to_owned(),
            })
    }

    /// Written beside under a name of its own and linked into place, so that of two runs that start
    /// at once one makes the key and the other reads it, and a crash leaves no half of a key.
    fn create(path: &Path) -> Result<Self, ImportError> {
        let io = |error: std::io::Error| ImportError::io(path, &error);
        let mut bytes = [0; KEY_BYTES];
        getrandom::fill(&mut bytes).map_err(|error| io(std::io::Error::other(error)))?;
        let folder = path
            .parent()
            .filter(|parent| !parent.as_os_str().is_empty());
        let folder = folder.unwrap_or_else(|| Path::new("."));
        std::fs::create_dir_all(folder).map_err(io)?;
        let mut file = tempfile::Builder::new()
            .prefix(".kandeng-key-")
            .tempfile_in(folder)
            .map_err(io)?;
        restrict(file.as_file()).map_err(io)?;
        file.write_all(hex(&bytes).as_bytes()).map_err(io)?;
        file.write_all(b"\n").map_err(io)?;
        file.as_file().sync_all().map_err(io)?;
        match file.persist_noclobber(path) {
            Ok(_) => Ok(Self::from_bytes(bytes)),
            Err(error) if error.error.kind() == std::io::ErrorKind::AlreadyExists => {
                let file = OpenOptions::new().read(true).open(path).map_err(io)?;
                Self::load(path, file)
            }
            Err(error) => Err(io(error.error)),
        }
    }

    /// The key's name: the first 8 hexadecimal digits of its SHA-256.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The hash of a number: `KEYID:` and 128 bits of HMAC-SHA-256. A hash stays as it is.
    pub fn hash(&self, number: &str) -> String {
        // What was hashed before is mostly written as it was.
        if key_of(number).is_some() && !number.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return number.to_owned();
        }
        let number = normal(number);
        if key_of(&number).is_some() {
            return number.to_lowercase();
        }
        let mut mac = self.mac.clone();
        mac.update(number.as_bytes());
        let tag = mac.finalize().into_bytes();
        format!("{}:{}", self.id, hex(&tag[..HASH_DIGITS / 2]))
    }
}

/// What sets a seal apart from the hash of a number.
const SEAL: &[u8] = b"kandeng seal 1";

impl IdentityKey {
    /// The seal over what the platform recorded: whoever lacks the key can neither make one nor move
    /// it to other values. `KEYID:` and 128 bits of HMAC-SHA-256 over the values with their lengths.
    pub fn seal<'v>(&self, values: impl IntoIterator<Item = &'v str>) -> String {
        let mut mac = self.mac.clone();
        mac.update(SEAL);
        for value in values {
            mac.update(&(value.len() as u64).to_be_bytes());
            mac.update(value.as_bytes());
        }
        let tag = mac.finalize().into_bytes();
        format!("{}:{}", self.id, hex(&tag[..HASH_DIGITS / 2]))
    }
}

/// The key id of something that is a hash already.
pub fn key_of(text: &str) -> Option<&str> {
    let (id, hash) = text.split_once(':')?;
    let is_hex = |part: &str| part.bytes().all(|digit| digit.is_ascii_hexdigit());
    (id.len() == ID_DIGITS && hash.len() == HASH_DIGITS && is_hex(id) && is_hex(hash)).then_some(id)
}

/// A number without the ways in which the same number is written differently.
fn normal(number: &str) -> String {
    half_width(number)
        .chars()
        .filter(|letter| !letter.is_whitespace() && !matches!(letter, '-' | '\'' | '—' | '_'))
        .collect::<String>()
        .to_uppercase()
}

fn parse_key(text: &str) -> Option<[u8; KEY_BYTES]> {
    if text.len() != KEY_BYTES * 2 || !text.is_ascii() {
        return None;
    }
    let mut bytes = [0; KEY_BYTES];
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[index * 2..index * 2 + 2], 16).ok()?;
    }
    Some(bytes)
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes
        .iter()
        .flat_map(|byte| {
            [
                DIGITS[usize::from(byte >> 4)],
                DIGITS[usize::from(byte & 15)],
            ]
        })
        .map(char::from)
        .collect()
}

#[cfg(unix)]
fn restrict(file: &File) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    file.set_permissions(std::fs::Permissions::from_mode(0o600))
}

#[cfg(not(unix))]
fn restrict(_file: &File) -> std::io::Result<()> {
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn one_number_written_differently_has_one_hash_and_another_key_another() {
        let key = IdentityKey::from_bytes([7; 32]);
        let hash = key.hash("11010519491231002X");
        assert_eq!(key.hash(" 110105 19491231 002x "), hash);
        assert_eq!(key.hash(&hash), hash);
        assert_eq!(key_of(&hash), Some(key.id()));
        assert_ne!(
            IdentityKey::from_bytes([8; 32]).hash("11010519491231002X"),
            hash
        );
        assert!(!hash.contains("1101051949"));
    }

    #[test]
    fn a_key_file_is_made_once_for_its_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("inner/key");
        let made = IdentityKey::load_or_create(&path).unwrap();
        assert_eq!(IdentityKey::load_or_create(&path).unwrap().id(), made.id());
        assert_eq!(
            std::fs::read_dir(path.parent().unwrap()).unwrap().count(),
            1
        );
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let permissions = std::fs::metadata(&path).unwrap().permissions();
            assert_eq!(permissions.mode() & 0o777, 0o600);
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
            let error = IdentityKey::load_or_create(&path).unwrap_err();
            assert!(matches!(error, ImportError::KeyReadable { .. }));
        }
    }
}
