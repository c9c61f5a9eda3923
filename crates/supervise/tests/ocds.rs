//! The OCDS reader: real files, files that are broken in every way seen, and anything at all.

#![allow(clippy::unwrap_used)]

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use kandeng_screening::arrow::array::{Array, AsArray};
use kandeng_screening::arrow::datatypes::{Float64Type, Int64Type, TimestampMillisecondType};
use kandeng_supervise::diagnostic::Severity;
use kandeng_supervise::ocds::{self, OcdsError, OcdsImport, ReadOptions};

const RELEASE: &str = r#"{"ocid":"o-1","date":"2026-01-01T00:00:00Z","tag":["compiled"],"tender":{"status":"complete","procurementMethod":"open","numberOfTenderers":2,"tenderPeriod":{"startDate":"2025-12-01T00:00:00Z","endDate":"2025-12-20T00:00:00+08:00"},"procuringEntity":{"id":"U","name":"Unit"}},"buyer":{"id":"B","name":"Buyer"},"bids":{"details":[{"id":"1","status":"valid","date":"2025-12-10T00:00:00Z","tenderers":[{"id":"T1","name":"First"}],"value":{"amount":100.5,"currency":"CNY"}},{"id":"2","status":"disqualified","tenderers":[{"id":"T2"},{"id":"T3"}],"value":{"amount":90,"currency":"CNY"}}]},"awards":[{"id":"a","status":"active","suppliers":[{"id":"T1"}],"items":[{"classification":{"scheme":"CPV","id":"45000000"}}]}],"contracts":[{"id":"c","awardID":"a","dateSigned":"2026-01-05T00:00:00Z","value":{"amount":100.5,"currency":"CNY"}}]}"#;

fn release(ocid: &str) -> String {
    RELEASE.replace("o-1", ocid)
}

fn options() -> ReadOptions {
    ReadOptions::default()
}

fn read_bytes(name: &str, bytes: &[u8], options: &ReadOptions) -> Result<OcdsImport, OcdsError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    ocds::read(&[path], options)
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A text column of a table, nulls as `-`.
fn texts(read: &OcdsImport, table: &str, column: &str) -> Vec<String> {
    let source = read.tables.get(table).unwrap();
    let place = source.schema().index_of(column).unwrap();
    let mut values = Vec::new();
    for batch in source.read(&[place]).unwrap() {
        let batch = batch.unwrap();
        let column = batch.column(0);
        for row in 0..column.len() {
            values.push(if column.is_null(row) {
                "-".to_owned()
            } else if let Some(text) = column.as_string_opt::<i32>() {
                text.value(row).to_owned()
            } else if let Some(number) = column.as_primitive_opt::<Int64Type>() {
                number.value(row).to_string()
            } else if let Some(number) = column.as_primitive_opt::<Float64Type>() {
                number.value(row).to_string()
            } else {
                column.as_boolean().value(row).to_string()
            });
        }
    }
    values
}

fn rows(read: &OcdsImport, table: &str) -> usize {
    read.tables
        .get(table)
        .and_then(|table| table.rows())
        .unwrap()
}

fn warnings(read: &OcdsImport) -> Vec<String> {
    let lines = read.diagnostics.iter().map(|diagnostic| {
        assert!(!diagnostic.message.zh.is_empty());
        format!("{:?} {}", diagnostic.severity, diagnostic.message.en)
    });
    lines.collect()
}

fn real(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures/ocds/real")
        .join(name)
}

