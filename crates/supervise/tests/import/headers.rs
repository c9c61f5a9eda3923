//! Headers and sheets: named in either language, in any order, with units, missing or unknown.

use crate::book::{PROJECTS, column, import, ints, texts, told};

#[test]
fn headers_are_labels_or_keys_in_any_order_below_a_title() {
    let read = import(&[(
        "projects",
        &[
            &["示例县 2025 年项目台账"],
            &["Name", "contract_amount", "项目编码*", "项目类型"],
            &["核桃种植", "12.5万元", "99010120250001", "产业发展"],
        ],
    )]);
    assert_eq!(column(&read, "projects", "name"), ["核桃种植"]);
    assert_eq!(column(&read, "projects", "kind"), ["industry"]);
    assert_eq!(
        ints(&read, "projects", "contract_amount"),
        [Some(12_500_000)]
    );
    let place = read.place("projects", 1, "contract_amount").unwrap();
    assert_eq!((place.row, place.column, place.header), (3, 2, false));
    assert_eq!(place.sheet, "projects");
}

#[test]
fn a_header_in_wan_multiplies_and_a_suffix_in_the_cell_goes_before_it() {
    let read = import(&[(
        "项目",
        &[
            &["项目编码", "合同金额（万元）", "批复总投资(元)"],
            &["99010120250001", "#58.123456", "#600000"],
            &["99010120250002", "580,000元", "１，２３４．５"],
        ],
    )]);
    assert_eq!(
        ints(&read, "projects", "contract_amount"),
        [Some(58_123_456), Some(58_000_000)]
    );
    assert_eq!(
        ints(&read, "projects", "approved_budget"),
        [Some(60_000_000), Some(123_450)]
    );
}

#[test]
fn yuan_under_a_header_in_wan_are_suspected() {
    let read = import(&[(
        "项目",
        &[
            &["项目编码", "合同金额(万元)"],
            &["A", "#5800000"],
            &["B", "#6000000"],
            &["C", "#45"],
        ],
    )]);
    let told = told(&read, "they look like yuan");
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].row, Some(2));
    assert_eq!(told[0].value.as_deref(), Some("5800000"));
    assert_eq!(told[0].column.as_deref(), Some("合同金额(万元)"));
}

#[test]
fn six_digits_under_a_header_in_wan_are_yuan_and_what_may_be_wan_is_not_suspected() {
    let suspected = |amounts: [&str; 3]| {
        let rows: Vec<_> = ["A", "B", "C"]
            .into_iter()
            .zip(amounts)
            .map(|(code, amount)| [code, amount])
            .collect();
        let mut sheet: Vec<&[&str]> = vec![&["项目编码", "合同金额(万元)"]];
        sheet.extend(rows.iter().map(<[&str; 2]>::as_slice));
        told(&import(&[("项目", &sheet)]), "they look like yuan").len()
    };
    assert_eq!(suspected(["#580000", "#320000", "#95000"]), 1);
    assert_eq!(suspected(["#10000", "#10000", "#3"]), 1);
    assert_eq!(suspected(["#10000", "#9999", "#9999"]), 0);
    assert_eq!(suspected(["#58", "#1200.5", "#9"]), 0);
}

#[test]
fn a_unit_above_the_table_counts_for_amounts_that_name_no_other() {
    let read = import(&[(
        "项目",
        &[
            &["示例县项目台账"],
            &["", "", "单位：万元"],
            &["项目编码", "合同金额", "批复总投资(元)", "建设规模"],
            &["A", "#58.5", "#600000", "#120"],
        ],
    )]);
    assert_eq!(
        ints(&read, "projects", "contract_amount"),
        [Some(58_500_000)]
    );
    assert_eq!(
        ints(&read, "projects", "approved_budget"),
        [Some(60_000_000)]
    );
    assert_eq!(column(&read, "projects", "scale"), ["120.0"]);
    assert_eq!(told(&read, "a line above the header")[0].row, Some(3));
}

