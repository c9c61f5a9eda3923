//! Adding an item through the command is all that adding an item takes.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use kandeng_screening::pack::Audience;
use kandeng_screening::{Prepared, Settings};
use kandeng_supervise::filing::{Wording, template};
use kandeng_supervise::packs;
use kandeng_supervise::project::{
    ChangeDeclaration, County, Declaration, DeclarationChange, Edit, Filter, MoveStage, NewColumn,
    Project, declaration_id, export_csv, history, version,
};

use crate::support::{AS_OF, CLERK, Node, refusal};

fn add(node: &Node, key: &str) {
    let change = ChangeDeclaration {
        version: node.declared().version,
        change: DeclarationChange::AddItem {
            category: "approval".to_owned(),
            key: key.to_owned(),
            zh: "公示日期".to_owned(),
            en: "Day of notice".to_owned(),
            from: "filed".to_owned(),
            public: true,
            columns: vec![NewColumn {
                key: key.to_owned(),
                zh: "公示日期".to_owned(),
                en: "Day of notice".to_owned(),
                field: "date".to_owned(),
                choices: Vec::new(),
                example: String::new(),
            }],
        },
    };
    node.carry_out::<Declaration, _>(declaration_id(), change, &node.cx(CLERK))
        .unwrap();
}

#[test]
fn a_new_item_is_in_form_template_list_history_screening_and_export() {
    let node = Node::new();
    let old = node
        .file("99010120250001", Edit::default().with("name", "甲"), CLERK)
        .unwrap();
    add(&node, "notice_date");
    let declared = node.declared();
    assert_eq!(declared.version, 2);
    let filing = declared.filing;
    // The template has its column.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("template.xlsx");
    template::write(&path, &filing, Wording::Zh).unwrap();
    assert!(!lacks(&node, &path));
    // It is asked for, filed, counted and remembered.
    let edit = Edit::default()
        .with("name", "乙")
        .with("village_code", "990101001201");
    let new = node.file("99010120250002", edit, CLERK).unwrap();
    assert_eq!(node.page(new).progress["approval"].apply, 7);
    assert_eq!(node.page(new).progress["approval"].required, 1);
    assert_eq!(node.page(new).progress["approval"].done, 0);
    assert_eq!(missing(&node), ["99010120250001", "99010120250002"]);
    node.change(
        &node.page(new),
        Edit::default().with("notice_date", "2025年3月1日"),
        CLERK,
    )
    .unwrap();
    assert_eq!(node.page(new).progress["approval"].done, 1);
    assert_eq!(
        history(&node.platform, &filing, new, "notice_date")
            .unwrap()
            .len(),
        1
    );
    // The rules see it.
    assert_eq!(missing(&node), ["99010120250001"]);
    // It is exported, and read again it is the same.
    let csv = folder.path().join("csv");
    std::fs::create_dir(&csv).unwrap();
    let filter = Filter {
        within: vec!["99".to_owned()],
        ..Filter::default()
    };
    export_csv(&node.platform, &filing, &node.key, &filter, &csv).unwrap();
    let projects = std::fs::read_to_string(csv.join("projects.csv")).unwrap();
    assert!(projects.contains("公示日期") && projects.contains("2025-03-01"));
    assert!(node.plan(&csv).is_unchanged());
    // The older filing keeps its declaration.
    let page = node.page(old);
    assert_eq!(
        (page.row.declaration, page.progress["approval"].apply),
        (1, 6)
    );
    let late = node.change(
        &page,
        Edit::default().with("notice_date", "2025-03-01"),
        CLERK,
    );
    assert_eq!(refusal(late.unwrap_err()).code, "unknown-item");
    let kept = node.platform.query(|of| version(of, 1)).unwrap().unwrap();
    assert!(kept.filing.item("notice_date").is_none());
}

/// Projects that rule Q01 finds without the new item.
fn missing(node: &Node) -> Vec<String> {
    let filing = node.declared().filing;
    let county = County::read(&node.platform, &filing, &node.key, None).unwrap();
    let pack = packs::county(&filing, &[]).unwrap_or_else(|errors| panic!("{errors:#?}"));
    let items = packs::items(&filing);
    let settings = Settings::new(AS_OF, Audience::Both);
    let outcome = Prepared::new(&pack, Some(&items), settings)
        .unwrap()
        .run(&county.tables, &AtomicBool::default(), &|_, _| {})
        .unwrap();
    let mut missing: Vec<String> = outcome
        .findings()
        .filter(|finding| finding.items.iter().any(|item| item == "notice_date"))
        .map(|finding| finding.subject)
        .collect();
    missing.sort();
    missing.dedup();
    missing
}

#[test]
fn a_retired_item_is_asked_for_no_more_and_what_was_filed_of_it_stays() {
    let node = Node::new();
    let retire = ChangeDeclaration {
        version: 1,
        change: DeclarationChange::Retire {
            item: "approval_number".to_owned(),
        },
    };
    let before = node
        .file(
            "99010120250001",
            Edit::default().with("approval_number", "1号"),
            CLERK,
        )
        .unwrap();
    node.carry_out::<Declaration, _>(declaration_id(), retire, &node.cx(CLERK))
        .unwrap();
    let after = node.file("99010120250002", Edit::default(), CLERK).unwrap();
    for (id, apply) in [(before, 6), (after, 5)] {
        let to = MoveStage {
            filing: Arc::clone(&node.declared().filing),
            stage: "approved".to_owned(),
            reason: None,
        };
        node.carry_out::<Project, _>(id, to, &node.cx(CLERK))
            .unwrap();
        assert_eq!(node.page(id).progress["approval"].required, apply);
    }
    assert_eq!(node.page(before).filed.fields["approval_number"], "1号");
}

/// Whether a workbook lacks the new item's column.
fn lacks(node: &Node, path: &std::path::Path) -> bool {
    let missing = node.read(path).missing_columns;
    missing.contains(&("projects".to_owned(), "notice_date".to_owned()))
}