/// What each of the real files holds: processes, awards, contracts, items, organisations, currency.
const REAL: &str = "
compile_encoding_encoding.json | 1 1 1 1 2 MXN | OCDS: 1 compiled release; contracting processes: 1
compiled-release-1.json | 1 1 1 1 2 MXN | OCDS: 1 compiled release; contracting processes: 1
compiled-release-2.json | 1 1 1 1 2 USD | OCDS: 1 compiled release; contracting processes: 1
record-package-1-2.json | 2 3 3 0 6 MXN | OCDS: 1 record package, 2 records, 2 compiled releases; contracting processes: 2
record-package-1.json | 1 2 2 0 3 MXN | OCDS: 1 record package, 1 record, 1 compiled release; contracting processes: 1
record-package-2.json | 1 1 1 0 3 MXN | OCDS: 1 record package, 1 record, 1 compiled release; contracting processes: 1
record-package_1.0.json | 1 1 0 0 1 PYG | OCDS: 1 record package, 1 record, 1 compiled release; contracting processes: 1
record-package_1.1.json | 1 1 0 0 2 PYG | OCDS: 1 record package, 1 record, 1 compiled release; contracting processes: 1
record-package_linked-releases.json | 2 2 2 2 3 MXN | OCDS: 1 record package, 2 records, 2 compiled releases; contracting processes: 2
record-package_package.json | 2 2 2 2 3 MXN | OCDS: 1 record package, 2 records, 2 compiled releases; contracting processes: 2
record-package_package_1.1.json | 2 2 2 2 8 MXN | OCDS: 2 records, 2 compiled releases; contracting processes: 2
record-package_record-package.json | 2 3 3 0 6 MXN | OCDS: 1 record package, 2 records, 2 compiled releases; contracting processes: 2
record-package_split.json | 2 2 2 2 3 MXN | OCDS: 2 record packages, 2 records, 2 compiled releases; contracting processes: 2
record-package_versioned.json | 2 2 2 2 3 MXN | OCDS: 1 record package, 2 records, 2 compiled releases; contracting processes: 2
release-package-1-2.json | 2 2 2 2 3 MXN | OCDS: 1 release package, 4 releases; contracting processes: 2
release-package-1.json | 1 1 1 1 2 MXN | OCDS: 1 release package, 2 releases; contracting processes: 1
release-package-2.json | 1 1 1 1 2 USD | OCDS: 1 release package, 2 releases; contracting processes: 1
release-package_1.0-1.json | 1 1 0 0 1 PYG | OCDS: 1 release package, 1 compiled release; contracting processes: 1
release-package_1.0-2.json | 1 0 1 0 0 PYG | OCDS: 1 release package, 1 release; contracting processes: 1
release-package_1.1-1.json | 1 1 0 0 2 PYG | OCDS: 1 release package, 1 compiled release; contracting processes: 1
release-package_1.1-2.json | 1 0 1 0 0 PYG | OCDS: 1 release package, 1 release; contracting processes: 1
release-package_encoding-iso-8859-1.json | not UTF-8 (first at line 1)
release-package_encoding-utf-8.json | 1 1 1 1 2 MXN | OCDS: 1 release package, 3 releases; contracting processes: 1
release-package_record-package.json | 2 3 3 0 6 MXN | OCDS: 1 release package, 2 releases; contracting processes: 2
release-package_split.json | 2 2 2 2 3 MXN | OCDS: 2 release packages, 4 releases; contracting processes: 2
versioned-release-1.json | 1 1 1 1 1 MXN | OCDS: 1 versioned release; contracting processes: 1
versioned-release-2.json | 1 1 1 1 1 USD | OCDS: 1 versioned release; contracting processes: 1
";

#[test]
fn every_real_file_reads_or_gets_the_one_error_that_is_right_for_it() {
    let mut files: Vec<_> = std::fs::read_dir(real(""))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    let mut found = "\n".to_owned();
    for file in files {
        assert!(ocds::detect(&file).is_some(), "{}", file.display());
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        match ocds::read(&[file], &options()) {
            Ok(read) => {
                let counts = [
                    read.processes,
                    rows(&read, "ocds_awards"),
                    rows(&read, "ocds_contracts"),
                    rows(&read, "ocds_items"),
                    rows(&read, "ocds_organizations"),
                ];
                let counts = counts.map(|count| count.to_string()).join(" ");
                let currency = read.currency.as_deref().unwrap_or("-");
                writeln!(found, "{name} | {counts} {currency} | {}", read.kind.en).unwrap();
            }
            Err(OcdsError::NotUtf8 { line, .. }) => {
                writeln!(found, "{name} | not UTF-8 (first at line {line})").unwrap()
            }
            Err(error) => panic!("{name}: {error}"),
        }
    }
    assert_eq!(found, REAL);
}

