//! What `reach` promises, held against whole counties screened before and after one filing changed.

#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use jiff::civil::date;
use kandeng_screening::arrow::array::{
    Array, ArrayRef, AsArray as _, Int64Array, RecordBatch, StringArray, UInt32Array,
};
use kandeng_screening::arrow::compute::{
    concat_batches, interleave, sort_to_indices, take_record_batch,
};
use kandeng_screening::arrow::datatypes::Int64Type;
use kandeng_screening::pack::{Audience, Pack, Reach};
use kandeng_screening::{
    Answer, Batches, Change, Outcome, Prepared, ReachMap, Reached, Settings, Subjects, Tables,
};
use kandeng_supervise::filing::Filing;
use kandeng_supervise::import::{self, IdentityKey, ImportOptions};
use kandeng_supervise::packs;
use kandeng_supervise::synth::{self, Format, SYNTHETIC_KEY, SynthOptions};

const AS_OF: jiff::civil::Date = date(2026, 6, 30);

/// A county's tables, whole in memory, and whom something was planted on.
#[derive(Clone)]
struct County {
    tables: BTreeMap<String, RecordBatch>,
    planted: Vec<String>,
}

impl County {
    fn new(projects: usize, seed: u64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = SynthOptions::new(projects, seed, AS_OF);
        let never = AtomicBool::new(false);
        synth::write(&options, Format::Parquet, folder.path(), |_, _| {}, &never).unwrap();
        let key = IdentityKey::from_bytes(SYNTHETIC_KEY);
        let read = import::read(&[folder.path().to_owned()], &ImportOptions::new(key)).unwrap();
        let tables = read.tables.names().map(|name| {
            let source = read.tables.get(name).unwrap();
            let columns: Vec<usize> = (0..source.schema().fields().len()).collect();
            let batches: Vec<_> = source.read(&columns).unwrap().map(Result::unwrap).collect();
            let all = concat_batches(&source.schema(), &batches).unwrap();
            (name.to_owned(), all)
        });
        let answers = std::fs::read_to_string(folder.path().join("answers/answers.csv")).unwrap();
        let planted: BTreeSet<String> = answers
            .lines()
            .skip(1)
            .filter_map(|line| line.split_once(','))
            .map(|(_, subject)| subject.to_owned())
            .collect();
        let mut county = Self {
            tables: tables.collect(),
            planted: Vec::new(),
        };
        let codes: BTreeSet<String> = county.codes().into_iter().collect();
        county.planted = planted.intersection(&codes).cloned().collect();
        county
    }

    fn codes(&self) -> Vec<String> {
        let codes = self.tables["projects"].column_by_name("project_code");
        let codes = codes.unwrap().as_string::<i32>();
        codes.iter().flatten().map(str::to_owned).collect()
    }

    fn all(&self) -> Tables {
        as_tables(&self.tables)
    }

    /// The tables that filings have rows in.
    fn filed(&self) -> impl Iterator<Item = (&String, &RecordBatch)> {
        self.tables
            .iter()
            .filter(|(_, batch)| batch.column_by_name("project_code").is_some())
    }

    /// The rows of one filing, in all tables that filings have rows in.
    fn filing(&self, code: &str) -> BTreeMap<String, RecordBatch> {
        self.filed()
            .map(|(name, batch)| {
                let places = rows_of(batch, code, true);
                (name.clone(), take_record_batch(batch, &places).unwrap())
            })
            .collect()
    }

    /// The county with these rows in place of a filing's own. Nobody else's row moves or gets
    /// another number; the filing's own keep theirs where as many are there as before.
    fn with(&self, code: &str, rows: &BTreeMap<String, RecordBatch>) -> Self {
        let mut county = self.clone();
        for (name, batch) in self.filed() {
            let places = rows_of(batch, code, true);
            let before = take_record_batch(batch, &places).unwrap();
            let own = &rows[name];
            if before == *own {
                continue;
            }
            let numbers = if before.num_rows() == own.num_rows() {
                Arc::clone(before.column_by_name("row_no").unwrap())
            } else {
                let numbers = batch.column_by_name("row_no").unwrap();
                let numbers = numbers.as_primitive::<Int64Type>();
                let last = numbers.iter().flatten().max().unwrap_or(0);
                let new = (1..=own.num_rows() as i64).map(|row| last + row);
                Arc::new(Int64Array::from_iter_values(new))
            };
            let own = replaced(own, "row_no", numbers);
            let others = take_record_batch(batch, &rows_of(batch, code, false)).unwrap();
            let all = concat_batches(&batch.schema(), &[others, own]).unwrap();
            let order = sort_to_indices(all.column_by_name("row_no").unwrap(), None, None);
            let all = take_record_batch(&all, &order.unwrap()).unwrap();
            county.tables.insert(name.clone(), all);
        }
        county
    }
}

