//! Dates, amounts and areas: every way to write them, and the laws of their parsers.

use kandeng_supervise::import::value::{Cell, date, money, quantity};
use proptest::prelude::*;

use crate::book::{column, import, ints, texts, told};

fn day(text: &str) -> Option<i32> {
    date::read(Cell::text(text), false).ok().flatten()
}

#[test]
fn a_day_is_read_in_every_way_people_write_it() {
    let days = [
        "2024-03-14",
        "2024/3/14",
        "2024年3月14日",
        "2024.3.14",
        "20240314",
        "２０２４－０３－１４",
        "2024-03-14 09:30",
        "2024年03月14号",
    ];
    for text in days {
        assert_eq!(day(text), Some(19_796), "{text}");
    }
    for text in [
        "2024-02-30",
        "2023/2/29",
        "2024-13-01",
        "2024-3",
        "14.3.2024",
        "2024-03/14",
        "昨天",
        "2024-03-14 25:00",
        "1024-01-01",
    ] {
        assert_eq!(day(text), None, "{text}");
        assert!(date::read(Cell::text(text), false).is_err(), "{text}");
    }
    assert_eq!(day("/"), None);
    assert!(date::read(Cell::text("无"), false).unwrap().is_none());
}

#[test]
fn a_serial_counts_from_1900_or_from_1904() {
    assert_eq!(
        date::read(Cell::Number(45_365.0), false).unwrap(),
        Some(19_796)
    );
    assert_eq!(
        date::read(Cell::Number(43_903.0), true).unwrap(),
        Some(19_796)
    );
    assert_eq!(
        date::read(Cell::Number(20_240_314.0), false).unwrap(),
        Some(19_796)
    );
    assert!(date::read(Cell::Number(12.0), false).is_err());
}

#[test]
fn a_serial_written_as_text_is_the_same_day() {
    // So it stands in a CSV file saved from cells without a date format.
    assert_eq!(day("45365"), Some(19_796));
    assert_eq!(day(" 45365.75 "), Some(19_796));
    assert_eq!(date::read(Cell::text("43903"), true).unwrap(), Some(19_796));
    assert_eq!(
        date::read_time(Cell::text("45365.75"), false).unwrap(),
        Some(19_796 * 86_400_000 + 10 * 3_600_000)
    );
    for text in [
        "4536", "453650", "45365.", "45365.x", "+45365", "4.5365", "01234",
    ] {
        assert_eq!(day(text), None, "{text}");
    }
}

#[test]
fn a_serial_is_a_number_between_bounds() {
    assert!(date::read(Cell::Number(f64::NAN), false).is_err());
}

#[test]
fn a_moment_without_a_zone_is_chinas() {
    let read = |text| date::read_time(Cell::text(text), false).unwrap();
    assert_eq!(read("2024-03-14 08:00:00"), Some(19_796 * 86_400_000));
    assert_eq!(read("2024-03-14T00:00:00Z"), Some(19_796 * 86_400_000));
    assert_eq!(
        read("2024-03-14T01:30:00.250+01:30"),
        Some(19_796 * 86_400_000 + 250)
    );
    assert_eq!(date::day_in_china(19_796 * 86_400_000 - 1), 19_796);
}

#[test]
fn an_amount_is_exact_in_fen() {
    let fen = |text: &str| money::parse(text, money::YUAN);
    assert_eq!(fen("0.1"), Some(10));
    assert_eq!(fen("1,234,567.89元"), Some(123_456_789));
    assert_eq!(fen("¥１２．５"), Some(1250));
    assert_eq!(fen("12.345678万元"), Some(12_345_678));
    assert_eq!(fen("1.2亿"), Some(12_000_000_000));
    assert_eq!(fen("-5元"), Some(-500));
    assert_eq!(fen("(1,000)"), Some(-100_000));
    assert_eq!(fen("600000元整"), Some(60_000_000));
    assert_eq!(fen("0.005"), Some(1));
    for wrong in [
        "",
        "元",
        "12,34",
        "1.2.3",
        "五万",
        "1e5",
        "12 亩",
        "--5",
        "99999999999999999999",
    ] {
        assert_eq!(fen(wrong), None, "{wrong}");
    }
    let float = |number: f64, unit| money::read(Cell::Number(number), unit).unwrap();
    assert_eq!(float(0.1 + 0.2, money::YUAN), Some(30));
    assert_eq!(float(58.123_456, money::WAN), Some(58_123_456));
    assert_eq!(float(1.005, money::YUAN), Some(101));
    assert!(money::read(Cell::Number(1e19), money::YUAN).is_err());
}

