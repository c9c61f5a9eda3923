//! Files that hold secrets: written with mode 0600, refused when anybody else may read them.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::NodeError;
use super::config::Secret;

impl Secret {
    /// The secret; a file's path is relative to `folder`.
    ///
    /// # Errors
    /// When it is not there, or others may read it.
    pub(super) fn read(&self, folder: &Path) -> Result<String, NodeError> {
        match self {
            Self::File(path) => read_secret(&folder.join(path)),
            Self::Variable(name) => std::env::var(name).map_err(|_| {
                NodeError::wrong(
                    format!("环境变量 {name} 未设置;kandeng.toml 说密钥或口令在其中"),
                    format!(
                        "the variable {name} is not set; kandeng.toml says that a secret is in it"
                    ),
                )
            }),
        }
    }

    /// The file that holds the secret, if a file does.
    pub(super) fn file(&self, folder: &Path) -> Option<PathBuf> {
        match self {
            Self::File(path) => Some(folder.join(path)),
            Self::Variable(_) => None,
        }
    }
}

/// Reads a file that nobody else may read.
pub(super) fn read_secret(path: &Path) -> Result<String, NodeError> {
    let text = fs::read_to_string(path).map_err(NodeError::unread(path))?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let metadata = fs::metadata(path).map_err(NodeError::unread(path))?;
        let mode = metadata.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            let path = path.display();
            return Err(NodeError::wrong(
                format!(
                    "{path} 的权限是 {mode:o},别人也能读;请先运行 chmod 600 {path},并考虑更换这把密钥"
                ),
                format!(
                    "{path} has mode {mode:o}: others may read it. Run `chmod 600 {path}`, and think about another key"
                ),
            ));
        }
    }
    Ok(text)
}

/// Writes a new file with mode 0600, on disk when it returns.
pub(super) fn write_secret(path: &Path, text: &str) -> Result<(), NodeError> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let write = || {
        let mut file = options.open(path)?;
        file.write_all(text.as_bytes())?;
        file.write_all(b"\n")?;
        file.sync_all()
    };
    write().map_err(NodeError::unwritten(path))
}

/// 32 bytes in 64 hexadecimal digits.
pub(super) fn parse_hex(text: &str, path: &Path) -> Result<[u8; 32], NodeError> {
    let malformed = || {
        NodeError::wrong(
            format!("{} 应为 64 位十六进制数字", path.display()),
            format!("{} should hold 64 hexadecimal digits", path.display()),
        )
    };
    let text = text.trim();
    let mut bytes = [0; 32];
    if text.len() != 64 || !text.is_ascii() {
        return Err(malformed());
    }
    for (place, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[place * 2..place * 2 + 2], 16).map_err(|_| malformed())?;
    }
    Ok(bytes)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn a_secret_that_others_may_read_is_refused_with_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("signing.key");
        write_secret(&path, "secret").unwrap();
        assert_eq!(read_secret(&path).unwrap(), "secret\n");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let Err(NodeError::Wrong(told)) = read_secret(&path) else {
            panic!("it was read");
        };
        assert!(
            told.en.contains("640") && told.en.contains("chmod 600"),
            "{}",
            told.en
        );
        assert!(!told.en.contains("secret\n"));
        assert!(
            write_secret(&path, "another").is_err(),
            "it was written over"
        );
    }
}
