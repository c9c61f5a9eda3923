//! Photos that are kept: their rows are what an import of the same file would fill in, and nobody types over them.

use std::path::Path;

use kandeng_evidence::image::{Rgb, RgbImage};
use kandeng_evidence::{ExifFields, Limits, Photo, jpeg_with_exif};
use kandeng_platform::{Answer, CommandError};
use kandeng_supervise::import;
use kandeng_supervise::project::{
    AddFiles, AddedFile, Cells, Edit, FileKind, FilePlace, Filter, ImportPlan, KeptFile, PHOTOS,
    Project, export_csv, export_workbook, photo_cells,
};
use uuid::Uuid;

use crate::support::{CLERK, Node, OTHER_CLERK, block_on, refusal};

const CODE: &str = "99010120250001";

pub fn jpeg(blue: u8) -> Vec<u8> {
    let pixels = RgbImage::from_fn(320, 240, |x, y| Rgb([x as u8, y as u8, blue]));
    let fields = ExifFields {
        taken: Some(jiff::civil::date(2025, 6, 14).at(9, 30, 15, 0)),
        offset: Some(jiff::tz::offset(8)),
        lon: Some(105.520_312_5),
        lat: Some(32.281_7),
        accuracy_m: Some(4.5),
        make: Some("Lamp".to_owned()),
        model: Some("One".to_owned()),
        software: Some("Adobe Photoshop 25.0".to_owned()),
        ..ExifFields::default()
    };
    jpeg_with_exif(&pixels, 85, &fields).unwrap()
}

pub fn kept(node: &Node, name: &str, bytes: &[u8]) -> KeptFile {
    let photo = Photo::from_bytes(bytes, &Limits::default()).unwrap();
    KeptFile {
        sha256: photo.sha256.clone(),
        bytes: photo.bytes,
        kind: FileKind::Jpeg,
        name: name.to_owned(),
        says: photo_cells(&node.declared().filing, &node.key, CODE, name, &photo),
    }
}

pub fn add(node: &Node, id: Uuid, file: KeptFile, actor: Uuid) -> Result<Answer, CommandError> {
    let add = AddFiles {
        filing: node.declared().filing,
        place: FilePlace::Photos,
        files: vec![AddedFile {
            file,
            cells: Cells::from([("stage".to_owned(), Some("during".to_owned()))]),
        }],
    };
    node.carry_out::<Project, _>(id, add, &node.cx(actor))
}

fn filed() -> (Node, Uuid) {
    let node = Node::new();
    let id = node
        .file(CODE, Edit::default().with("name", "三组产业路"), CLERK)
        .unwrap();
    (node, id)
}

#[test]
fn a_kept_photo_fills_its_row_as_an_import_of_the_same_file_would() {
    let (node, id) = filed();
    let bytes = jpeg(90);
    add(&node, id, kept(&node, "a.jpg", &bytes), CLERK).unwrap();
    let row = node.page(id).filed.lists[PHOTOS][&1].clone();
    assert_eq!(row["taken_at"], "2025-06-14 09:30:15");
    assert_eq!(row["software"], "Adobe Photoshop");

    let other = Node::new();
    let folder = tempfile::tempdir().unwrap();
    let csv = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    csv(
        "projects.csv",
        &format!("project_code,name\n{CODE},三组产业路\n"),
    );
    csv(
        "photos.csv",
        &format!("project_code,stage,file\n{CODE},during,a.jpg\n"),
    );
    let photos = folder.path().join("photos");
    std::fs::create_dir(&photos).unwrap();
    std::fs::write(photos.join("a.jpg"), &bytes).unwrap();
    let mut options = other.options();
    options.photos = Some(photos);
    let read = import::read(&[folder.path().to_owned()], &options).unwrap();
    let plan = ImportPlan::new(&other.platform, read, &options, &|_, _| {}).unwrap();
    other.take(&plan);
    let imported = plan.projects()[0].id;
    assert_eq!(row, other.page(imported).filed.lists[PHOTOS][&1]);
}

