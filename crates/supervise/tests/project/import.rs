//! A workbook is told cell by cell before it is taken; taken again it changes nothing.

use kandeng_platform::Answer;
use kandeng_supervise::import::{self, ImportOptions};
use kandeng_supervise::project::{Edit, ImportPlan};
use kandeng_supervise::synth::Format;
use rust_xlsxwriter::Workbook;

use crate::support::{CLERK, Node, block_on, refusal, synthetic};

const CODE: &str = "99010120250001";

/// A workbook with these sheets: name, rows of texts.
fn workbook(folder: &std::path::Path, sheets: &[(&str, &[&[&str]])]) -> std::path::PathBuf {
    let mut workbook = Workbook::new();
    for (name, rows) in sheets {
        let page = workbook.add_worksheet();
        page.set_name(*name).unwrap();
        for (line, row) in (0_u32..).zip(*rows) {
            for (place, text) in (0_u16..).zip(*row) {
                if !text.is_empty() {
                    page.write_string(line, place, *text).unwrap();
                }
            }
        }
    }
    let path = folder.join("county.xlsx");
    workbook.save(&path).unwrap();
    path
}

#[test]
fn the_same_file_again_changes_nothing() {
    let node = Node::new();
    let folder = tempfile::tempdir().unwrap();
    for format in [Format::Xlsx, Format::Csv] {
        let path = synthetic(80, 7, format, folder.path());
        let plan = node.plan(&path);
        if format == Format::Xlsx {
            assert!(plan.projects().iter().all(|project| project.edition == 0));
            let taken = node.take(&plan);
            assert_eq!((taken.filed, taken.changed), (80, 0));
        }
        // CSV of the same county is the same county.
        let again = node.plan(&path);
        let odd: Vec<_> = again
            .projects()
            .iter()
            .filter(|project| !project.is_unchanged())
            .map(|project| again.changes(&node.platform, &project.code).unwrap())
            .collect();
        assert!(again.is_unchanged(), "{odd:#?}");
        assert_eq!(node.take(&again).answer, Answer::Nothing);
        std::fs::remove_dir_all(folder.path()).unwrap();
        std::fs::create_dir(folder.path()).unwrap();
    }
}

#[test]
fn a_changed_file_shows_what_will_change_and_where() {
    let node = Node::new();
    let edit = Edit::default()
        .with("name", "核桃")
        .with("approved_budget", "60万元")
        .with("address", "三组")
        .with_row(
            "payments",
            1,
            [("date", "2025-07-05"), ("amount", "100"), ("voucher", "1")],
        )
        .with_row(
            "payments",
            2,
            [("date", "2025-08-05"), ("amount", "200"), ("voucher", "2")],
        )
        .with_row("bids", 1, [("amount", "7")]);
    let id = node.file(CODE, edit, CLERK).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = workbook(
        folder.path(),
        &[
            (
                "项目",
                &[
                    &[
                        "项目编码",
                        "项目名称",
                        "批复总投资(万元)",
                        "地点",
                        "批复日期",
                        "合同金额",
                    ],
                    &[CODE, "核桃二期", "60", "", "三月", "58万"],
                    &["99010120250002", "新项目", "", "", "", ""],
                ],
            ),
            (
                "拨付",
                &[
                    &["项目编码", "拨付日期", "拨付金额", "凭证号"],
                    &[CODE, "2025/8/5", "200", "2"],
                    &[CODE, "2025/7/5", "150", "1"],
                    &[CODE, "2025/9/5", "300", "3"],
                ],
            ),
        ],
    );
    let plan = node.plan(&path);
    let changes = plan.changes(&node.platform, CODE).unwrap();
    let mut told: Vec<_> = changes
        .iter()
        .map(|change| {
            let place = change.place.as_ref().map(|place| (place.row, place.column));
            let (from, to) = (change.from.as_deref(), change.to.as_deref());
            (
                change.column.as_str(),
                place,
                from,
                to,
                change.unread.is_some(),
            )
        })
        .collect();
    told.sort_unstable();
    assert_eq!(
        told,
        [
            ("address", Some((2, 4)), Some("三组"), None, false),
            ("amount", Some((3, 3)), Some("100"), Some("150"), false),
            ("amount", Some((4, 3)), None, Some("300"), false),
            // What cannot be read is kept as it was typed, to be mended.
            ("approval_date", Some((2, 5)), None, Some("三月"), true),
            ("contract_amount", Some((2, 6)), None, Some("580000"), false),
            ("date", Some((4, 2)), None, Some("2025-09-05"), false),
            ("name", Some((2, 2)), Some("核桃"), Some("核桃二期"), false),
            ("voucher", Some((4, 4)), None, Some("3"), false),
        ]
    );
    let planned = &plan.projects()[0];
    // The budget, and both payments' other cells.
    assert_eq!(
        (
            planned.new,
            planned.changed,
            planned.emptied,
            planned.unchanged,
            planned.unread
        ),
        (5, 2, 1, 6, 1)
    );
    assert_eq!(plan.projects()[1].edition, 0);
    node.take(&plan);
    let page = node.page(id);
    // As it was typed, since it is the same amount.
    assert_eq!(page.filed.fields["approved_budget"], "60万元");
    assert_eq!(page.filed.fields["approval_date"], "三月");
    assert!(!page.filed.fields.contains_key("address"));
    assert_eq!(page.filed.lists["payments"][&1]["amount"], "150");
    assert_eq!(page.filed.lists["payments"].len(), 3);
    // The file has no sheet of bids.
    assert_eq!(page.filed.lists["bids"].len(), 1);
    assert!(node.plan(&path).is_unchanged());
}

