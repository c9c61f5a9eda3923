//! What a run reads is never written over: inputs, registers, the key, photos, rules, a node, by whatever name the
//! output reaches them.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::shown_path;
use crate::args::Screen;
use crate::failure::Failure;

/// Which files of a folder must stay: those of these kinds, or, where none is named, whatever is there.
type Kept = &'static [&'static str];

/// What would be read as a table, now or in the next run.
const TABLES: Kept = &["csv", "parquet"];
const PICTURES: Kept = &["jpg", "jpeg", "png", "webp", "heic", "heif"];
const RULES: Kept = &["sql", "toml", "fixture", "csv"];
const ALL: Kept = &[];

/// Files and folders that the run reads.
pub(super) struct Guarded {
    files: Vec<PathBuf>,
    folders: Vec<(PathBuf, Kept)>,
}

impl Guarded {
    pub(super) fn of(options: &Screen) -> Self {
        let how = &options.how;
        let mut guarded = Self {
            files: Vec::new(),
            folders: Vec::new(),
        };
        for path in options.input.iter().chain(&how.registers) {
            guarded.add(path, TABLES);
        }
        let key = super::county::key_path(how).ok();
        for path in key.iter().chain(&how.filing).chain(&options.into) {
            guarded.add(path, ALL);
        }
        if let Some(path) = &how.photos {
            guarded.add(path, PICTURES);
        }
        for path in &how.rules {
            guarded.add(path, RULES);
        }
        guarded
    }

    fn add(&mut self, path: &Path, kept: Kept) {
        // What is not there is told where it is opened.
        let Some(real) = real(path) else { return };
        if real.is_dir() {
            self.folders.push((real, kept));
        } else {
            self.files.push(real);
        }
    }

    /// Refuses an output that would take the place of anything that is read.
    pub(super) fn refuse(&self, output: &Path) -> Result<(), Failure> {
        let Some(real) = real(output) else {
            return Ok(());
        };
        let is_inside = |(folder, kept): &(PathBuf, Kept)| {
            // A table that is not there yet would be one of the next run's.
            let counts = real.is_file() || (*kept == TABLES && real.parent() == Some(folder));
            counts && real.starts_with(folder) && (kept.is_empty() || is_of(&real, kept))
        };
        if self.files.contains(&real) || self.folders.iter().any(is_inside) {
            let shown = shown_path(output);
            return Err(Failure::wrong(
                format!(
                    "输出 {shown} 会覆盖本次要读的文件(输入、登记表、密钥、照片或规则);请换一个文件名"
                ),
                format!(
                    "the output {shown} would replace what is read here (an input, a register, the key, photos or rules); name another file"
                ),
            ));
        }
        Ok(())
    }
}

/// Where a file is, or would be.
fn real(path: &Path) -> Option<PathBuf> {
    path.canonicalize().ok().or_else(|| {
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        Some(folder.canonicalize().ok()?.join(path.file_name()?))
    })
}

fn is_of(path: &Path, kinds: Kept) -> bool {
    let kind = path.extension().and_then(OsStr::to_str);
    kind.is_some_and(|kind| kinds.iter().any(|own| kind.eq_ignore_ascii_case(own)))
}