#[test]
fn what_is_no_unit_in_a_header_is_said() {
    let read = import(&[(
        "项目",
        &[
            &[
                "项目编码",
                "合同金额(百元)",
                "建设规模(光年)",
                "测量精度(米)",
            ],
            &["A", "#5800", "#3", "#3"],
        ],
    )]);
    assert_eq!(ints(&read, "projects", "contract_amount"), [Some(580_000)]);
    let told: Vec<_> = told(&read, "no unit that is known")
        .iter()
        .map(|told| (told.column.clone().unwrap(), told.value.clone().unwrap()))
        .collect();
    assert_eq!(
        told,
        [
            ("合同金额(百元)".to_owned(), "百元".to_owned()),
            ("建设规模(光年)".to_owned(), "光年".to_owned())
        ]
    );
}

#[test]
fn an_unknown_column_is_reported_with_its_nearest_and_the_rest_is_read() {
    let read = import(&[(
        "项目",
        &[&["项目编码", "合同总金额", "备注"], &["A", "5", "x"]],
    )]);
    let told = told(&read, "unknown column");
    assert_eq!(told.len(), 2);
    assert!(
        told[0].message.en.contains("contract_amount"),
        "{:?}",
        told[0]
    );
    assert_eq!(told[1].message.en, "unknown column, not read");
    assert_eq!(column(&read, "projects", "project_code"), ["A"]);
}

#[test]
fn a_missing_column_that_an_item_needs_is_told_and_marked_at_the_header() {
    let read = import(&[PROJECTS]);
    let missing = ("projects".to_owned(), "contract_amount".to_owned());
    assert!(read.missing_columns.contains(&missing));
    assert!(told(&read, "missing (contract_amount)").len() == 1);
    let place = read.place("projects", 1, "contract_amount").unwrap();
    assert!(place.header);
    assert_eq!((place.row, place.column), (1, 1));
    assert_eq!(texts(&read, "projects", "contractor_name"), [None, None]);
}

#[test]
fn of_two_columns_with_one_header_the_first_is_read() {
    let read = import(&[(
        "项目",
        &[&["项目编码", "项目名称", "name"], &["A", "one", "two"]],
    )]);
    assert_eq!(column(&read, "projects", "name"), ["one"]);
    assert_eq!(told(&read, "duplicate header").len(), 1);
}

#[test]
fn a_missing_sheet_is_an_empty_table_and_an_unknown_one_is_reported() {
    let read = import(&[
        PROJECTS,
        ("拨付明细", &[&["项目编码"]]),
        ("疑点", &[&["x"]]),
    ]);
    assert_eq!(column(&read, "payments", "amount"), Vec::<String>::new());
    assert!(told(&read, "this sheet is missing (payments)").len() == 1);
    let told = told(&read, "unknown sheet");
    assert_eq!(told.len(), 1);
    assert!(told[0].message.en.contains("payments"));
}

#[test]
fn a_child_sheet_without_project_codes_is_left_out_and_the_rest_is_read() {
    let read = import(&[
        PROJECTS,
        ("拨付", &[&["拨付日期", "金额"], &["2025-01-01", "5"]]),
    ]);
    assert_eq!(ints(&read, "payments", "amount"), []);
    assert_eq!(told(&read, "the sheet was not read").len(), 1);
    assert_eq!(column(&read, "projects", "name").len(), 2);
}

#[test]
fn what_stands_under_no_header_is_reported_and_a_merged_title_is_not() {
    let read = import(&[(
        "项目",
        &[
            &["示例县项目台账", "", "", "", "单位:万元"],
            &["项目编码", "项目名称", "", "合同金额"],
            &["A", "one", "", "5"],
            &["B", "two", "暂缓", "5", "", "另见附件"],
            &["C", "three", "停建", "5"],
        ],
    )]);
    assert_eq!(column(&read, "projects", "name"), ["one", "two", "three"]);
    let told: Vec<_> = told(&read, "without a header")
        .iter()
        .map(|told| (told.row, told.column.clone().unwrap()))
        .collect();
    assert_eq!(told, [(Some(4), "C".to_owned()), (Some(4), "F".to_owned())]);
}
