//! Files that cells name: boundaries beside the input; and registers in a folder of their own.

use kandeng_supervise::import::{ImportOptions, read};

use crate::book::{PROJECTS, column, ints, key, texts, told, write};

const WKT: &str = "POLYGON ((105.5 32, 105.501 32, 105.501 32.001, 105.5 32.001, 105.5 32))";

const GEOJSON: &str = r#"{"type":"Polygon","coordinates":[[[105.5,32.0],[105.501,32.0],[105.501,32.001],[105.5,32.001],[105.5,32.0]]]}"#;

#[test]
fn a_boundary_is_wkt_or_a_file_beside_the_input() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.geojson"), GEOJSON).unwrap();
    let path = write(
        folder.path(),
        &[(
            "项目",
            &[
                &["项目编码", "用地范围", "坐标系"],
                &["A", WKT, ""],
                &["B", "a.geojson", "WGS-84"],
                &["C", "none.gpx", ""],
                &["D", "一块地", ""],
                &["E", WKT, "月球坐标"],
                &["F", "../../etc/a.geojson", ""],
                &["G", WKT, "GCJ-02"],
                &["H", "field.kmz", ""],
            ],
        )],
    );
    let read = read(&[path], &ImportOptions::new(key())).unwrap();
    let boundaries = texts(&read, "projects", "boundary");
    assert!(boundaries[0].as_ref().unwrap().starts_with("POLYGON"));
    assert_eq!(boundaries[0], boundaries[1]);
    assert_eq!(boundaries[2..6], [None, None, None, None]);
    assert_ne!(boundaries[6], boundaries[0], "GCJ-02 is put into WGS-84");
    assert_eq!(told(&read, "no such file beside the input").len(), 2);
    let rows: Vec<_> = read
        .diagnostics
        .iter()
        .filter(|told| told.column.as_deref() == Some("用地范围"))
        .map(|told| told.row)
        .collect();
    assert_eq!(rows, [Some(4), Some(5), Some(6), Some(7), Some(9)]);
    assert_eq!(told(&read, "\"field.kmz\" is not read").len(), 1);
}

#[test]
fn each_kind_of_trouble_with_a_boundary_is_told_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    let codes: Vec<String> = (0..8).map(|number| format!("P{number}")).collect();
    let mut rows: Vec<[&str; 2]> = codes
        .iter()
        .map(|code| [code.as_str(), "POINT(105 32)"])
        .collect();
    rows.push(["Q", "POLYGON((32 105.5, 32 105.501, 32.001 105.5))"]);
    let mut sheet: Vec<&[&str]> = vec![&["项目编码", "用地范围"]];
    sheet.extend(rows.iter().map(|row| &row[..]));
    let path = write(folder.path(), &[("项目", &sheet)]);
    let read = read(&[path], &ImportOptions::new(key())).unwrap();
    assert_eq!(told(&read, "is not an area").len(), 5);
    assert_eq!(
        told(&read, "and 3 more of the same kind, in rows 7, 8, 9").len(),
        1
    );
    assert_eq!(told(&read, "in the wrong order")[0].row, Some(10));
}

#[test]
fn a_datum_for_all_is_taken_where_none_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = write(
        folder.path(),
        &[("项目", &[&["项目编码", "用地范围"], &["A", WKT]])],
    );
    let plain = read(std::slice::from_ref(&path), &ImportOptions::new(key())).unwrap();
    let datum = Some(kandeng_geo::Datum::Gcj02);
    let moved = read(
        &[path],
        &ImportOptions {
            datum,
            ..ImportOptions::new(key())
        },
    )
    .unwrap();
    assert_ne!(
        texts(&plain, "projects", "boundary"),
        texts(&moved, "projects", "boundary")
    );
}

#[test]
fn registers_come_from_their_own_folder_with_the_columns_they_have() {
    let folder = tempfile::tempdir().unwrap();
    let registers = tempfile::tempdir().unwrap();
    std::fs::write(
        registers.path().join("企业.csv"),
        "统一社会信用代码,成立日期,注册资本(万元)\n91510000MA6A0001X2,2024/5/1,100\n",
    )
    .unwrap();
    std::fs::write(
        registers.path().join("payments.csv"),
        "project_code,amount\nA,1\n",
    )
    .unwrap();
    let path = write(
        folder.path(),
        &[
            PROJECTS,
            ("行政区划", &[&["代码", "户数"], &["990101001201", "#312"]]),
        ],
    );
    let options = ImportOptions {
        registers: Some(registers.path().to_owned()),
        ..ImportOptions::new(key())
    };
    let read = read(&[path], &options).unwrap();
    assert_eq!(column(&read, "companies", "founded"), ["2024-05-01"]);
    assert_eq!(ints(&read, "companies", "capital"), [Some(100_000_000)]);
    assert_eq!(ints(&read, "divisions", "households"), [Some(312)]);
    let schema = read.tables.get("companies").unwrap().schema();
    assert!(
        schema.index_of("staff").is_err(),
        "a column that is not there is absent"
    );
    assert!(
        read.tables.get("officials").is_none(),
        "a register that is not there is absent"
    );
    assert_eq!(ints(&read, "payments", "amount"), []);
    assert_eq!(told(&read, "among the registers").len(), 1);
    assert_eq!(read.kinds.len(), 1);
}

#[test]
fn two_inputs_fill_one_table_and_places_tell_them_apart() {
    let one = tempfile::tempdir().unwrap();
    let other = tempfile::tempdir().unwrap();
    let first = write(
        one.path(),
        &[
            ("项目", &[&["项目编码", "项目名称"], &["A", "one"]]),
            ("拨付", &[&["项目编码", "金额"], &["B", "#1"]]),
        ],
    );
    let second = write(
        other.path(),
        &[(
            "项目",
            &[&["项目名称", "项目编码"], &["two", "B"], &["again", "A"]],
        )],
    );
    let read = read(&[first.clone(), second.clone()], &ImportOptions::new(key())).unwrap();
    assert_eq!(column(&read, "projects", "name"), ["one", "two"]);
    assert_eq!(
        ints(&read, "payments", "amount"),
        [Some(100)],
        "projects of every input are read first"
    );
    let place = read.place("projects", 2, "name").unwrap();
    assert_eq!(
        (place.file, place.row, place.column),
        (second.display().to_string(), 2, 1)
    );
    assert_eq!(
        read.place("projects", 1, "name").unwrap().file,
        first.display().to_string()
    );
    assert_eq!(column(&read, "duplicates", "project_code"), ["A"]);
}

#[test]
fn a_project_that_another_input_has_already_is_told_with_that_input() {
    let folder = tempfile::tempdir().unwrap();
    let inputs = ["north", "south"].map(|name| {
        let inner = folder.path().join(name);
        std::fs::create_dir(&inner).unwrap();
        write(&inner, &[PROJECTS])
    });
    let read = read(&inputs, &ImportOptions::new(key())).unwrap();
    let told = told(&read, "only the first is screened");
    assert_eq!(told.len(), 2);
    for told in told {
        assert!(told.file.contains("south"), "{told:?}");
        assert!(told.message.en.contains("north") && told.message.zh.contains("north"));
    }
}