fn as_tables(batches: &BTreeMap<String, RecordBatch>) -> Tables {
    let mut tables = Tables::new();
    for (name, batch) in batches {
        let source = Batches::new(batch.schema(), vec![batch.clone()]);
        tables.insert(name, Arc::new(source));
    }
    tables
}

fn rows_of(batch: &RecordBatch, code: &str, own: bool) -> UInt32Array {
    let codes = batch.column_by_name("project_code").unwrap();
    let codes = codes.as_string::<i32>().iter().enumerate();
    codes
        .filter(|(_, known)| (*known == Some(code)) == own)
        .map(|(row, _)| row as u32)
        .collect()
}

fn replaced(batch: &RecordBatch, column: &str, values: ArrayRef) -> RecordBatch {
    let mut columns = batch.columns().to_vec();
    columns[batch.schema().index_of(column).unwrap()] = values;
    RecordBatch::try_new(batch.schema(), columns).unwrap()
}

/// Numbers that look drawn and are the same every time.
struct Draw(u64);

impl Draw {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % bound.max(1)
    }

    fn one<'a, T>(&mut self, among: &'a [T]) -> &'a T {
        &among[self.below(among.len())]
    }
}

/// A filing after somebody changed it: fields and rows taken over from another filing, rows struck
/// out, or the whole filing gone.
fn changed(county: &County, code: &str, draw: &mut Draw) -> BTreeMap<String, RecordBatch> {
    let mut filing = county.filing(code);
    let codes = county.codes();
    let donor = if draw.below(2) == 0 {
        draw.one(&county.planted).clone()
    } else {
        draw.one(&codes).clone()
    };
    let other = county.filing(&donor);
    if draw.below(25) == 0 {
        return filing
            .into_iter()
            .map(|(name, batch)| (name, batch.slice(0, 0)))
            .collect();
    }
    let own = &filing["projects"];
    let columns = own.schema();
    let many = [1, 2, 4, 12, columns.fields().len()][draw.below(5)];
    let mut row = own.clone();
    if draw.below(4) > 0 {
        for _ in 0..many {
            let name = columns.field(draw.below(columns.fields().len())).name();
            if name == "project_code" || name == "row_no" {
                continue;
            }
            let values = [
                own.column_by_name(name).unwrap().as_ref(),
                other["projects"].column_by_name(name).unwrap().as_ref(),
            ];
            // Now and then a field is left empty.
            let value = if draw.below(8) == 0 {
                kandeng_screening::arrow::array::new_null_array(values[0].data_type(), 1)
            } else {
                interleave(&values, &[(1, 0)]).unwrap()
            };
            row = replaced(&row, name, value);
        }
    }
    filing.insert("projects".to_owned(), row);
    let lists: Vec<String> = filing
        .keys()
        .filter(|name| *name != "projects")
        .cloned()
        .collect();
    for _ in 0..draw.below(4) {
        let name = draw.one(&lists);
        let own = &filing[name];
        let theirs = &other[name];
        let codes: StringArray = (0..theirs.num_rows()).map(|_| Some(code)).collect();
        let theirs = replaced(theirs, "project_code", Arc::new(codes));
        let rows = match draw.below(4) {
            0 => own.slice(0, own.num_rows() / 2),
            1 => theirs,
            _ => concat_batches(&own.schema(), &[own.clone(), theirs]).unwrap(),
        };
        filing.insert(name.clone(), rows);
    }
    filing
}

