//! What cannot be marked is refused with one clear error, and nothing is left behind.

use std::io::{Cursor, Write};
use std::path::Path;

use kandeng_supervise::marking::{Labels, MarkError, mark_workbook};
use tempfile::tempdir;
use zip::write::SimpleFileOptions;

use crate::opened::{fixture, flags, mark, package};

fn refusal(from: &Path, to: &Path, sheet: &str, cell: (u32, u32)) -> MarkError {
    let marks = [mark(sheet, cell.0, cell.1, "x")];
    let error = mark_workbook(from, &marks, &flags("项目"), &Labels::zh(), to).unwrap_err();
    let text = error.text();
    assert!(!text.zh.is_empty() && !text.en.is_empty());
    error
}

/// Names in a folder.
fn left_in(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

#[test]
fn sheets_and_cells_that_cannot_be_are_named() {
    let folder = tempdir().unwrap();
    let to = folder.path().join("b.xlsx");
    let from = fixture("openpyxl.xlsx");
    assert!(
        matches!(refusal(&from, &to, "没有", (1, 1)), MarkError::NoSuchSheet { sheet } if sheet == "没有")
    );
    assert!(matches!(
        refusal(&from, &to, "项目", (0, 1)),
        MarkError::NoSuchCell { .. }
    ));
    assert!(matches!(
        refusal(&from, &to, "项目", (1, 16_385)),
        MarkError::NoSuchCell { .. }
    ));
    assert!(left_in(folder.path()).is_empty());
}

#[test]
fn files_that_are_no_workbook_are_told_from_those_with_a_password() {
    let folder = tempdir().unwrap();
    let (from, to) = (folder.path().join("a.xlsx"), folder.path().join("b.xlsx"));
    assert!(matches!(
        refusal(&from, &to, "项目", (1, 1)),
        MarkError::Open { .. }
    ));
    for bytes in [&b""[..], b"PK", b"project_code,name\n"] {
        std::fs::write(&from, bytes).unwrap();
        assert!(matches!(
            refusal(&from, &to, "项目", (1, 1)),
            MarkError::NotAWorkbook { .. }
        ));
    }
    package(&from, &[("readme.txt", "a zip of something else")]);
    assert!(matches!(
        refusal(&from, &to, "项目", (1, 1)),
        MarkError::NotAWorkbook { .. }
    ));
    let mut compound = vec![0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1, 0, 0];
    std::fs::write(&from, &compound).unwrap();
    assert!(matches!(
        refusal(&from, &to, "项目", (1, 1)),
        MarkError::NotAWorkbook { .. }
    ));
    compound.extend("EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes));
    std::fs::write(&from, &compound).unwrap();
    assert!(matches!(
        refusal(&from, &to, "项目", (1, 1)),
        MarkError::Encrypted { .. }
    ));
    assert_eq!(left_in(folder.path()), ["a.xlsx"]);
}

#[test]
fn a_zip_bomb_is_not_unpacked() {
    let folder = tempdir().unwrap();
    let (from, to) = (folder.path().join("a.xlsx"), folder.path().join("b.xlsx"));
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default();
    writer
        .start_file("xl/media/a.bin", options.compression_level(Some(1)))
        .unwrap();
    writer.write_all(b"a").unwrap();
    let mut bytes = writer.finish().unwrap().into_inner();
    // The declared size in the central directory, 24 bytes in, becomes 3 GiB.
    let directory = bytes
        .windows(4)
        .position(|window| window == b"PK\x01\x02")
        .unwrap();
    bytes[directory + 24..directory + 28].copy_from_slice(&(3_u32 << 30).to_le_bytes());
    std::fs::write(&from, bytes).unwrap();
    assert!(matches!(
        refusal(&from, &to, "项目", (1, 1)),
        MarkError::TooLarge { .. }
    ));
    assert_eq!(left_in(folder.path()), ["a.xlsx"]);
}

#[test]
fn a_truncated_workbook_leaves_nothing() {
    let folder = tempdir().unwrap();
    let (from, to) = (folder.path().join("a.xlsx"), folder.path().join("b.xlsx"));
    let whole = std::fs::read(fixture("libreoffice.xlsx")).unwrap();
    for share in 1..8 {
        std::fs::write(&from, &whole[..whole.len() * share / 8]).unwrap();
        refusal(&from, &to, "项目", (1, 1));
    }
    // Bytes broken in the middle: an error, or a part that is not needed and is passed on as it is; never a panic.
    for at in (40..whole.len()).step_by(97) {
        let mut broken = whole.clone();
        broken[at] ^= 0x5A;
        std::fs::write(&from, broken).unwrap();
        let _ = mark_workbook(
            &from,
            &[mark("项目", 2, 2, "x")],
            &flags("项目"),
            &Labels::zh(),
            &to,
        );
        let _ = std::fs::remove_file(&to);
    }
    assert_eq!(left_in(folder.path()), ["a.xlsx"]);
}

#[test]
fn the_original_is_never_replaced_and_a_failed_write_keeps_the_old_output() {
    let folder = tempdir().unwrap();
    let from = folder.path().join("a.xlsx");
    std::fs::copy(fixture("openpyxl.xlsx"), &from).unwrap();
    let around = folder.path().join(".").join("a.xlsx");
    assert!(matches!(
        refusal(&from, &around, "项目", (1, 1)),
        MarkError::WouldReplaceOriginal { .. }
    ));
    let nowhere = folder.path().join("none").join("b.xlsx");
    assert!(matches!(
        refusal(&from, &nowhere, "项目", (1, 1)),
        MarkError::Write { .. }
    ));
    let taken = folder.path().join("folder.xlsx");
    std::fs::create_dir(&taken).unwrap();
    assert!(matches!(
        refusal(&from, &taken, "项目", (1, 1)),
        MarkError::Write { .. }
    ));
    let mut left = left_in(folder.path());
    left.sort();
    assert_eq!(left, ["a.xlsx", "folder.xlsx"]);
}

#[cfg(target_os = "linux")]
#[test]
fn a_workbook_for_one_reader_stays_for_one_reader() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempdir().unwrap();
    let (from, to) = (folder.path().join("a.xlsx"), folder.path().join("b.xlsx"));
    std::fs::copy(fixture("openpyxl.xlsx"), &from).unwrap();
    std::fs::set_permissions(&from, std::fs::Permissions::from_mode(0o600)).unwrap();
    mark_workbook(&from, &[], &flags("项目"), &Labels::zh(), &to).unwrap();
    assert_eq!(
        std::fs::metadata(&to).unwrap().permissions().mode() & 0o777,
        0o600
    );
}