#[test]
fn another_encoding_is_read_when_it_is_named() {
    let options = ReadOptions {
        encoding: Some("iso-8859-1".to_owned()),
        ..options()
    };
    let latin = ocds::read(
        &[real("release-package_encoding-iso-8859-1.json")],
        &options,
    )
    .unwrap();
    let utf8 = ocds::read(
        &[real("release-package_encoding-utf-8.json")],
        &self::options(),
    )
    .unwrap();
    let names = texts(&latin, "ocds_organizations", "name");
    assert_eq!(names, texts(&utf8, "ocds_organizations", "name"));
    assert!(!names.join("").contains('\u{fffd}'));
    let unknown = ReadOptions {
        encoding: Some("klingon".to_owned()),
        ..self::options()
    };
    let error = ocds::read(&[real("compiled-release-1.json")], &unknown)
        .err()
        .unwrap();
    assert!(matches!(&error, OcdsError::UnknownEncoding { name } if name == "klingon"));
    assert!(error.text().zh.contains("klingon"));
}

#[test]
fn a_release_becomes_rows_with_nothing_lost_that_rules_read() {
    let read = read_bytes("r.json", RELEASE.as_bytes(), &options()).unwrap();
    assert_eq!(warnings(&read), Vec::<String>::new());
    assert_eq!(texts(&read, "ocds_tenders", "ocid"), ["o-1"]);
    assert_eq!(texts(&read, "ocds_tenders", "procurement_method"), ["open"]);
    assert_eq!(texts(&read, "ocds_tenders", "number_of_tenderers"), ["2"]);
    assert_eq!(
        texts(&read, "ocds_organizations", "id"),
        ["U", "B", "T1", "T2", "T3"]
    );
    assert_eq!(
        texts(&read, "ocds_organizations", "name"),
        ["Unit", "Buyer", "First", "-", "-"]
    );
    assert_eq!(texts(&read, "ocds_bids", "tenderer"), ["2", "3", "4"]);
    assert_eq!(
        texts(&read, "ocds_bids", "is_first"),
        ["true", "true", "false"]
    );
    assert_eq!(
        texts(&read, "ocds_bids", "is_sole"),
        ["true", "false", "false"]
    );
    assert_eq!(texts(&read, "ocds_bids", "amount"), ["100.5", "90", "90"]);
    let bidders = texts(&read, "ocds_bids", "bidder");
    assert_eq!(bidders[0], "2");
    assert!(bidders[1].starts_with('-') && bidders[1] == bidders[2]);
    assert_eq!(texts(&read, "ocds_items", "classification"), ["45000000"]);
    assert_eq!(texts(&read, "ocds_contracts", "award_id"), ["a"]);
    let digest = read.inputs[0].sha256.clone();
    assert_eq!(
        (digest.len(), read.inputs[0].bytes),
        (64, RELEASE.len() as u64)
    );
}

#[test]
fn the_same_release_reads_the_same_however_it_is_wrapped() {
    let two = format!("{}\n{}\n", release("o-1"), release("o-2"));
    let one_by_one = format!("{} {}", release("o-1"), release("o-2"));
    let package = format!(
        r#"{{"uri":"u","releases":[{},{}],"version":"1.1"}}"#,
        release("o-1"),
        release("o-2")
    );
    let records = format!(
        r#"{{"records":[{{"ocid":"o-1","releases":[{{"url":"x"}}],"compiledRelease":{}}},{{"compiledRelease":{},"ocid":"o-2"}}]}}"#,
        release("o-1"),
        release("o-2")
    );
    let list = format!("[{},\n{}]", release("o-1"), release("o-2"));
    let marked = format!("\u{feff}{two}");
    let expected = read_bytes("a.jsonl", two.as_bytes(), &options()).unwrap();
    for (name, text) in [
        ("a.json", &two),
        ("b.json", &one_by_one),
        ("c.json", &package),
        ("d.json", &records),
        ("e.json", &list),
        ("f.jsonl", &marked),
    ] {
        for bytes in [text.as_bytes().to_vec(), gzip(text.as_bytes())] {
            let read = read_bytes(name, &bytes, &options()).unwrap();
            assert_eq!(warnings(&read), Vec::<String>::new(), "{name}");
            for (table, column) in [
                ("ocds_tenders", "ocid"),
                ("ocds_bids", "tenderer"),
                ("ocds_bids", "amount"),
                ("ocds_organizations", "id"),
            ] {
                assert_eq!(
                    texts(&read, table, column),
                    texts(&expected, table, column),
                    "{name}"
                );
            }
        }
    }
}

