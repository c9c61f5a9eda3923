//! Plans that are kept: both packs planned once, then taken again as they were.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use kandeng_screening::pack::{Audience, Pack};
use kandeng_screening::{Items, KeptPlans, Prepared, Settings, Tables};
use kandeng_supervise::filing::Filing;
use kandeng_supervise::import::{self, IdentityKey, ImportOptions};
use kandeng_supervise::packs;
use kandeng_supervise::synth::{Format, SYNTHETIC_KEY};

use crate::support::{AS_OF, synthetic};

fn settings(plans: Option<KeptPlans>) -> Settings {
    let mut settings = Settings::new(AS_OF, Audience::Officer);
    settings.plans = plans.map(Arc::new);
    settings
}

/// What each statement does, but for mere projections: reading a union back may put one over an input, which makes its
/// columns of the type that they have.
fn plans(prepared: &Prepared) -> Vec<(String, Vec<String>)> {
    let steps = |plan: String| {
        let lines = plan.lines().map(|line| line.trim().to_owned());
        lines
            .filter(|line| !line.starts_with("ProjectionExec"))
            .collect()
    };
    let plans = prepared.plans();
    plans
        .map(|(name, plan)| (name.to_owned(), steps(plan)))
        .collect()
}

/// What a first run keeps, as it comes back from disk; every statement of the second is as in the first.
fn kept(pack: &Pack, items: Option<&Items>) -> KeptPlans {
    let first = Prepared::new(pack, items, settings(None)).unwrap();
    let (anew, taken) = first.statements();
    assert!(anew >= 20 && taken == 0, "{anew}, {taken}");
    let kept = first.plans_to_keep().unwrap();
    let read = KeptPlans::from_bytes(&kept.to_bytes()).unwrap();
    assert_eq!(read, kept);
    let second = Prepared::new(pack, items, settings(Some(read.clone()))).unwrap();
    assert_eq!(second.statements(), (0, anew));
    assert!(second.plans_to_keep().is_none());
    assert_eq!(plans(&second), plans(&first));
    read
}

#[test]
fn contracting_data_is_planned_once() {
    let pack = packs::ocds(&[]).unwrap();
    let read = kept(&pack, None);
    // A statement with another value in it is planned anew, and only that.
    let mut other = settings(Some(read));
    let days = pack.rule("R003").unwrap().params["days"]
        .parse_like("16")
        .unwrap();
    other
        .params
        .insert(("R003".to_owned(), "days".to_owned()), days);
    let (anew, taken) = Prepared::new(&pack, None, other).unwrap().statements();
    assert!((1..=2).contains(&anew) && taken >= 18, "{anew}, {taken}");
}

#[test]
fn a_county_is_planned_once_and_found_the_same() {
    let filing = Filing::embedded();
    let pack = packs::county(filing, &[]).unwrap();
    let items = packs::items(filing);
    let read = kept(&pack, Some(&items));
    let folder = tempfile::tempdir().unwrap();
    let path = synthetic(400, 10, Format::Csv, folder.path());
    let options = ImportOptions::new(IdentityKey::from_bytes(SYNTHETIC_KEY));
    let import = import::read(&[path], &options).unwrap();
    let found = |settings: Settings, tables: &Tables| {
        let mut prepared = Prepared::new(&pack, Some(&items), settings).unwrap();
        let outcome = prepared
            .run(tables, &AtomicBool::default(), &|_, _| {})
            .unwrap();
        assert!(outcome.failures.is_empty(), "{:?}", outcome.failures);
        let found: Vec<_> = outcome
            .findings()
            .map(|finding| format!("{finding:?}"))
            .collect();
        (found, format!("{:?}", outcome.answers))
    };
    let mut tables = import.tables.clone();
    for name in pack.constants.names() {
        tables.insert(name, Arc::clone(pack.constants.get(name).unwrap()));
    }
    let first = found(settings(None), &tables);
    assert!(first.0.len() > 50, "{}", first.0.len());
    assert_eq!(found(settings(Some(read)), &tables), first);
}

#[test]
fn plans_with_a_byte_changed_or_missing_are_none() {
    let pack = packs::ocds(&[]).unwrap();
    let bytes = kept(&pack, None).to_bytes();
    for at in [0, 20, 60, bytes.len() / 2, bytes.len() - 1] {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        assert_eq!(KeptPlans::from_bytes(&changed), None, "{at}");
        assert_eq!(KeptPlans::from_bytes(&bytes[..at]), None, "{at}");
    }
}

#[test]
fn plans_are_kept_apart_by_what_they_depend_on() {
    let pack = packs::ocds(&[]).unwrap();
    let name = |settings: &Settings, program: &str| KeptPlans::name(&pack, None, settings, program);
    let plain = name(&settings(None), "1");
    assert_eq!(name(&settings(None), "1"), plain);
    assert_ne!(name(&settings(None), "2"), plain);
    let mut rows = settings(None);
    rows.rows.insert("ocds_bids".to_owned(), 5);
    assert_ne!(name(&rows, "1"), plain);
}