/// What is said of every subject: rule, kind, subject → answer and findings.
type Said = BTreeMap<(String, String, String), (Option<Answer>, Vec<String>)>;

fn said(outcome: &Outcome) -> Said {
    assert!(outcome.failures.is_empty(), "{:?}", outcome.failures);
    let mut said = Said::new();
    for answers in &outcome.answers {
        let by_subject = outcome.answers_by_subject(&answers.rule, &answers.subject_kind);
        for (subject, answer) in by_subject {
            let place = (answers.rule.clone(), answers.subject_kind.clone(), subject);
            said.entry(place).or_default().0 = Some(answer);
        }
    }
    for finding in outcome.findings() {
        let place = (
            finding.rule.clone(),
            finding.subject_kind.clone(),
            finding.subject.clone(),
        );
        let told = format!(
            "{} {} {:?} {:?} {:?} {:?}",
            finding.key,
            finding.fingerprint,
            finding.severity,
            finding.related,
            finding.items,
            finding.figures
        );
        said.entry(place).or_default().1.push(told);
    }
    for (_, findings) in said.values_mut() {
        findings.sort();
    }
    said
}

fn differences(before: &Said, after: &Said) -> BTreeSet<(String, String, String)> {
    let all: BTreeSet<_> = before.keys().chain(after.keys()).collect();
    all.into_iter()
        .filter(|place| before.get(*place) != after.get(*place))
        .cloned()
        .collect()
}

fn county_pack() -> Pack {
    packs::county(Filing::embedded(), &[]).unwrap_or_else(|errors| panic!("{errors:#?}"))
}

/// The county's pack with a rule of its own that reaches the owner: none of ours does, as an owner or a
/// contractor without its code is known by what the whole county filed.
fn pack_with_a_rule_on_owners() -> Pack {
    let folder = tempfile::tempdir().unwrap();
    let rule = "-- id: X01\n-- title.zh: 同一实施单位的项目\n-- title.en: Projects of one owner\n\
        -- audience: officer\n-- severity: low\n-- subject: project\n-- reach: owner\n-- basis: practice\n\
        -- says.zh: {projects} 个项目\n-- says.en: {projects} projects\n\
        with owned as (select project, org_key(owner_uscc, owner_name) as owner_key from projects),\n\
        sizes as (select owner_key, count(*) as projects from owned group by owner_key having count(*) > 1)\n\
        select o.project as subject, s.projects from sizes s join owned o on o.owner_key = s.owner_key\n";
    std::fs::write(folder.path().join("X01.sql"), rule).unwrap();
    let fixture = "case: none\nas_of: 2026-06-30\n";
    std::fs::write(folder.path().join("X01.fixture"), fixture).unwrap();
    packs::county(Filing::embedded(), &[folder.path().to_owned()])
        .unwrap_or_else(|errors| panic!("{errors:#?}"))
}

fn reach_map(pack: &Pack) -> ReachMap {
    let items = packs::items(Filing::embedded());
    ReachMap::new(pack, Some(&items), "project").unwrap()
}

fn whole_pack(pack: &Pack) -> Prepared {
    let items = packs::items(Filing::embedded());
    Prepared::new(pack, Some(&items), Settings::new(AS_OF, Audience::Both)).unwrap()
}

fn screen(prepared: &mut Prepared, county: &County) -> Said {
    let never = AtomicBool::new(false);
    said(&prepared.run(&county.all(), &never, &|_, _| {}).unwrap())
}

