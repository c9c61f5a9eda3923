//! The synthetic county as made: the same every time, valid in form, fictional in place, honest but for what is planted.

#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::civil::date;
use kandeng_screening::arrow::array::{AsArray as _, RecordBatch};
use kandeng_screening::arrow::datatypes::{Date32Type, Float64Type, Int64Type};
use kandeng_supervise::synth::{self, Format, Generated, SynthError, SynthOptions, is_valid_uscc};

fn options(projects: usize, seed: u64) -> SynthOptions {
    SynthOptions::new(projects, seed, date(2026, 6, 30))
}

fn write(options: &SynthOptions, format: Format, folder: &Path) -> synth::Written {
    synth::write(options, format, folder, |_, _| {}, &AtomicBool::new(false)).unwrap()
}

/// Every file below a folder with its bytes.
fn bytes_below(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            let inner = bytes_below(&path).into_iter();
            files.extend(inner.map(|(file, bytes)| (format!("{name}/{file}"), bytes)));
        } else {
            files.insert(name, std::fs::read(&path).unwrap());
        }
    }
    files
}

/// One table of a county, as rows by column name.
struct Table(RecordBatch);

impl Table {
    fn of(county: &Generated, name: &str) -> Self {
        let source = county.tables.get(name).unwrap();
        let all: Vec<usize> = (0..source.schema().fields().len()).collect();
        let batches: Vec<RecordBatch> = source.read(&all).unwrap().map(Result::unwrap).collect();
        let schema = source.schema();
        Self(kandeng_screening::arrow::compute::concat_batches(&schema, &batches).unwrap())
    }

    fn texts(&self, column: &str) -> Vec<Option<String>> {
        let array = self.0.column_by_name(column).unwrap();
        let owned = |text: Option<&str>| text.map(str::to_owned);
        array.as_string::<i32>().iter().map(owned).collect()
    }

    fn wholes(&self, column: &str) -> Vec<Option<i64>> {
        let array = self.0.column_by_name(column).unwrap();
        array.as_primitive::<Int64Type>().iter().collect()
    }

    fn days(&self, column: &str) -> Vec<Option<i32>> {
        let array = self.0.column_by_name(column).unwrap();
        array.as_primitive::<Date32Type>().iter().collect()
    }

    fn floats(&self, column: &str) -> Vec<Option<f64>> {
        let array = self.0.column_by_name(column).unwrap();
        array.as_primitive::<Float64Type>().iter().collect()
    }
}

/// Projects that something is planted on.
fn planted(county: &Generated) -> BTreeSet<&str> {
    county
        .answers
        .iter()
        .map(|answer| answer.subject.as_str())
        .collect()
}

#[test]
fn the_same_options_write_the_same_bytes() {
    for format in [Format::Csv, Format::Parquet, Format::Xlsx] {
        let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        write(&options(200, 7), format, one.path());
        write(&options(200, 7), format, two.path());
        let (one, two) = (bytes_below(one.path()), bytes_below(two.path()));
        assert!(one.len() > 2);
        for (name, bytes) in &one {
            assert!(two[name] == *bytes, "{name} differs");
        }
    }
}

#[test]
fn another_seed_writes_another_county() {
    let one = synth::generate(&options(200, 7)).unwrap();
    let two = synth::generate(&options(200, 8)).unwrap();
    let names = |county: &Generated| Table::of(county, "projects").wholes("contract_amount");
    assert_ne!(names(&one), names(&two));
}

#[test]
fn every_code_stands_in_a_province_that_does_not_exist() {
    let county = synth::generate(&options(2000, 1)).unwrap();
    let in_99 = |texts: Vec<Option<String>>, skip: usize| {
        for text in texts.into_iter().flatten() {
            assert!(text[skip..].starts_with("99"), "{text}");
        }
    };
    in_99(Table::of(&county, "projects").texts("project_code"), 0);
    in_99(Table::of(&county, "projects").texts("village_code"), 0);
    in_99(Table::of(&county, "divisions").texts("code"), 0);
    in_99(Table::of(&county, "companies").texts("uscc"), 2);
    in_99(Table::of(&county, "bids").texts("bidder_uscc"), 2);
    in_99(Table::of(&county, "payments").texts("payee_uscc"), 2);
}