#[test]
fn rows_that_are_gone_from_the_sheet_go_and_are_told() {
    let node = Node::new();
    let edit = Edit::default()
        .with("name", "核桃")
        .with_row("payments", 1, [("amount", "100")]);
    let id = node.file(CODE, edit, CLERK).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let other = "99010120250002";
    let path = workbook(
        folder.path(),
        &[
            (
                "项目",
                &[&["项目编码", "项目名称"], &[CODE, "核桃"], &[other, "新"]],
            ),
            ("拨付", &[&["项目编码", "拨付金额"], &[other, "5"]]),
        ],
    );
    let plan = node.plan(&path);
    let changes = plan.changes(&node.platform, CODE).unwrap();
    assert_eq!(changes.len(), 1);
    assert_eq!(
        (changes[0].from.as_deref(), changes[0].to.as_deref()),
        (Some("100"), None)
    );
    assert_eq!(changes[0].place, None);
    node.take(&plan);
    assert!(node.page(id).filed.lists.is_empty());
}

#[test]
fn a_number_in_a_cell_that_cannot_be_read_goes_no_further() {
    let node = Node::new();
    let folder = tempfile::tempdir().unwrap();
    let number = "11010519491231002X";
    let typed = format!("三月,{number}");
    let path = workbook(
        folder.path(),
        &[("项目", &[&["项目编码", "批复日期"], &[CODE, &typed]])],
    );
    let plan = node.plan(&path);
    let changes = plan.changes(&node.platform, CODE).unwrap();
    assert!(changes[0].unread.is_some());
    assert!(!format!("{changes:?}").contains(number));
    node.take(&plan);
    assert!(!node.everything().contains(number));
    assert!(node.plan(&path).is_unchanged());
}

#[test]
fn a_plan_is_taken_on_any_thread() {
    fn may_be_sent<T: Send>(_: &T) {}
    let node = Node::new();
    let folder = tempfile::tempdir().unwrap();
    let path = workbook(
        folder.path(),
        &[("项目", &[&["项目编码", "项目名称"], &[CODE, "核桃"]])],
    );
    let plan = node.plan(&path);
    let cx = node.cx(CLERK);
    let taking = plan.take(&node.platform, &node.vault, &cx, &|_, _| {});
    may_be_sent(&taking);
    assert_eq!(block_on(taking).unwrap().filed, 1);
}

#[test]
fn a_plan_that_was_overtaken_takes_nothing() {
    let node = Node::new();
    let id = node
        .file(CODE, Edit::default().with("name", "核桃"), CLERK)
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = workbook(
        folder.path(),
        &[(
            "项目",
            &[
                &["项目编码", "项目名称"],
                &["99010120250002", "新"],
                &[CODE, "二期"],
            ],
        )],
    );
    let plan = node.plan(&path);
    node.change(&node.page(id), Edit::default().with("name", "三期"), CLERK)
        .unwrap();
    let before = node.platform.ledger().checkpoint().unwrap().size;
    let cx = node.cx(CLERK);
    let refused = block_on(plan.take(&node.platform, &node.vault, &cx, &|_, _| {})).unwrap_err();
    let refused = refusal(refused);
    assert_eq!(refused.code, "changed-meanwhile");
    assert!(refused.text.zh.contains(CODE));
    assert_eq!(node.platform.ledger().checkpoint().unwrap().size, before);
    assert_eq!(node.page(id).filed.fields["name"], "三期");
}

#[test]
fn a_file_read_by_another_declaration_is_read_again() {
    let node = Node::new();
    let folder = tempfile::tempdir().unwrap();
    let path = workbook(
        folder.path(),
        &[("项目", &[&["项目编码", "项目名称"], &[CODE, "核桃"]])],
    );
    let mut options = ImportOptions::new(node.key.clone());
    let text =
        kandeng_supervise::filing::Filing::embedded_text().replacen("项目名称", "工程名称", 1);
    options.filing = std::sync::Arc::new(kandeng_supervise::filing::Filing::load(&text).unwrap());
    let read = import::read(&[path], &options).unwrap();
    let refused = ImportPlan::new(&node.platform, read, &options, &|_, _| {})
        .err()
        .unwrap();
    assert_eq!(refusal(refused).code, "changed-meanwhile");
}
