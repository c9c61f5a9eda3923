//! What is exported is read again as it is, and no table program takes a text for a formula.

use std::path::Path;

use kandeng_supervise::project::{Edit, Filter, export_csv, export_workbook};
use kandeng_supervise::synth::Format;

use crate::support::{CLERK, Node, synthetic};

fn everywhere() -> Filter {
    Filter {
        within: vec!["99".to_owned()],
        ..Filter::default()
    }
}

/// What is exported of one node changes nothing there, and makes the same filings of another.
fn comes_back(node: &Node, path: &Path) {
    let plan = node.plan(path);
    let odd: Vec<_> = plan
        .projects()
        .iter()
        .filter(|project| !project.is_unchanged())
        .map(|project| plan.changes(&node.platform, &project.code).unwrap())
        .collect();
    assert!(plan.is_unchanged(), "{odd:#?}");
    let other = Node::new();
    other.take(&other.plan(path));
    let again = tempfile::tempdir().unwrap();
    let first = again.path().join("first");
    let second = again.path().join("second");
    for (node, folder) in [(node, &first), (&other, &second)] {
        std::fs::create_dir(folder).unwrap();
        let filing = node.declared().filing;
        export_csv(&node.platform, &filing, &node.key, &everywhere(), folder).unwrap();
    }
    for file in std::fs::read_dir(&first).unwrap() {
        let file = file.unwrap();
        let read = |path: &Path| {
            let text = std::fs::read_to_string(path).unwrap();
            let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
            lines.sort();
            lines
        };
        assert_eq!(read(&file.path()), read(&second.join(file.file_name())));
    }
}

#[test]
fn an_exported_county_comes_back_as_it_is() {
    let node = Node::new();
    let folder = tempfile::tempdir().unwrap();
    let path = synthetic(80, 7, Format::Xlsx, folder.path());
    node.take(&node.plan(&path));
    let filing = node.declared().filing;
    let workbook = folder.path().join("out.xlsx");
    let count = export_workbook(&node.platform, &filing, &node.key, &everywhere(), &workbook);
    assert_eq!(count.unwrap(), 80);
    comes_back(&node, &workbook);
    let csv = folder.path().join("csv");
    std::fs::create_dir(&csv).unwrap();
    export_csv(&node.platform, &filing, &node.key, &everywhere(), &csv).unwrap();
    comes_back(&node, &csv);
}

#[test]
fn texts_that_look_like_formulas_stay_texts() {
    let node = Node::new();
    let odd = [
        "=HYPERLINK(\"http://x\",\"y\")",
        "+86 1",
        "-1+1",
        "@SUM(A1)",
        "'=1",
        "''@x",
        "'quoted",
        "<script>alert(1)</script>",
        "多行\n第二行",
        "ئۇيغۇر 🏔️",
        "a,b;\"c\"",
    ];
    for (number, text) in odd.iter().enumerate() {
        let code = format!("9901012025{number:04}");
        let edit = Edit::default()
            .with("name", text)
            .with("approved_budget", text)
            .with_row(
                "progress",
                1,
                [("percent", "0.4"), ("note", text), ("date", "1950-01-01")],
            );
        node.file(&code, edit, CLERK).unwrap();
    }
    let filing = node.declared().filing;
    let folder = tempfile::tempdir().unwrap();
    let workbook = folder.path().join("out.xlsx");
    export_workbook(&node.platform, &filing, &node.key, &everywhere(), &workbook).unwrap();
    comes_back(&node, &workbook);
    let csv = folder.path().join("csv");
    std::fs::create_dir(&csv).unwrap();
    export_csv(&node.platform, &filing, &node.key, &everywhere(), &csv).unwrap();
    comes_back(&node, &csv);
    let mut reader = csv::Reader::from_path(csv.join("progress.csv")).unwrap();
    for record in reader.records() {
        for field in &record.unwrap() {
            assert!(!field.starts_with(['=', '+', '-', '@']), "{field}");
        }
    }
    let mut package = zip::ZipArchive::new(std::fs::File::open(&workbook).unwrap()).unwrap();
    for number in 1..=filing.sheets.len() {
        let name = format!("xl/worksheets/sheet{number}.xml");
        let mut text = String::new();
        std::io::Read::read_to_string(&mut package.by_name(&name).unwrap(), &mut text).unwrap();
        assert!(!text.contains("<f>"), "{name}");
    }
}