#[test]
fn a_record_without_compiled_release_is_merged_or_counted_as_linked_only() {
    let first = r#"{"ocid":"o-1","date":"2026-01-01T00:00:00Z","tag":["tender"],"tender":{"id":"t","status":"active","procurementMethod":"open"}}"#;
    let second = r#"{"ocid":"o-1","date":"2026-02-01T00:00:00Z","tag":["award"],"tender":{"id":"t","status":"complete"}}"#;
    let records = format!(
        r#"{{"records":[{{"ocid":"o-1","releases":[{second},{first}]}},{{"ocid":"o-2","releases":[{{"url":"http://x"}}]}}]}}"#
    );
    let read = read_bytes("r.json", records.as_bytes(), &options()).unwrap();
    assert_eq!(
        texts(&read, "ocds_tenders", "tender_status"),
        ["complete", "-"]
    );
    assert_eq!(
        texts(&read, "ocds_tenders", "procurement_method"),
        ["open", "-"]
    );
    assert_eq!(
        texts(&read, "ocds_tenders", "linked_only"),
        ["false", "true"]
    );
    assert_eq!((read.counts.merged, read.counts.linked_only), (1, 1));
    assert!(warnings(&read)[0].contains("counted as not applicable"));
    // The same partial releases, bare and in two files.
    let package = format!("{second}\n{first}\n");
    let read = read_bytes("r.jsonl", package.as_bytes(), &options()).unwrap();
    assert_eq!(texts(&read, "ocds_tenders", "tender_status"), ["complete"]);
    assert_eq!(texts(&read, "ocds_tenders", "procurement_method"), ["open"]);
}