#[test]
fn nothing_changes_beyond_what_a_changed_filing_is_said_to_reach() {
    let pack = pack_with_a_rule_on_owners();
    let map = reach_map(&pack);
    let mut prepared = whole_pack(&pack);
    let mut seen: BTreeMap<(Reach, bool), usize> = BTreeMap::new();
    let mut wrong = BTreeMap::new();
    let mut changes = 0;
    for seed in 1..=2 {
        let county = County::new(220, seed);
        let before = screen(&mut prepared, &county);
        let mut draw = Draw(seed * 7919);
        let codes = county.codes();
        for _ in 0..90 {
            let code = if draw.below(2) == 0 {
                draw.one(&county.planted).clone()
            } else {
                draw.one(&codes).clone()
            };
            let filing = changed(&county, &code, &mut draw);
            let next = county.with(&code, &filing);
            let after = screen(&mut prepared, &next);
            let change = map
                .change(&as_tables(&county.filing(&code)), &as_tables(&filing))
                .unwrap();
            let reached = map.reached(&change, &county.all()).unwrap();
            changes += 1;
            for (rule, kind, subject) in differences(&before, &after) {
                let reach = pack.rule(&rule).unwrap().reach;
                *seen.entry((reach, subject != code)).or_default() += 1;
                let is_reached = reached.iter().any(|reached| {
                    reached.rule == rule
                        && reached.subject_kind == kind
                        && reached.subjects.contains(&subject)
                });
                if !is_reached {
                    wrong
                        .entry((rule, reach.name()))
                        .or_insert_with(Vec::new)
                        .push(format!("{code} changed {kind} {subject}: {change:?}"));
                }
            }
        }
    }
    println!("{changes} changes; differences by reach and whether on another subject: {seen:?}");
    assert!(wrong.is_empty(), "{wrong:#?}");
    // The comparison would be worth nothing if nothing ever differed.
    for place in [
        (Reach::Record, false),
        (Reach::Village, true),
        (Reach::Owner, true),
        (Reach::County, true),
    ] {
        assert!(
            seen.get(&place).is_some_and(|count| *count > 0),
            "{place:?}"
        );
    }
}

/// What two filings say of one name tells whether a third one's bidder is one firm or two.
#[test]
fn a_code_filed_for_a_name_reaches_whoever_filed_the_name_alone() {
    let pack = county_pack();
    let map = reach_map(&pack);
    let mut prepared = whole_pack(&pack);
    let mut county = County::new(60, 3);
    let name = "青山绿水建设有限公司";
    let first = "91990101MA0000001X";
    let second = "91990101MA0000002X";
    let text = |values: &[Option<&str>]| -> ArrayRef {
        Arc::new(values.iter().copied().collect::<StringArray>())
    };
    let codes = county.codes();
    let competitive = [
        "open",
        "selective",
        "consultation",
        "negotiation",
        "quotation",
    ];
    let methods = county.tables["projects"]
        .column_by_name("procurement_method")
        .unwrap();
    let methods = methods.as_string::<i32>().clone();
    let bidder = codes.iter().enumerate().find(|(row, code)| {
        methods.is_valid(*row)
            && competitive.contains(&methods.value(*row))
            && county.filing(code)["bids"].num_rows() >= 2
    });
    let (row, bidder) = bidder.unwrap();
    let bidder = bidder.clone();
    let other = codes[(row + 1) % codes.len()].clone();
    // One firm bids twice, once with its code and once without.
    let mut filing = county.filing(&bidder);
    let mut bids = filing["bids"].slice(0, 2);
    for (column, values) in [
        ("bidder_name", text(&[Some(name), Some(name)])),
        ("bidder_uscc", text(&[Some(first), None])),
        ("status", text(&[Some("valid"), Some("valid")])),
    ] {
        bids = replaced(&bids, column, values);
    }
    filing.insert("bids".to_owned(), bids);
    county = county.with(&bidder, &filing);
    let before = screen(&mut prepared, &county);
    let flag = ("K07".to_owned(), "project".to_owned(), bidder.clone());
    assert_eq!(before[&flag].0, Some(Answer::Flagged));

    // Elsewhere somebody files a second code for the name.
    let own = county.filing(&other);
    let mut changed = own.clone();
    let mut row = own["projects"].clone();
    row = replaced(&row, "contractor_name", text(&[Some(name)]));
    row = replaced(&row, "contractor_uscc", text(&[Some(second)]));
    changed.insert("projects".to_owned(), row);
    let after = screen(&mut prepared, &county.with(&other, &changed));
    assert_eq!(after[&flag].0, Some(Answer::Passed));
    let change = map.change(&as_tables(&own), &as_tables(&changed)).unwrap();
    let reached = map.reached(&change, &county.all()).unwrap();
    for (rule, kind, subject) in differences(&before, &after) {
        assert!(
            reached.iter().any(|reached| {
                reached.rule == rule
                    && reached.subject_kind == kind
                    && reached.subjects.contains(&subject)
            }),
            "{rule} says something else of {kind} {subject}"
        );
    }
}

