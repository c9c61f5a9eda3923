//! A package of CSV or Parquet files, unpacked; any other file as it is.

use std::collections::BTreeSet;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use kandeng_screening::Text;

/// The most bytes that a package of CSV files comes to, and the most files in it.
const MOST_UNPACKED: u64 = 512 << 20;
const MOST_FILES: usize = 64;

/// The folder of a package of CSV files; any other file as it is.
pub(super) fn unpacked(path: &Path) -> Result<PathBuf, Text> {
    let wrong = |zh: &str, en: &str| Text::new(zh, en);
    let file =
        std::fs::File::open(path).map_err(|_| wrong("文件不能读取", "the file cannot be read"))?;
    let Ok(mut package) = zip::ZipArchive::new(file) else {
        return Ok(path.to_owned());
    };
    let is_workbook = package
        .file_names()
        .filter_map(Result::ok)
        .any(|name| name == "[Content_Types].xml" || name == "mimetype");
    if is_workbook {
        return Ok(path.to_owned());
    }
    if package.len() > MOST_FILES {
        return Err(wrong(
            "压缩包里文件过多(最多 64 个)",
            "there are too many files in the package (at most 64)",
        ));
    }
    let folder = path.with_extension("files");
    std::fs::create_dir(&folder)
        .map_err(|_| wrong("磁盘不能写入", "the disk cannot be written to"))?;
    let mut left = MOST_UNPACKED;
    let mut names = BTreeSet::new();
    for index in 0..package.len() {
        let entry = package
            .by_index(index)
            .map_err(|_| wrong("压缩包已损坏", "the package is damaged"))?;
        // The last part of the name alone, so that nothing is written outside.
        let name = match entry.name() {
            Ok(name) => name
                .rsplit(['/', '\\'])
                .next()
                .unwrap_or_default()
                .to_owned(),
            // A name that cannot be read is none of a table.
            Err(_) => continue,
        };
        let is_table = ["csv", "parquet"].iter().any(|ending| {
            Path::new(&name)
                .extension()
                .is_some_and(|own| own.eq_ignore_ascii_case(ending))
        });
        if entry.is_dir() || !is_table || name.starts_with('.') {
            continue;
        }
        // Of two, one would be written over the other: a table is told by its file's name, in whatever folder it lies.
        if !names.insert(name.to_lowercase()) {
            return Err(Text::new(
                format!("压缩包里有两个同名的文件 {name},不知该读哪一个"),
                format!("there are two files {name} in the package; keep the one that counts"),
            ));
        }
        let to = folder.join(&name);
        let mut to = std::fs::File::create(to)
            .map_err(|_| wrong("磁盘不能写入", "the disk cannot be written to"))?;
        // What a package says of its size is not believed.
        let written = std::io::copy(&mut entry.take(left + 1), &mut to)
            .map_err(|_| wrong("压缩包已损坏", "the package is damaged"))?;
        if written > left {
            return Err(wrong(
                "压缩包解开后过大(最多 512 MB)",
                "the package is too large once unpacked (at most 512 MB)",
            ));
        }
        left -= written;
    }
    Ok(folder)
}