#[test]
fn a_record_of_links_and_a_release_beside_it_are_one_process() {
    let tender = r#"{"ocid":"x","date":"2026-01-01T00:00:00Z","tag":["tender"],"tender":{"status":"active"}}"#;
    let award =
        r#"{"ocid":"x","date":"2026-02-01T00:00:00Z","tag":["award"],"awards":[{"id":"a"}]}"#;
    for record in [
        r#"{"ocid":"x","releases":[{"url":"u"}]}"#.to_owned(),
        format!(r#"{{"ocid":"x","releases":[{{"url":"u"}},{award}]}}"#),
        format!(r#"{{"records":[{{"ocid":"x","releases":[{award}, {{"url":"u"}}]}}]}}"#),
    ] {
        let text = format!("{record}\n{tender}\n");
        let read = read_bytes("r.jsonl", text.as_bytes(), &options()).unwrap();
        assert_eq!(
            texts(&read, "ocds_tenders", "tender_status"),
            ["active"],
            "{record}"
        );
        assert_eq!(
            rows(&read, "ocds_awards"),
            usize::from(record.contains("award")),
            "{record}"
        );
    }
}

#[test]
fn a_record_that_is_there_in_part_is_not_taken_for_the_whole() {
    let tender = r#"{"ocid":"o-1","date":"2026-01-01T00:00:00Z","tag":["tender"],"tender":{"status":"active"}}"#;
    let record = format!(r#"{{"ocid":"o-1","releases":[{tender},{{"url":"http://x"}}]}}"#);
    let read = read_bytes("r.json", record.as_bytes(), &options()).unwrap();
    assert_eq!(texts(&read, "ocds_tenders", "linked_only"), ["true"]);
    assert_eq!((read.counts.merged, read.counts.linked_only), (0, 1));
    let told = warnings(&read);
    assert!(
        told.iter()
            .any(|told| told.contains("some releases of the record are links only")),
        "{told:?}"
    );
    // A versioned release beside them is the whole.
    let versioned = record.replace(
        r#""releases""#,
        r#""versionedRelease":{"ocid":"o-1","tender":{"status":[{"value":"complete"}]}},"releases""#,
    );
    let read = read_bytes("r.json", versioned.as_bytes(), &options()).unwrap();
    assert_eq!(texts(&read, "ocds_tenders", "linked_only"), ["false"]);
}

#[test]
fn of_the_versions_of_a_value_the_latest_instant_counts() {
    let status = |versions: &str| {
        let text = format!(r#"{{"ocid":"o-1","tender":{{"status":[{versions}]}}}}"#);
        let read = read_bytes("r.json", text.as_bytes(), &options()).unwrap();
        texts(&read, "ocds_tenders", "tender_status").remove(0)
    };
    let at = |date: &str, value: &str| format!(r#"{{"releaseDate":"{date}","value":{value}}}"#);
    let earlier = at("2024-01-02T01:00:00Z", "\"active\"");
    let later = at("2024-01-01T23:00:00-05:00", "\"complete\"");
    assert_eq!(status(&format!("{earlier},{later}")), "complete");
    assert_eq!(status(&format!("{later},{earlier}")), "complete");
    let removed = at("2024-02-01T00:00:00Z", "null");
    assert_eq!(status(&format!("{removed},{later},{earlier}")), "-");
}

#[test]
fn a_bid_dated_without_a_zone_counts_where_every_zone_says_the_same() {
    let dates = |bid: &str, deadline: &str| {
        let text = RELEASE
            .replace("2025-12-10T00:00:00Z", bid)
            .replace("2025-12-20T00:00:00+08:00", deadline);
        let read = read_bytes("r.json", text.as_bytes(), &options()).unwrap();
        let column = read.tables.get("ocds_bids").unwrap();
        let place = column.schema().index_of("date").unwrap();
        let batch = column.read(&[place]).unwrap().next().unwrap().unwrap();
        let dates = batch.column(0).as_primitive::<TimestampMillisecondType>();
        let date = dates.is_valid(0).then(|| dates.value(0));
        (date, warnings(&read))
    };
    let deadline = "2021-12-07T12:15:00Z";
    let at = |text: &str| Some(text.parse::<jiff::Timestamp>().unwrap().as_millisecond());
    for (bid, date) in [
        // Late even on the islands where the day begins, in time even where it ends last.
        ("2021-12-09 11:42:00.0000000", at("2021-12-08T21:42:00Z")),
        ("2021-12-05T11:42:00", at("2021-12-05T23:42:00Z")),
        ("2021-12-09", at("2021-12-08T10:00:00Z")),
        // One or the other.
        ("2021-12-07 20:00:00", None),
        ("2021-12-08 02:15:00", None),
        ("2021-12-08 02:15:01", at("2021-12-07T12:15:01Z")),
        ("2021-12-07 00:15:00", at("2021-12-07T12:15:00Z")),
        ("2021-12-07", None),
    ] {
        let (found, told) = dates(bid, deadline);
        assert_eq!(found, date, "{bid}");
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].contains("without a zone"), "{told:?}");
    }
    assert_eq!(dates("2021-12-09 11:42:00", "2021-12-07T12:15:00").0, None);
    // The rows of a group of tenderers, and the next release, have their own.
    let group = RELEASE.replace(
        r#""status":"disqualified""#,
        r#""status":"valid","date":"2030-01-01""#,
    );
    let text = format!("{group}\n{}", release("o-2"));
    let read = read_bytes("r.jsonl", text.as_bytes(), &options()).unwrap();
    let column = read.tables.get("ocds_bids").unwrap();
    let place = column.schema().index_of("date").unwrap();
    let batch = column.read(&[place]).unwrap().next().unwrap().unwrap();
    let dates = batch.column(0).as_primitive::<TimestampMillisecondType>();
    let late = at("2029-12-31T10:00:00Z");
    let found: Vec<_> = dates.iter().collect();
    assert_eq!(found[1..3], [late, late]);
    assert_eq!(found[3..], [found[0], None, None]);
}

#[test]
fn of_several_compiled_releases_the_latest_stands_and_that_is_said() {
    let old = release("o-1")
        .replace("2026-01-01", "2025-01-01")
        .replace("\"complete\"", "\"active\"");
    let text = format!("{}\n{old}\n{}\n", release("o-1"), release("o-2"));
    let read = read_bytes("r.jsonl", text.as_bytes(), &options()).unwrap();
    assert_eq!(
        texts(&read, "ocds_tenders", "tender_status"),
        ["complete", "complete"]
    );
    assert_eq!(rows(&read, "ocds_bids"), 6);
    assert_eq!(read.counts.superseded, 1);
    assert!(
        warnings(&read)[0].contains("the latest by date stands"),
        "{:?}",
        warnings(&read)
    );
}

#[test]
fn a_broken_line_is_reported_with_its_number_and_the_others_are_read() {
    let cut = &RELEASE[..RELEASE.len() / 2];
    let text = format!(
        "{}\n\n{cut}\n{}\n{{\"ocid\":\"o-3\"}} trailing\n",
        release("o-1"),
        release("o-2")
    );
    let read = read_bytes("r.jsonl", text.as_bytes(), &options()).unwrap();
    assert_eq!(texts(&read, "ocds_tenders", "ocid"), ["o-1", "o-2"]);
    assert_eq!(rows(&read, "ocds_bids"), 6);
    let errors: Vec<_> = read
        .diagnostics
        .iter()
        .map(|error| (error.severity, error.row))
        .collect();
    assert_eq!(
        errors,
        [(Severity::Error, Some(3)), (Severity::Error, Some(5))]
    );
    let first = read_bytes(
        "r.jsonl",
        format!("{{broken\n{}\n", release("o-1")).as_bytes(),
        &options(),
    )
    .unwrap();
    assert_eq!(first.diagnostics[0].row, Some(1));
}

#[test]
fn lines_are_numbered_through_all_blocks() {
    let mut text = String::new();
    for number in 0..12_000 {
        text.push_str(&release(&format!("o-{number}")));
        text.push('\n');
        if number == 11_000 {
            text.push_str("{oops\n");
        }
    }
    assert!(text.len() > 9 << 20, "several blocks");
    let read = read_bytes("r.jsonl", text.as_bytes(), &options()).unwrap();
    assert_eq!(read.processes, 12_000);
    assert_eq!(
        read.diagnostics
            .iter()
            .map(|error| error.row)
            .collect::<Vec<_>>(),
        [Some(11_002)]
    );
    assert_eq!(rows(&read, "ocds_organizations"), 5);
    let lines = texts(&read, "ocds_tenders", "line");
    assert_eq!(
        (lines[11_000].as_str(), lines[11_001].as_str()),
        ("11001", "11003")
    );
    let processes = texts(&read, "ocds_tenders", "process");
    assert!(
        processes
            .iter()
            .enumerate()
            .all(|(place, process)| *process == place.to_string())
    );
}

#[test]
fn rows_come_in_the_order_that_the_tables_promise() {
    let mut text = String::new();
    for number in 0..9_000 {
        text.push_str(&release(&format!("o-{number}")));
        text.push('\n');
    }
    assert!(text.len() > 4 << 20, "several blocks");
    // One process again, later, and one in two parts that have to be merged.
    text.push_str(&release("o-77").replace("2026-01-01", "2027-01-01"));
    let part = |tag| release("o-new").replace("\"compiled\"", tag);
    text.push_str(&format!(
        "\n{}\n{}\n",
        part("\"tender\""),
        part("\"award\"")
    ));
    let read = read_bytes("r.jsonl", text.as_bytes(), &options()).unwrap();
    assert_eq!(read.processes, 9_001);
    for table in ocds::declarations() {
        for column in &table.ordered_by {
            let numbers = texts(&read, &table.name, column);
            let numbers: Vec<i64> = numbers.iter().map(|text| text.parse().unwrap()).collect();
            assert!(numbers.len() >= 9_001, "{}", table.name);
            assert!(numbers.is_sorted(), "{}", table.name);
        }
    }
}

#[test]
fn odd_values_are_left_empty_and_summed_up() {
    let odd = r#"{"ocid":"o-1","date":"2026-01-01","tender":{"status":5,"tenderPeriod":"soon","numberOfTenderers":"two","procuringEntity":[]},"buyer":null,"bids":{"details":[{"status":"valid","tenderers":null,"value":{"amount":"100","currency":"CNY"}},{"status":"valid","tenderers":{"id":7},"date":"2026-01-01T00:00:00","value":{"amount":3}},null,17]},"awards":{"status":"active","suppliers":"T"},"contracts":false}"#;
    let read = read_bytes(
        "r.jsonl",
        format!("{odd}\n{odd}\n")
            .replacen("o-1", "o-0", 1)
            .as_bytes(),
        &options(),
    )
    .unwrap();
    assert_eq!(read.processes, 2);
    assert_eq!(texts(&read, "ocds_bids", "amount"), ["-", "-", "-", "-"]);
    assert_eq!(texts(&read, "ocds_organizations", "id"), ["7"]);
    let columns: Vec<_> = read
        .diagnostics
        .iter()
        .map(|odd| odd.column.clone().unwrap())
        .collect();
    for field in [
        "date",
        "tender.status",
        "tender.tenderPeriod",
        "tender.numberOfTenderers",
        "organization",
        "value.amount",
        "bids.details.value.currency",
        "bids.details.date",
        "bids.details",
        "awards.suppliers",
        "contracts",
    ] {
        assert!(
            columns.iter().any(|column| column == field),
            "{field} in {columns:?}"
        );
    }
    let amount = read
        .diagnostics
        .iter()
        .find(|odd| odd.column.as_deref() == Some("value.amount"))
        .unwrap();
    assert_eq!(
        (amount.row, amount.value.as_deref()),
        (Some(1), Some("100"))
    );
    assert!(
        amount.message.en.contains("2 in all"),
        "{}",
        amount.message.en
    );
}

#[test]
fn only_one_currency_is_compared_and_the_others_are_counted() {
    let dollars = release("o-2").replace("CNY", "USD");
    let text = format!("{}\n{dollars}\n", release("o-1"));
    let read = read_bytes("r.jsonl", text.as_bytes(), &options()).unwrap();
    assert_eq!(read.currency.as_deref(), Some("CNY"));
    assert_eq!(
        texts(&read, "ocds_bids", "amount"),
        ["100.5", "90", "90", "-", "-", "-"]
    );
    assert_eq!(read.counts.other_currency, 3);
    let chosen = ReadOptions {
        currency: Some("USD".to_owned()),
        ..options()
    };
    let read = read_bytes("r.jsonl", text.as_bytes(), &chosen).unwrap();
    assert_eq!(
        texts(&read, "ocds_bids", "amount"),
        ["-", "-", "-", "100.5", "90", "90"]
    );
    assert!(warnings(&read)[0].contains("only amounts in USD"));
}

#[test]
fn an_empty_package_is_a_warning_that_says_so() {
    for text in [r#"{"releases":[]}"#, r#"{"version":"1.1","records":[]}"#] {
        let read = read_bytes("r.json", text.as_bytes(), &options()).unwrap();
        assert_eq!(
            warnings(&read),
            ["Warning the package holds 0 releases or records: there is nothing to compare"]
        );
        assert_eq!(read.processes, 0);
    }
}

#[test]
fn what_cannot_be_read_at_all_gets_one_clear_error() {
    let error = |name: &str, bytes: &[u8]| read_bytes(name, bytes, &options()).err().unwrap();
    assert!(matches!(error("r.json", b""), OcdsError::Empty { .. }));
    assert!(matches!(error("r.json", b" \n\n"), OcdsError::Empty { .. }));
    assert!(matches!(
        error("r.json", &[0; 100]),
        OcdsError::NotJson { line: 1, .. }
    ));
    assert!(matches!(
        error("r.json", b"{\"ocid\": \"a\",\n\"tender\": }"),
        OcdsError::NotJson { line: 2, .. }
    ));
    assert!(matches!(
        error("r.json", b"{\"name\": \"x\"}"),
        OcdsError::NotOcds { .. }
    ));
    assert!(matches!(
        error("r.jsonl", b"{}\n[]\n{\"a\":1}\n"),
        OcdsError::NotOcds { .. }
    ));
    assert!(matches!(
        error("r.jsonl", b"{\"ocid\":\"a\"}\n{\"ocid\":\"\xe9\"}\n"),
        OcdsError::NotUtf8 { line: 2, .. }
    ));
    let nested = format!("{{\"ocid\":{}", "[".repeat(100_000));
    assert!(matches!(
        error("r.json", nested.as_bytes()),
        OcdsError::NotJson { .. }
    ));
    let missing = ocds::read(&[PathBuf::from("/nowhere/at/all.json")], &options())
        .err()
        .unwrap();
    assert!(matches!(&missing, OcdsError::Io { file, .. } if file.ends_with("all.json")));
    let records = format!("{}1{}", "{\"records\":[".repeat(5000), "]}".repeat(5000));
    assert!(matches!(
        error("r.json", records.as_bytes()),
        OcdsError::NotJson { .. }
    ));
}

#[test]
fn a_truncated_gzip_gives_what_came_before_and_says_so() {
    let text: String = (0..2000)
        .map(|number| release(&format!("o-{number}")) + "\n")
        .collect();
    let packed = gzip(text.as_bytes());
    let read = read_bytes("r.jsonl.gz", &packed[..packed.len() / 2], &options()).unwrap();
    assert!(read.processes > 100 && read.processes < 2000);
    assert_eq!(read.diagnostics[0].severity, Severity::Error);
    assert!(
        read.diagnostics[0]
            .message
            .en
            .contains("truncated or damaged")
    );
    let package = gzip(format!("{{\"releases\":[{}]}}", release("o-1")).as_bytes());
    let error = read_bytes("r.json.gz", &package[..package.len() - 12], &options())
        .err()
        .unwrap();
    assert!(matches!(error, OcdsError::Gzip { .. }), "{error}");
}

#[test]
fn a_gzip_bomb_is_refused() {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(RELEASE.as_bytes()).unwrap();
    let blank = vec![b' '; 1 << 20];
    for _ in 0..200 {
        encoder.write_all(&blank).unwrap();
    }
    let bomb = encoder.finish().unwrap();
    let error = read_bytes("r.json.gz", &bomb, &options()).err().unwrap();
    assert!(matches!(error, OcdsError::TooLarge { .. }), "{error}");
}

#[test]
fn reading_stops_when_asked() {
    let options = options();
    options
        .cancel
        .store(true, std::sync::atomic::Ordering::Relaxed);
    let error = read_bytes(
        "r.jsonl",
        format!("{RELEASE}\n{RELEASE}\n").as_bytes(),
        &options,
    )
    .err()
    .unwrap();
    assert!(matches!(error, OcdsError::Cancelled));
}

#[test]
fn a_workbook_is_not_taken_for_ocds() {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes, expected) in [
        ("a.xlsx", &b"PK\x03\x04"[..], false),
        ("b.json", b"{\"type\":\"FeatureCollection\"}", false),
        ("c.json", b"  {\"ocid\":\"x\"}", true),
        ("d.csv", b"ocid,name\n", false),
    ] {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        assert_eq!(ocds::detect(&path).is_some(), expected, "{name}");
    }
}

mod anything_at_all {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400), lines in any::<bool>()) {
            let _ = read_bytes(if lines { "r.jsonl" } else { "r.json" }, &bytes, &options());
        }

        #[test]
        fn a_document_with_bytes_changed_is_read_or_refused_by_line(
            changes in proptest::collection::vec((0..RELEASE.len(), 0x20_u8..0x7f), 1..6),
            line in 0_usize..3,
        ) {
            let mut bytes = RELEASE.as_bytes().to_vec();
            for (place, byte) in changes {
                bytes[place] = byte;
            }
            let mut lines = vec![release("o-8").into_bytes(), release("o-9").into_bytes()];
            lines.insert(line, bytes);
            let read = read_bytes("r.jsonl", &lines.join(&b'\n'), &options()).unwrap();
            prop_assert!(read.processes >= 2 || read.counts.superseded > 0);
            for error in read.diagnostics.iter().filter(|error| error.severity == Severity::Error) {
                prop_assert_eq!(error.row, Some(line as u64 + 1));
            }
        }

        #[test]
        fn a_document_cut_anywhere_leaves_the_others_whole(cut in 1..RELEASE.len()) {
            let text = format!("{}\n{}\n{}\n", release("o-8"), &RELEASE[..cut], release("o-9"));
            let read = read_bytes("r.jsonl", text.as_bytes(), &options()).unwrap();
            prop_assert_eq!(read.processes, 2);
            prop_assert_eq!(rows(&read, "ocds_bids"), 6);
            prop_assert_eq!(read.diagnostics.len(), 1);
            prop_assert_eq!(read.diagnostics[0].row, Some(2));
        }
    }
}