#[test]
fn organisation_codes_are_valid_but_for_those_planted() {
    let county = synth::generate(&options(2000, 2)).unwrap();
    let projects = Table::of(&county, "projects");
    let planted = planted(&county);
    let codes = projects.texts("project_code");
    for column in ["owner_uscc", "contractor_uscc", "payee_uscc"] {
        for (project, code) in codes.iter().zip(projects.texts(column)) {
            let (project, Some(code)) = (project.as_deref().unwrap(), code) else {
                continue;
            };
            assert!(
                is_valid_uscc(&code) || planted.contains(project),
                "{project}: {code}"
            );
        }
    }
    for code in Table::of(&county, "companies")
        .texts("uscc")
        .iter()
        .flatten()
    {
        assert!(is_valid_uscc(code), "{code}");
    }
}

/// West, south, east and north of a polygon's corners.
fn frame(wkt: &str) -> [f64; 4] {
    let corners = wkt.trim_start_matches("POLYGON ((").trim_end_matches("))");
    corners.split(", ").fold(
        [f64::MAX, f64::MAX, f64::MIN, f64::MIN],
        |[west, south, east, north], corner| {
            let (lon, lat) = corner.split_once(' ').unwrap();
            let (lon, lat): (f64, f64) = (lon.parse().unwrap(), lat.parse().unwrap());
            [west.min(lon), south.min(lat), east.max(lon), north.max(lat)]
        },
    )
}

#[test]
fn boundaries_lie_apart_but_for_those_planted() {
    let county = synth::generate(&options(2000, 3)).unwrap();
    let overlapping: BTreeSet<&str> = county
        .answers
        .iter()
        .filter(|answer| answer.rule == "K02")
        .map(|answer| answer.subject.as_str())
        .collect();
    let projects = Table::of(&county, "projects");
    let codes = projects.texts("project_code");
    let mut frames: Vec<[f64; 4]> = projects
        .texts("boundary")
        .iter()
        .zip(&codes)
        .filter(|(_, code)| !overlapping.contains(code.as_deref().unwrap()))
        .filter_map(|(boundary, _)| boundary.as_deref().map(frame))
        .collect();
    frames.sort_by(|one, two| one[0].total_cmp(&two[0]));
    // A project filed twice stands there twice.
    frames.dedup();
    assert!(frames.len() > 300);
    for (at, one) in frames.iter().enumerate() {
        for two in frames[at + 1..].iter().take_while(|two| two[0] < one[2]) {
            assert!(two[1] >= one[3] || two[3] <= one[1], "{one:?} {two:?}");
        }
    }
}

#[test]
fn honest_projects_add_up() {
    let county = synth::generate(&options(2000, 4)).unwrap();
    let planted = planted(&county);
    let sums = |table: &str| {
        let table = Table::of(&county, table);
        let mut sums: HashMap<String, i64> = HashMap::new();
        for (code, fen) in table
            .texts("project_code")
            .into_iter()
            .zip(table.wholes("amount"))
        {
            *sums.entry(code.unwrap()).or_default() += fen.unwrap();
        }
        sums
    };
    let (paid, sources, plans) = (sums("payments"), sums("fund_sources"), sums("payment_plan"));
    let projects = Table::of(&county, "projects");
    let dates = [
        "approval_date",
        "tender_start",
        "tender_end",
        "bid_opening",
        "contract_date",
        "start_date",
        "finish_date",
        "acceptance_date",
    ]
    .map(|column| projects.days(column));
    let (budgets, contracts) = (
        projects.wholes("approved_budget"),
        projects.wholes("contract_amount"),
    );
    let totals = projects.wholes("paid_total");
    let scales = projects.floats("scale");
    let mut honest = 0;
    for (at, code) in projects
        .texts("project_code")
        .into_iter()
        .map(Option::unwrap)
        .enumerate()
    {
        if planted.contains(code.as_str()) {
            continue;
        }
        honest += 1;
        assert!(scales[at].unwrap() > 0.0);
        let given: Vec<i32> = dates.iter().filter_map(|column| column[at]).collect();
        assert!(given.is_sorted(), "{code}: {given:?}");
        assert_eq!(budgets[at], sources.get(&code).copied(), "{code}");
        assert_eq!(contracts[at], plans.get(&code).copied(), "{code}");
        assert_eq!(totals[at], paid.get(&code).copied(), "{code}");
        assert!(contracts[at] <= budgets[at], "{code}");
        assert!(
            paid.get(&code).copied().unwrap_or(0) <= contracts[at].unwrap_or(0),
            "{code}"
        );
    }
    assert!(honest > 1700, "{honest}");
    let vouchers = Table::of(&county, "payments").texts("voucher");
    let different: BTreeSet<&Option<String>> = vouchers.iter().collect();
    assert!(vouchers.len() - different.len() <= 4);
}