/// The county before and after one field of a filing, and what that reaches.
fn reached_by(column: &str, value: ArrayRef) -> (Change, Vec<Reached>, County, String) {
    let county = County::new(60, 3);
    let pack = pack_with_a_rule_on_owners();
    let map = reach_map(&pack);
    let code = county.codes()[7].clone();
    let before = county.filing(&code);
    let mut after = before.clone();
    let row = replaced(&after["projects"], column, value);
    after.insert("projects".to_owned(), row);
    let change = map.change(&as_tables(&before), &as_tables(&after)).unwrap();
    let reached = map.reached(&change, &county.all()).unwrap();
    (change, reached, county, code)
}

fn of<'a>(reached: &'a [Reached], rule: &str) -> Option<&'a Subjects> {
    reached
        .iter()
        .find(|reached| reached.rule == rule)
        .map(|reached| &reached.subjects)
}

#[test]
fn a_field_that_no_rule_of_a_kind_reads_reaches_none_of_them() {
    let (change, reached, _, code) = reached_by("households", Arc::new(Int64Array::from(vec![3])));
    let changed: Vec<_> = change.columns["projects"].iter().collect();
    assert_eq!(changed, ["households"]);
    let own = Subjects::These(BTreeSet::from([code]));
    assert_eq!(of(&reached, "Q12"), Some(&own));
    // K03 compares unit costs over the county, and has nothing to do with households.
    assert_eq!(of(&reached, "K03"), None);
}

#[test]
fn a_filing_that_moves_reaches_the_filings_of_both_villages() {
    let county = County::new(60, 3);
    let villages = county.tables["projects"]
        .column_by_name("village_code")
        .unwrap();
    let villages = villages.as_string::<i32>();
    let moved_to = (0..villages.len())
        .map(|row| villages.value(row))
        .find(|village| *village != villages.value(7))
        .unwrap()
        .to_owned();
    let (change, reached, county, code) = reached_by(
        "village_code",
        Arc::new(StringArray::from(vec![moved_to.clone()])),
    );
    assert_eq!(change.villages.len(), 2);
    let Some(Subjects::These(subjects)) = of(&reached, "K01") else {
        panic!("{reached:?}");
    };
    let mut expected = BTreeSet::from([code]);
    for (row, code) in county.codes().into_iter().enumerate() {
        if change.villages.contains(villages.value(row)) {
            expected.insert(code);
        }
    }
    assert_eq!(*subjects, expected);
    assert!(change.villages.contains(&moved_to));
}

#[test]
fn a_rule_on_owners_reaches_the_owner_before_and_the_owner_after() {
    let name = "另一个乡镇的村民委员会";
    let county = County::new(60, 3);
    let uscc = county.tables["projects"]
        .column_by_name("owner_uscc")
        .unwrap();
    let uscc = uscc.as_string::<i32>();
    let other = (0..uscc.len())
        .map(|row| uscc.value(row))
        .find(|other| *other != uscc.value(7) && !other.is_empty())
        .unwrap()
        .to_owned();
    let (change, reached, _, own) = reached_by(
        "owner_uscc",
        Arc::new(StringArray::from(vec![other.clone()])),
    );
    assert!(!change.owners.contains(name));
    assert_eq!(
        change.owners,
        BTreeSet::from([uscc.value(7).to_owned(), other])
    );
    let Some(Subjects::These(projects)) = of(&reached, "X01") else {
        panic!("{reached:?}");
    };
    let expected: BTreeSet<String> = county
        .codes()
        .into_iter()
        .enumerate()
        .filter(|(row, code)| *code == own || change.owners.contains(uscc.value(*row)))
        .map(|(_, code)| code)
        .collect();
    assert_eq!(*projects, expected);
    // Their reach is the county, and organizations are told apart by no village: all of them.
    assert_eq!(of(&reached, "K12"), Some(&Subjects::Every));
    assert_eq!(of(&reached, "K30"), Some(&Subjects::Every));
}
