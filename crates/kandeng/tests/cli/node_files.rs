//! Photos of filings: in a backup, back from it, and held against the events that name them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use kandeng_platform::Context;
use kandeng_platform::node::Node;
use kandeng_supervise::filing::Filing;
use kandeng_supervise::project::{
    AddFiles, AddedFile, AdoptDeclaration, Cells, ChangeItems, Declaration, Edit, FileKind,
    FilePlace, FileProject, KeptFile, PHOTOS, Project, Row, declaration_id,
};
use uuid::Uuid;

use crate::nodes::{init, open};
use crate::{kandeng, stdout, succeed};

const PHOTO: &[u8] = b"the bytes of a photo";

/// A project with a photo that is kept, and one that a workbook only states.
async fn file(node: &Node) -> String {
    let platform = &node.platform;
    let cx = Context {
        jurisdiction: "990121".to_owned(),
        ..Context::of_the_platform(platform.clock().now())
    };
    let adopt = AdoptDeclaration {
        text: Filing::embedded_text().to_owned(),
    };
    platform
        .carry_out::<Declaration, _>(declaration_id(), adopt, &cx)
        .await
        .unwrap();
    let filing = Arc::new(Filing::embedded().clone());
    let id = Uuid::from_u128(7);
    let project = FileProject {
        id,
        filing: Arc::clone(&filing),
        declaration: 1,
        code: "99012120260001".to_owned(),
        stage: None,
        edit: Edit::default().with("name", "三组产业路"),
        people: BTreeMap::new(),
        file: None,
    };
    platform
        .carry_out::<Project, _>(id, project, &cx)
        .await
        .unwrap();
    let sha256 = node.folder.evidence().put(PHOTO).unwrap();
    let kept = KeptFile {
        sha256: sha256.clone(),
        bytes: PHOTO.len() as u64,
        kind: FileKind::Jpeg,
        name: "三组.jpg".to_owned(),
        says: Row::from([("sha256".to_owned(), sha256.clone())]),
    };
    let add = AddFiles {
        filing: Arc::clone(&filing),
        place: FilePlace::Photos,
        files: vec![AddedFile {
            file: kept,
            cells: Cells::new(),
        }],
    };
    platform
        .carry_out::<Project, _>(id, add, &cx)
        .await
        .unwrap();
    let stated = "ab".repeat(32);
    let row = [("file", "五组.jpg"), ("sha256", stated.as_str())];
    let change = ChangeItems {
        filing,
        based_on: BTreeMap::from([("site_photos".to_owned(), 2)]),
        edit: Edit::default().with_row(PHOTOS, 9, row),
        people: BTreeMap::new(),
        file: None,
    };
    platform
        .carry_out::<Project, _>(id, change, &cx)
        .await
        .unwrap();
    sha256
}

/// What `verify` says is wrong with the node that was brought back.
fn wrong(folder: &Path) -> String {
    let output = kandeng(folder, &["verify", "new", "--lang", "en"]);
    assert_eq!(output.status.code(), Some(1));
    stdout(&output)
}

#[test]
fn a_photo_of_a_filing_comes_back_with_the_backup_and_a_change_to_it_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let path = init(folder.path());
    let node = open(&path);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let sha256 = runtime.block_on(file(&node));
    node.close();
    drop(runtime);
    // Small copies are made again and need no backup.
    fs::create_dir(path.join("previews")).unwrap();
    fs::write(path.join("previews/x.jpg"), "x").unwrap();

    let named = "1 files of evidence, 1 named";
    let told = stdout(&succeed(folder.path(), &["verify", "node", "--lang", "en"]));
    assert!(told.contains(named), "{told}");
    succeed(folder.path(), &["backup", "node", "copy", "--with-keys"]);
    assert!(!folder.path().join("copy/previews").exists());
    succeed(folder.path(), &["restore", "copy", "new"]);
    let told = stdout(&succeed(folder.path(), &["verify", "new", "--lang", "en"]));
    assert!(told.contains(named), "{told}");
    let there = folder
        .path()
        .join("new/evidence")
        .join(&sha256[..2])
        .join(&sha256);
    assert_eq!(fs::read(&there).unwrap(), PHOTO);
    fs::write(&there, b"the bytes of another").unwrap();
    let told = wrong(folder.path());
    assert!(
        told.contains(&sha256) && told.contains("was changed"),
        "{told}"
    );
    fs::remove_file(&there).unwrap();
    let told = wrong(folder.path());
    assert!(told.contains(&sha256) && told.contains("is gone"), "{told}");
}