#[test]
fn a_text_too_long_for_a_cell_is_left_alone_when_the_workbook_comes_back() {
    let node = Node::new();
    let long = "长".repeat(40_000);
    let id = node
        .file(
            "99010120250001",
            Edit::default().with("address", &long),
            CLERK,
        )
        .unwrap();
    let filing = node.declared().filing;
    let folder = tempfile::tempdir().unwrap();
    let workbook = folder.path().join("out.xlsx");
    export_workbook(&node.platform, &filing, &node.key, &everywhere(), &workbook).unwrap();
    assert!(node.plan(&workbook).is_unchanged());
    let csv = folder.path().join("csv");
    std::fs::create_dir(&csv).unwrap();
    export_csv(&node.platform, &filing, &node.key, &everywhere(), &csv).unwrap();
    comes_back(&node, &csv);
    assert_eq!(node.page(id).filed.fields["address"], long);
}

#[test]
fn the_time_of_a_photo_that_was_typed_in_a_form_is_no_change_when_it_comes_back() {
    let node = Node::new();
    let typed = [
        ("file", "001.jpg"),
        ("taken_at", "2025-06-01T23:30:00+08:00"),
    ];
    // Of the second somebody typed a day too, and another.
    let both = [
        ("file", "002.jpg"),
        ("taken_at", "2025-06-02T08:00:00+08:00"),
        ("taken_on", "2025-06-03"),
    ];
    let edit = Edit::default()
        .with_row("photos", 1, typed)
        .with_row("photos", 2, both);
    node.file("99010120250001", edit, CLERK).unwrap();
    let filing = node.declared().filing;
    let folder = tempfile::tempdir().unwrap();
    let workbook = folder.path().join("out.xlsx");
    export_workbook(&node.platform, &filing, &node.key, &everywhere(), &workbook).unwrap();
    let csv = folder.path().join("csv");
    std::fs::create_dir(&csv).unwrap();
    export_csv(&node.platform, &filing, &node.key, &everywhere(), &csv).unwrap();
    for path in [&workbook, &csv] {
        let plan = node.plan(path);
        let code = "99010120250001";
        let changes = plan.changes(&node.platform, code).unwrap();
        assert!(plan.is_unchanged(), "{changes:#?}");
    }
}

#[test]
fn an_export_is_of_one_moment_whatever_is_filed_while_it_is_written() {
    use std::io::Read as _;

    let node = Node::new();
    let folder = tempfile::tempdir().unwrap();
    let path = synthetic(200, 7, Format::Xlsx, folder.path());
    node.take(&node.plan(&path));
    let filing = node.declared().filing;
    let csv = folder.path().join("csv");
    std::fs::create_dir(&csv).unwrap();
    // A pipe takes so much and no more: the export waits in its middle until somebody reads.
    let pipe = csv.join("projects.csv");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    let (platform, key) = (node.platform.clone(), node.key.clone());
    let into = csv.clone();
    let written = std::thread::spawn({
        let filing = filing.clone();
        move || export_csv(&platform, &filing, &key, &everywhere(), &into)
    });
    let mut reader = std::fs::File::open(&pipe).unwrap();
    let mut told = vec![0; 4_096];
    reader.read_exact(&mut told).unwrap();
    let last: (String, String) = node
        .platform
        .query(|of| {
            let last = "select id, code from projects order by code desc limit 1";
            of.query_row(last, [], |row| Ok((row.get(0)?, row.get(1)?)))
        })
        .unwrap();
    let id: uuid::Uuid = last.0.parse().unwrap();
    let changed = Edit::default().with("name", "改过的名字");
    node.change(&node.page(id), changed, CLERK).unwrap();
    reader.read_to_end(&mut told).unwrap();
    assert_eq!(written.join().unwrap().unwrap(), 200);
    let told = String::from_utf8(told).unwrap();
    // It was not written yet when the name changed: otherwise nothing is shown here.
    assert!(told.len() > 80_000 && told.contains(&last.1));
    assert!(!told.contains("改过的名字"));
    let now = node.page(id).row.name.unwrap();
    assert_eq!(now, "改过的名字");
}
