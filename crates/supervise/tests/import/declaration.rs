//! The declaration of items: what it says, what is derived from it, and that it is all that is needed.

use std::collections::BTreeSet;

use kandeng_supervise::filing::{Filing, Filled, Wording, template};
use kandeng_supervise::import::{ImportOptions, read};

use crate::book::{column, import, key, told, write};

#[test]
fn there_are_seven_categories_of_six_items() {
    let filing = Filing::embedded();
    assert_eq!(filing.categories.len(), 7);
    assert!(
        filing
            .categories
            .iter()
            .all(|category| category.items.len() == 6)
    );
    let numbers: Vec<_> = filing
        .items()
        .map(|(_, item)| item.number.as_str())
        .collect();
    assert_eq!((numbers[0], numbers[41]), ("1.1", "7.6"));
    assert_eq!(filing.item("fund_sources").unwrap().number, "2.5");
}

#[test]
fn every_item_has_cells_to_mark_and_a_way_to_be_filled() {
    for check in Filing::embedded().item_checks() {
        assert!(!check.columns.is_empty(), "{}", check.item);
        match &check.filled {
            Filled::Own(sql) => assert!(sql.contains("is not null"), "{}", check.item),
            Filled::Rows { columns, .. } => assert!(!columns.is_empty(), "{}", check.item),
        }
    }
    let checks = Filing::embedded().item_checks();
    let bids = checks.iter().find(|check| check.item == "bids").unwrap();
    assert_eq!(
        bids.required,
        "stage in ('tendered', 'building', 'accepted', 'upkeep', 'closed')"
    );
    assert!(bids.applies.contains("'quotation'"));
    assert_eq!(
        bids.filled,
        Filled::Rows {
            table: "bids".to_owned(),
            columns: vec!["bidder_name".to_owned(), "amount".to_owned()]
        }
    );
    let scale = checks.iter().find(|check| check.item == "scale").unwrap();
    assert_eq!(
        scale.filled,
        Filled::Own("\"scale\" is not null and \"scale_unit\" is not null".to_owned())
    );
    assert_eq!(scale.required, "true");
}

#[test]
fn the_reference_page_is_current() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/items.md");
    let page = Filing::embedded().document();
    if std::env::var_os("KANDENG_WRITE_DOCS").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap();
    assert!(
        written == page,
        "docs/items.md is old; run the tests with KANDENG_WRITE_DOCS=1 and commit it"
    );
}

#[test]
fn the_template_reads_back_with_nothing_in_it_and_nothing_unknown() {
    for wording in [Wording::Zh, Wording::En] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("template.xlsx");
        template::write(&path, Filing::embedded(), wording).unwrap();
        assert_eq!(
            std::fs::read_dir(folder.path()).unwrap().count(),
            1,
            "nothing is left beside it"
        );
        let read = read(&[path], &ImportOptions::new(key())).unwrap();
        assert!(read.diagnostics.is_empty(), "{:?}", read.diagnostics);
        assert!(
            read.rows()
                .iter()
                .all(|(name, rows)| *rows == 0 || name == "allowed_units"),
            "the example is not read"
        );
        assert!(read.missing_columns.is_empty());
    }
}

#[test]
fn the_templates_example_row_is_one_that_could_be_read() {
    let filing = Filing::embedded();
    let folder = tempfile::tempdir().unwrap();
    let sheets: Vec<_> = filing
        .sheets
        .iter()
        .chain(&filing.registers)
        .map(|sheet| {
            let columns: Vec<_> = sheet
                .columns
                .iter()
                .filter(|column| column.template && column.key != "boundary")
                .collect();
            let header: Vec<&str> = columns.iter().map(|column| column.zh.as_str()).collect();
            let example: Vec<&str> = columns
                .iter()
                .map(|column| column.example.trim_start_matches("示例-"))
                .collect();
            (sheet.zh.as_str(), [header, example])
        })
        .collect();
    let rows: Vec<_> = sheets
        .iter()
        .map(|(name, rows)| (*name, rows.each_ref().map(Vec::as_slice)))
        .collect();
    let sheets: Vec<_> = rows
        .iter()
        .map(|(name, rows)| (*name, rows.as_slice()))
        .collect();
    let read = read(&[write(folder.path(), &sheets)], &ImportOptions::new(key())).unwrap();
    let told: BTreeSet<_> = read
        .diagnostics
        .iter()
        .map(|told| (told.column.clone(), told.message.en.clone()))
        .collect();
    let about_boundary = (
        "用地范围".to_owned(),
        "this column is missing (boundary)".to_owned(),
    );
    assert_eq!(
        told,
        BTreeSet::from([(Some(about_boundary.0), about_boundary.1)])
    );
    assert_eq!(read.rows()["payments"], 1);
    for register in &filing.registers {
        assert_eq!(read.rows()[&register.table], 1, "{}", register.table);
    }
}

#[test]
fn the_template_offers_registers_and_lists_of_units_and_an_empty_register_is_none() {
    let filing = Filing::embedded();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("template.xlsx");
    template::write(&path, filing, Wording::Zh).unwrap();
    let book: calamine::Xlsx<_> = calamine::open_workbook(&path).unwrap();
    let names = calamine::Reader::sheet_names(&book);
    let declared = filing.sheets.iter().chain(&filing.registers);
    let expected: Vec<_> = std::iter::once("填报说明")
        .chain(declared.map(|sheet| sheet.zh.as_str()))
        .collect();
    assert_eq!(names, expected);
    let read = read(std::slice::from_ref(&path), &ImportOptions::new(key())).unwrap();
    for register in &filing.registers {
        assert!(
            read.tables.get(&register.table).is_none(),
            "{}",
            register.table
        );
    }
    let mut package = zip::ZipArchive::new(std::fs::File::open(&path).unwrap()).unwrap();
    let mut sheet = String::new();
    let mut part = package.by_name("xl/worksheets/sheet2.xml").unwrap();
    std::io::Read::read_to_string(&mut part, &mut sheet).unwrap();
    let lists: Vec<_> = sheet
        .split("<dataValidation ")
        .filter(|list| list.contains("公顷"))
        .collect();
    assert_eq!(lists.len(), 2, "both columns of units have a list");
    assert!(
        lists
            .iter()
            .all(|list| list.contains("errorStyle=\"warning\""))
    );
}

