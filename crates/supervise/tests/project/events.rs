//! Every event of this scene that ever landed in a ledger can be read for ever: one stored example of each version
//! of each kind, in `tests/events/STREAM/KIND.VERSION.json`. An example is never changed.

use std::path::{Path, PathBuf};

use kandeng_supervise::event_kinds;
use serde_json::Value;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/events")
}

fn example(path: &Path) -> Value {
    let shown = path.display();
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{shown}: {error}"));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{shown}: {error}"))
}

#[test]
fn every_version_of_every_kind_has_an_example_and_the_newest_is_what_is_written() {
    for kinds in event_kinds() {
        for (kind, newest) in kinds.versions {
            for version in 1..=*newest {
                let path = folder()
                    .join(kinds.stream)
                    .join(format!("{kind}.{version}.json"));
                let stored = example(&path);
                let written = kinds.renew(kind, version, &stored).unwrap();
                assert_eq!((written.kind.as_str(), written.schema), (*kind, *newest));
                if version == *newest {
                    assert_eq!(written.payload, stored, "{}", path.display());
                }
            }
        }
    }
}

#[test]
fn every_example_is_of_a_kind_that_the_program_knows() {
    let mut count = 0;
    for kinds in event_kinds() {
        for file in std::fs::read_dir(folder().join(kinds.stream)).unwrap() {
            let path = file.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            let (kind, version) = name.rsplit_once('.').unwrap();
            kinds
                .renew(kind, version.parse().unwrap(), &example(&path))
                .unwrap();
            count += 1;
        }
    }
    assert!(count >= 16);
}