#[test]
fn a_unit_stands_in_the_cell_the_header_or_its_column() {
    let read = import(&[(
        "项目",
        &[
            &["项目编码", "建设规模", "规模单位", "验收规模(公顷)"],
            &["A", "120亩", "", "#8"],
            &["B", "1,200", "㎡", ""],
            &["C", "3公顷", "亩", "7.5亩"],
        ],
    )]);
    assert_eq!(
        column(&read, "projects", "scale"),
        ["120.0", "1200.0", "3.0"]
    );
    assert_eq!(
        column(&read, "projects", "scale_unit"),
        ["亩", "平方米", "公顷"]
    );
    assert_eq!(
        column(&read, "projects", "accepted_scale_unit"),
        ["公顷", "", "亩"]
    );
    assert_eq!(
        read.diagnostics
            .iter()
            .filter(|told| told.message.en.contains("differs from the unit"))
            .count(),
        1
    );
}

#[test]
fn yes_no_choices_codes_and_percentages_are_read_as_written() {
    let read = import(&[
        (
            "项目",
            &[
                &["项目编码", "采购方式", "实施单位信用代码"],
                &["#99010120250001", "Single source", " 91510000ma6a0001x2 "],
            ],
        ),
        (
            "照片",
            &[
                &["项目编码", "阶段", "覆盖全部场地", "拍摄时间"],
                &["99010120250001", "施工前", "√", "2024-03-14 00:30"],
                &["99010120250001", "upkeep", "否", ""],
            ],
        ),
        (
            "进度",
            &[
                &["项目编码", "形象进度"],
                &["99010120250001", "#0.4"],
                &["99010120250001", "#1"],
            ],
        ),
    ]);
    assert_eq!(
        column(&read, "projects", "project_code"),
        ["99010120250001"]
    );
    assert_eq!(
        column(&read, "projects", "procurement_method"),
        ["single_source"]
    );
    assert_eq!(
        column(&read, "projects", "owner_uscc"),
        ["91510000MA6A0001X2"]
    );
    assert_eq!(column(&read, "photos", "stage"), ["before", "upkeep"]);
    assert_eq!(column(&read, "photos", "covers_site"), ["true", "false"]);
    assert_eq!(column(&read, "photos", "taken_on"), ["2024-03-14", ""]);
    assert_eq!(column(&read, "progress", "percent"), ["40.0", "100.0"]);
}