#[test]
fn categories_and_items_are_read_by_any_of_their_names() {
    let read = import(&[
        ("项目", &[&["项目编码"], &["A"]]),
        (
            "审核签署",
            &[
                &["项目编码", "大类", "签署时间"],
                &["A", "立项审批", "2025-03-20 09:30"],
                &["A", "approval", "2025-03-20 09:30"],
                &["A", "乱写", "2025-03-20 09:30"],
            ],
        ),
        (
            "信息项变更",
            &[
                &["项目编码", "信息项", "变更时间"],
                &["A", "批复总投资", "2025-03-25"],
                &["A", "合同金额", "2025-03-25"],
                &["A", "payments", "2025-03-25"],
                &["A", "收款单位", "2025-03-25"],
                &["A", "祖传秘方", "2025-03-25"],
            ],
        ),
    ]);
    let read_as = |table: &str, key: &str| column(&read, table, key);
    assert_eq!(
        read_as("signatures", "category"),
        ["approval", "approval", ""]
    );
    assert_eq!(
        read_as("item_changes", "item"),
        ["approved_budget", "contract", "payments", "payee", ""]
    );
    assert_eq!(told(&read, "expected one of").len(), 2);
}

#[test]
fn an_item_and_its_column_are_all_that_adding_an_item_takes() {
    let text = Filing::embedded_text()
        .replace(
            "items = [\n  { key = \"project_code\"",
            "items = [\n  { key = \"slogan\", zh = \"宣传口号\", en = \"Slogan\", type = \"text\", from = \"building\" },\n  { key = \"project_code\"",
        )
        .replace(
            "  { key = \"stage\", zh = \"阶段\", en = \"Stage\", type = \"choice\", choices = \"stage\"",
            "  { key = \"slogan\", zh = \"口号\", en = \"Slogan\", type = \"text\", item = \"slogan\" },\n  { key = \"stage\", zh = \"阶段\", en = \"Stage\", type = \"choice\", choices = \"stage\"",
        );
    let filing = Filing::load(&text).unwrap();
    assert_eq!(filing.items().count(), 43);
    let projects = filing
        .tables()
        .into_iter()
        .find(|table| table.name == "projects")
        .unwrap();
    assert!(
        projects
            .columns
            .iter()
            .any(|column| column.name == "slogan")
    );
    assert!(filing.document().contains("宣传口号"));
    let check = filing
        .item_checks()
        .into_iter()
        .find(|check| check.item == "slogan")
        .unwrap();
    assert_eq!(
        check.filled,
        Filled::Own("\"slogan\" is not null".to_owned())
    );
    assert_eq!(
        check.columns,
        [("projects".to_owned(), "slogan".to_owned())]
    );
    assert!(check.required.starts_with("stage in ('building'"));

    let folder = tempfile::tempdir().unwrap();
    let options = ImportOptions {
        filing: std::sync::Arc::new(filing.clone()),
        ..ImportOptions::new(key())
    };
    let path = write(
        folder.path(),
        &[("项目", &[&["项目编码", "口号"], &["A", "早看窗帘晚看灯"]])],
    );
    assert_eq!(
        column(&read(&[path], &options).unwrap(), "projects", "slogan"),
        ["早看窗帘晚看灯"]
    );
    let path = folder.path().join("template.xlsx");
    template::write(&path, &filing, Wording::Zh).unwrap();
    assert!(
        read(std::slice::from_ref(&path), &options)
            .unwrap()
            .diagnostics
            .is_empty()
    );
    let without = read(&[path], &ImportOptions::new(key())).unwrap();
    assert!(
        without
            .diagnostics
            .iter()
            .any(|told| told.column.as_deref() == Some("口号")),
        "the template has the column"
    );
}

#[test]
fn a_declaration_that_names_what_it_does_not_declare_is_refused() {
    let text = Filing::embedded_text();
    let unknown = text.replace(
        "from = \"upkeep\", oc4ids = \"metrics\", filled = [\"income.year\"",
        "from = \"upkeep\", oc4ids = \"metrics\", filled = [\"income.month\"",
    );
    assert_ne!(unknown, text);
    let error = Filing::load(&unknown).unwrap_err();
    assert!(error.to_string().contains("income.month"), "{error}");
    let twice = text.replace("key = \"address\"", "key = \"name\"");
    assert!(
        Filing::load(&twice)
            .unwrap_err()
            .to_string()
            .contains("declared twice")
    );
    assert!(Filing::load("version = 1").is_err());
}

#[test]
fn units_are_known_by_their_other_names_and_allowed_by_kind() {
    let units = &Filing::embedded().units;
    assert_eq!(units.canonical("㎡"), Some("平方米"));
    assert_eq!(units.canonical("光年"), None);
    assert!(units.pairs().any(|pair| pair == ("industry", "亩")));
    assert!(!units.pairs().any(|pair| pair == ("public_service", "亩")));
    let kinds: BTreeSet<_> = units.pairs().map(|pair| pair.0.to_owned()).collect();
    let declared: BTreeSet<_> = Filing::embedded().choices["kind"]
        .iter()
        .map(|choice| choice.key.clone())
        .collect();
    assert_eq!(kinds, declared);
}
