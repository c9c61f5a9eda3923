//! placeholder
use kandeng_supervise::ocds;
use std::path::PathBuf;
#[test]
fn list() {
    let dir = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/ocds/real");
    let mut files: Vec<_> = std::fs::read_dir(dir)
        .unwrap()
        .map(|e| e.unwrap().path())
        .collect();
    files.sort();
    for file in files {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        println!("{name}: {:?}", ocds::detect(&file));
        match ocds::read(&[file], &ocds::ReadOptions::default()) {
            Ok(read) => {
                println!("  {} {:?}", read.kind.en, read.currency);
                for t in [
                    "ocds_bids",
                    "ocds_awards",
                    "ocds_contracts",
                    "ocds_items",
                    "ocds_organizations",
                ] {
                    print!(" {t}={:?}", read.tables.get(t).unwrap().rows().unwrap());
                }
                println!();
                for d in read.diagnostics {
                    println!(
                        "  {:?} {:?} {:?} {:?} {}",
                        d.severity, d.row, d.column, d.value, d.message.en
                    );
                }
            }
            Err(error) => println!("  ERROR {error}"),
        }
    }
}