#[test]
fn a_column_of_percentages_is_read_as_excel_shows_it() {
    let percents = |cells: &[&str]| {
        let rows: Vec<_> = cells.iter().map(|cell| ["A", cell]).collect();
        let mut sheet: Vec<&[&str]> = vec![&["项目编码", "形象进度"]];
        sheet.extend(rows.iter().map(<[&str; 2]>::as_slice));
        let read = import(&[("项目", &[&["项目编码"], &["A"]]), ("进度", &sheet)]);
        let warned = !told(&read, "100 %").is_empty() || !told(&read, "40 %").is_empty();
        (column(&read, "progress", "percent"), warned)
    };
    let read = |values: &[&str]| {
        values
            .iter()
            .map(|value| (*value).to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(percents(&["#1", "#0"]), (read(&["100.0", "0.0"]), true));
    assert_eq!(percents(&["#0.4", "#1"]), (read(&["40.0", "100.0"]), true));
    assert_eq!(percents(&["1%", "0%"]), (read(&["1.0", "0.0"]), false));
    assert_eq!(percents(&["0.5%", "#0.4"]), (read(&["0.5", "40.0"]), true));
    assert_eq!(percents(&["#1", "#30"]), (read(&["1.0", "30.0"]), false));
}

#[test]
fn what_stands_for_nothing_is_nothing_in_text_and_codes_too() {
    let read = import(&[
        (
            "项目",
            &[
                &[
                    "项目编码",
                    "批复文号",
                    "承建单位",
                    "村代码",
                    "规模单位",
                    "建设规模",
                    "用地范围",
                ],
                &["A", "无", "—", "-", "/", "#3", "无"],
                &["B", "县批〔2025〕1号", "无锡建设", "", "亩", "#3", ""],
            ],
        ),
        (
            "拨付",
            &[
                &["项目编码", "凭证号", "收款单位信用代码"],
                &["A", "无", "暂无"],
                &["B", "N/A", "——"],
            ],
        ),
    ]);
    let second = |text: &str| [None, Some(text.to_owned())];
    assert_eq!(
        texts(&read, "projects", "approval_number"),
        second("县批〔2025〕1号")
    );
    assert_eq!(
        texts(&read, "projects", "contractor_name"),
        second("无锡建设")
    );
    assert_eq!(texts(&read, "projects", "village_code"), [None, None]);
    assert_eq!(texts(&read, "projects", "scale_unit"), second("亩"));
    assert_eq!(texts(&read, "projects", "boundary"), [None, None]);
    assert_eq!(texts(&read, "payments", "voucher"), [None, None]);
    assert_eq!(texts(&read, "payments", "payee_uscc"), [None, None]);
    assert_eq!(
        texts(&read, "projects", "stage"),
        ["filed", "tendered"].map(|stage| Some(stage.to_owned()))
    );
    assert!(told(&read, "expected").is_empty(), "{:?}", read.diagnostics);
}

#[test]
fn a_number_whose_digits_excel_has_cut_is_no_text() {
    let read = import(&[
        ("项目", &[&["项目编码"], &["A"]]),
        (
            "拨付",
            &[
                &["项目编码", "凭证号"],
                &["A", "#202500000000000001"],
                &["A", "#20250001"],
            ],
        ),
    ]);
    assert_eq!(
        texts(&read, "payments", "voucher"),
        [None, Some("20250001".to_owned())]
    );
    assert_eq!(told(&read, "which Excel has cut")[0].row, Some(2));
}

#[test]
fn a_stage_that_is_not_filed_follows_from_what_is() {
    let read = import(&[
        (
            "项目",
            &[
                &["项目编码", "阶段", "批复日期", "验收日期"],
                &["A", "", "", ""],
                &["B", "", "2025-01-01", ""],
                &["C", "", "2025-01-01", ""],
                &["D", "", "2025-01-01", "2025-09-01"],
                &["E", "已销号", "", ""],
            ],
        ),
        (
            "进度",
            &[
                &["项目编码", "日期", "形象进度"],
                &["C", "2025-05-01", "30%"],
            ],
        ),
    ]);
    let stages: Vec<_> = texts(&read, "projects", "stage")
        .into_iter()
        .flatten()
        .collect();
    assert_eq!(
        stages,
        ["filed", "approved", "building", "accepted", "closed"]
    );
}

#[test]
fn days_counted_from_1904_are_the_same_days() {
    let fixture = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures/import/epoch1904.xlsx");
    let read = kandeng_supervise::import::read(
        &[fixture],
        &kandeng_supervise::import::ImportOptions::new(crate::book::key()),
    )
    .unwrap();
    assert_eq!(
        column(&read, "projects", "approval_date"),
        ["2024-03-14", "2024-03-14"]
    );
    assert_eq!(
        ints(&read, "projects", "approved_budget"),
        [Some(100), Some(200)]
    );
}

proptest! {
    #[test]
    fn printing_an_amount_and_reading_it_gives_it_back(fen in any::<i64>().prop_map(|fen| fen / 4)) {
        prop_assert_eq!(money::parse(&money::print(fen), money::WAN), Some(fen));
    }

    #[test]
    fn printing_a_day_and_reading_it_gives_it_back(day in -25_567..84_000_i32) {
        prop_assert_eq!(date::read(Cell::Text(&date::print(day)), false).unwrap(), Some(day));
    }

    #[test]
    fn printing_a_moment_and_reading_it_gives_it_back(day in -20_000..60_000_i32, second in 0..86_400_i64) {
        let text = date::print_moment(day, second * 1000);
        let expected = i64::from(day) * 86_400_000 + second * 1000 - 28_800_000;
        prop_assert_eq!(date::read_time(Cell::Text(&text), false).unwrap(), Some(expected));
    }

    #[test]
    fn printing_an_area_and_reading_it_gives_it_back(tenths in 0..100_000_000_u32, unit in prop_oneof![Just("亩"), Just("公顷"), Just("平方米")]) {
        let value = f64::from(tenths) / 10.0;
        let text = quantity::print(value, Some(unit));
        prop_assert_eq!(quantity::parse(&text), Some((value, Some(unit.to_owned()))));
    }

    #[test]
    fn no_text_makes_a_parser_panic(text in "\\PC{0,24}", number in any::<f64>()) {
        let cells = [Cell::text(&text), Cell::Number(number)];
        for cell in cells {
            let _ = date::read(cell, false);
            let _ = date::read(cell, true);
            let _ = date::read_time(cell, false);
            let _ = money::read(cell, money::WAN);
            let _ = quantity::read(cell);
            let _ = quantity::read_int(cell);
            let _ = quantity::read_percent(cell);
        }
    }

    #[test]
    fn no_digits_and_marks_make_a_parser_panic(text in "[0-9.,:/+年月日T Z万亿元¥()-]{0,24}") {
        let cell = Cell::text(&text);
        let _ = date::read(cell, false);
        let _ = date::read_time(cell, false);
        let _ = money::read(cell, money::YI);
        let _ = quantity::read(cell);
    }
}
