//! Where a pack's files come from: a folder on disk, or texts built into the program.

use std::collections::BTreeMap;
use std::path::Path;

use super::PackError;

/// Largest rule file that is read; a rule is a page of SQL, not a data file.
const LARGEST_FILE: u64 = 1 << 20;

/// The texts of a pack by path relative to its folder, with `/` between names.
#[derive(Clone, Debug, Default)]
pub struct PackFiles {
    files: BTreeMap<String, String>,
    /// The statements were checked when the program was built.
    is_vouched: bool,
}

impl PackFiles {
    /// Texts that are at hand, such as those built into the program.
    pub fn from_texts<'a>(texts: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let files = texts
            .into_iter()
            .map(|(path, text)| (path.to_owned(), text.to_owned()))
            .collect();
        Self {
            files,
            is_vouched: false,
        }
    }

    /// The same, for texts whose statements a test has checked: reading them again at every start would
    /// cost more than a small input does.
    #[must_use]
    pub fn vouched(mut self) -> Self {
        self.is_vouched = true;
        self
    }

    pub(super) fn is_vouched(&self) -> bool {
        self.is_vouched
    }

    /// Every `.sql`, `.fixture` and `.toml` file of a folder and its sub-folder `shared`.
    ///
    /// # Errors
    /// When the folder or a file in it cannot be read, is not UTF-8 or is larger than 1 MiB.
    pub fn from_folder(folder: &Path) -> Result<Self, PackError> {
        let mut files = BTreeMap::new();
        read_folder(folder, "", &mut files)?;
        let shared = folder.join("shared");
        if shared.is_dir() {
            read_folder(&shared, "shared/", &mut files)?;
        }
        Ok(Self {
            files,
            is_vouched: false,
        })
    }

    /// Adds the other's files; a file of the same path is replaced by the other's.
    pub fn extend(&mut self, other: Self) {
        self.is_vouched &= other.is_vouched;
        self.files.extend(other.files);
    }

    /// The text at `path`.
    pub fn get(&self, path: &str) -> Option<&str> {
        self.files.get(path).map(String::as_str)
    }

    /// Paths and texts in order of path.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files
            .iter()
            .map(|(path, text)| (path.as_str(), text.as_str()))
    }
}

fn read_folder(
    folder: &Path,
    prefix: &str,
    files: &mut BTreeMap<String, String>,
) -> Result<(), PackError> {
    let shown = folder.display().to_string();
    let unreadable = |error: std::io::Error| {
        PackError::new(
            &shown,
            0,
            format!("无法读取规则文件夹:{error}"),
            format!("the folder of rules cannot be read: {error}"),
        )
    };
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let path = entry.path();
        let kind = path.extension().and_then(|kind| kind.to_str());
        if !matches!(kind, Some("sql" | "fixture" | "toml")) || !path.is_file() {
            continue;
        }
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        let size = entry.metadata().map_err(unreadable)?.len();
        if size > LARGEST_FILE {
            return Err(PackError::new(
                &name,
                0,
                format!("文件 {size} 字节,超过 1 MiB 的上限"),
                format!("the file has {size} bytes, more than the limit of 1 MiB"),
            ));
        }
        let text = std::fs::read_to_string(&path).map_err(|error| {
            PackError::new(
                &name,
                0,
                format!("无法读取,或不是 UTF-8 编码:{error}"),
                format!("cannot be read, or is not UTF-8: {error}"),
            )
        })?;
        files.insert(name, text);
    }
    Ok(())
}
