//! Secrets: where one is kept, and the secret itself, which nothing prints.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::ChannelError;

/// Where a secret is kept.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// In a file that nobody else may read.
    File(PathBuf),
    /// In a variable of the environment.
    Env(String),
}

/// A secret. It shows itself to the sender that needs it and to nobody else.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

/// Never the secret itself.
impl std::fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Secret(…)")
    }
}

impl Secret {
    /// A secret that is at hand.
    pub fn new(secret: impl Into<String>) -> Self {
        Self(secret.into())
    }

    pub(super) fn expose(&self) -> &str {
        &self.0
    }
}

impl Source {
    /// Reads the secret.
    ///
    /// # Errors
    /// When it is not there, is empty, or others may read its file.
    pub fn read(&self, folder: &Path) -> Result<Secret, ChannelError> {
        let text = match self {
            Self::File(path) => read_private(&folder.join(path))?,
            Self::Env(name) => std::env::var(name).map_err(|_| {
                ChannelError::new(
                    format!("环境变量 {name} 没有设置"),
                    format!("the variable {name} is not set"),
                )
            })?,
        };
        let secret = text.trim();
        if secret.is_empty() {
            return Err(ChannelError::new("密钥为空", "the secret is empty"));
        }
        Ok(Secret::new(secret))
    }
}

/// Reads a file that only its owner may read.
pub(super) fn read_private(path: &Path) -> Result<String, ChannelError> {
    let shown = path.display();
    let problem = |error: std::io::Error| {
        ChannelError::new(
            format!("读不了 {shown}:{error}"),
            format!("{shown}: {error}"),
        )
    };
    let text = std::fs::read_to_string(path).map_err(problem)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(path)
            .map_err(problem)?
            .permissions()
            .mode();
        if mode & 0o077 != 0 {
            return Err(ChannelError::new(
                format!("{shown} 他人可读,请 chmod 600"),
                format!("{shown}: group or others may read it; chmod 600 it"),
            ));
        }
    }
    Ok(text)
}