#[test]
fn photos_written_are_the_photos_filed() {
    let folder = tempfile::tempdir().unwrap();
    let mut options = options(60, 5);
    options.photos = Some(90);
    let written = write(&options, Format::Csv, folder.path());
    assert!(written.photo_files >= 80, "{}", written.photo_files);
    let mut reader = csv::Reader::from_path(folder.path().join("photos.csv")).unwrap();
    let header = reader.headers().unwrap().clone();
    let column = |name: &str| header.iter().position(|header| header == name).unwrap();
    let (file, sha256, phash) = (column("file"), column("sha256"), column("phash"));
    let mut with_position = 0;
    for row in reader.records().map(Result::unwrap) {
        let path = folder.path().join("photos").join(&row[file]);
        let photo =
            kandeng_evidence::Photo::read(&path, &kandeng_evidence::Limits::default()).unwrap();
        assert_eq!(photo.sha256, row[sha256]);
        let distance = kandeng_evidence::hamming(&photo.phash.unwrap().frame, &row[phash]);
        assert!(distance.unwrap() <= 5, "{distance:?}");
        with_position += usize::from(photo.position.is_some() && photo.taken.is_some());
    }
    assert!(with_position + 3 >= written.photo_files);
}

#[test]
fn the_ground_that_a_drones_frame_is_filed_to_show_is_what_its_file_shows() {
    let folder = tempfile::tempdir().unwrap();
    let mut options = options(200, 5);
    options.photos = Some(200);
    write(&options, Format::Csv, folder.path());
    let mut reader = csv::Reader::from_path(folder.path().join("photos.csv")).unwrap();
    let header = reader.headers().unwrap().clone();
    let column = |name: &str| header.iter().position(|header| header == name).unwrap();
    let (file, footprint, seal) = (column("file"), column("footprint"), column("seal"));
    let rows: Vec<_> = reader.records().map(Result::unwrap).collect();
    let frames: Vec<_> = rows
        .iter()
        .filter(|row| !row[footprint].is_empty())
        .collect();
    assert_eq!(frames.len(), 3);
    for row in frames {
        let path = folder.path().join("photos").join(&row[file]);
        let photo =
            kandeng_evidence::Photo::read(&path, &kandeng_evidence::Limits::default()).unwrap();
        let shown = frame(&kandeng_evidence::footprint(&photo).unwrap().wkt());
        let filed = frame(&row[footprint]);
        let apart = filed.iter().zip(shown).map(|(one, two)| (one - two).abs());
        assert!(
            apart.fold(0.0, f64::max) < 5e-6,
            "within half a metre: {filed:?} {shown:?}"
        );
        assert!(!row[seal].is_empty());
    }
}

#[test]
fn a_county_too_small_or_too_large_is_refused() {
    for projects in [0, 49, 1_000_001] {
        let refused = synth::generate(&options(projects, 1));
        assert!(matches!(refused, Err(SynthError::Projects(count)) if count == projects));
    }
    let mut wide = options(100_000, 1);
    wide.payments_per_project = 20;
    let folder = tempfile::tempdir().unwrap();
    let refused = synth::write(
        &wide,
        Format::Xlsx,
        folder.path(),
        |_, _| {},
        &AtomicBool::new(false),
    );
    assert!(matches!(refused, Err(SynthError::TooManyRows(_))));
}

#[test]
fn nothing_is_left_behind_when_cancelled() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("county");
    let stopped = synth::write(
        &options(200, 1),
        Format::Csv,
        &out,
        |_, _| {},
        &AtomicBool::new(true),
    );
    assert!(matches!(stopped, Err(SynthError::Cancelled)));
    assert!(!out.exists());
}

#[test]
fn photos_stop_half_way_when_cancelled() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("county");
    let mut options = options(2000, 1);
    options.photos = Some(2000);
    let cancel = AtomicBool::new(false);
    let written = || {
        let beside = std::fs::read_dir(&out).ok()?.next()?.ok()?.path();
        Some(std::fs::read_dir(beside.join("photos")).ok()?.count())
    };
    let most = std::thread::scope(|scope| {
        let watching = scope.spawn(|| {
            let mut most = 0;
            // Once something was there, until nothing is.
            loop {
                match written() {
                    Some(count) => most = most.max(count),
                    None if cancel.load(Ordering::Relaxed) => return most,
                    None => {}
                }
                if most > 0 {
                    cancel.store(true, Ordering::Relaxed);
                }
            }
        });
        let stopped = synth::write(&options, Format::Csv, &out, |_, _| {}, &cancel);
        assert!(matches!(stopped, Err(SynthError::Cancelled)));
        watching.join().unwrap()
    });
    assert!(most < 1000, "{most} photos were written");
    assert!(!out.exists());
}