#[test]
fn what_is_exported_of_a_kept_photo_changes_nothing_and_what_says_otherwise_is_refused() {
    let (node, id) = filed();
    add(&node, id, kept(&node, "a.jpg", &jpeg(90)), CLERK).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let everywhere = Filter {
        within: vec!["99".to_owned()],
        ..Filter::default()
    };
    let filing = node.declared().filing;
    let workbook = folder.path().join("out.xlsx");
    export_workbook(&node.platform, &filing, &node.key, &everywhere, &workbook).unwrap();
    assert!(node.plan(&workbook).is_unchanged());
    let csv = folder.path().join("csv");
    std::fs::create_dir(&csv).unwrap();
    export_csv(&node.platform, &filing, &node.key, &everywhere, &csv).unwrap();
    assert!(node.plan(&csv).is_unchanged());

    // A later time in the file, and nothing of it is taken.
    let photos = csv.join("photos.csv");
    let text = std::fs::read_to_string(&photos).unwrap();
    assert!(text.contains("2025-06-14 09:30:15"), "{text}");
    std::fs::write(
        &photos,
        text.replace("2025-06-14 09:30:15", "2025-06-15 09:30:15"),
    )
    .unwrap();
    assert_eq!(refused(&node, &csv), "said-by-the-file");
    let row = &node.page(id).filed.lists[PHOTOS];
    assert_eq!(row.len(), 1);
    assert_eq!(row[&1]["taken_at"], "2025-06-14 09:30:15");
    // Typed in a form it is refused as well; what is the clerk's to say is not.
    let seen = node.page(id);
    let later = Edit::default().with_row(PHOTOS, 1, [("lon", "105.6")]);
    let wrong = node.change(&seen, later, CLERK).unwrap_err();
    assert_eq!(refusal(wrong).code, "said-by-the-file");
    let stage = Edit::default().with_row(PHOTOS, 1, [("stage", "after")]);
    node.change(&seen, stage, CLERK).unwrap();
}

fn refused(node: &Node, path: &Path) -> String {
    let plan = node.plan(path);
    let cx = node.cx(CLERK);
    let taken = block_on(plan.take(&node.platform, &node.vault, &cx, &|_, _| {}));
    refusal(taken.unwrap_err()).code
}

#[test]
fn adding_is_in_nobodys_way_and_a_name_stands_for_one_file() {
    let (node, id) = filed();
    let seen = node.page(id);
    add(&node, id, kept(&node, "a.jpg", &jpeg(90)), CLERK).unwrap();
    // Another adds from a page that is older, and the first's photo stays.
    add(&node, id, kept(&node, "b.jpg", &jpeg(91)), OTHER_CLERK).unwrap();
    assert_eq!(node.page(id).filed.lists[PHOTOS].len(), 2);
    let again = add(&node, id, kept(&node, "a.jpg", &jpeg(90)), CLERK).unwrap();
    assert_eq!(again, Answer::Nothing);
    let other = add(&node, id, kept(&node, "a.jpg", &jpeg(92)), CLERK);
    assert_eq!(refusal(other.unwrap_err()).code, "file-name-taken");
    // Removing goes by the edition that was seen.
    let gone = Edit::default().without_row(PHOTOS, 1);
    let late = node.change(&seen, gone.clone(), CLERK).unwrap_err();
    assert_eq!(refusal(late).code, "changed-meanwhile");
    node.change(&node.page(id), gone, CLERK).unwrap();
    let page = node.page(id);
    assert_eq!(page.filed.lists[PHOTOS].len(), 1);
    // The file is the project's still, and comes back under its name.
    assert!(page.files.contains_key("a.jpg"));
    add(&node, id, kept(&node, "a.jpg", &jpeg(90)), CLERK).unwrap();
    // No event has the bytes, each of the two files is named with its length once.
    let everything = node.everything();
    assert_eq!(everything.matches("\"bytes\":").count(), 2, "{everything}");
}
