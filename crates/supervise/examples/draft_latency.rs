//! How long a form waits for its answer: one draft against all filer rules, rules planned beforehand.
//! From the typed text to findings with their fields; registers and the county's vouchers at hand.
//!
//! Prints the middle, the 99th percentile and the longest of: one caller; 64 forms that each ask
//! twice a second; 64 callers that never pause. Two checks run at a time.

use std::collections::{BTreeMap, HashMap};
use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use jiff::civil::date;
use kandeng_screening::Tables;
use kandeng_supervise::draft::{DeskSettings, Draft, DraftDesk, Filed, FiledPayment};
use kandeng_supervise::filing::Filing;
use kandeng_supervise::import::{self, IdentityKey, ImportOptions};
use kandeng_supervise::packs;
use kandeng_supervise::synth::{self, Format, SYNTHETIC_KEY, SynthOptions};

const CALLERS: usize = 64;

/// The county's payments by voucher, as a store would look them up.
struct Vouchers(HashMap<String, Vec<FiledPayment>>);

/// All filings but one.
struct Others<'a>(&'a Vouchers, &'a str);

impl Filed for Others<'_> {
    fn has_code(&self, _code: &str) -> bool {
        false
    }

    fn payments(&self, vouchers: &[&str]) -> Vec<FiledPayment> {
        let of = vouchers.iter().filter_map(|voucher| self.0.0.get(*voucher));
        of.flatten()
            .filter(|payment| payment.project_code != self.1)
            .cloned()
            .collect()
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let as_of = date(2026, 6, 30);
    let folder = tempfile::tempdir()?;
    let options = SynthOptions::new(3200, 1, as_of);
    synth::write(
        &options,
        Format::Csv,
        folder.path(),
        |_, _| {},
        &AtomicBool::new(false),
    )?;
    let (drafts, vouchers) = drafts(folder.path())?;
    let mut settings = DeskSettings::new(IdentityKey::from_bytes(SYNTHETIC_KEY));
    settings.registers = registers(folder.path())?;
    settings.at_once = 2;
    let pack = packs::county(&settings.filing, &[]).map_err(|errors| errors[0].to_string())?;
    let start = Instant::now();
    let desk = DraftDesk::open(settings, pack, as_of)?;
    println!(
        "{} drafts; planned in {:.0} ms",
        drafts.len(),
        milliseconds(start.elapsed())
    );

    let ask = |place: usize| -> Result<Duration, Box<dyn Error + Send + Sync>> {
        let (code, draft) = &drafts[place % drafts.len()];
        let start = Instant::now();
        let checked = desk.check(draft, as_of, Some(&Others(&vouchers, code)))?;
        let took = start.elapsed();
        assert!(checked.failures.is_empty(), "{:?}", checked.failures);
        Ok(took)
    };
    for place in 0..200 {
        ask(place).map_err(|error| error.to_string())?;
    }
    let alone: Result<Vec<_>, _> = (0..drafts.len()).map(ask).collect();
    print("one caller", alone.map_err(|error| error.to_string())?);
    let paced = |caller: usize| {
        let mut times = Vec::new();
        std::thread::sleep(Duration::from_millis(500 * caller as u64 / CALLERS as u64));
        for round in 0..20 {
            let began = Instant::now();
            times.extend(ask(caller * 31 + round).ok());
            std::thread::sleep(Duration::from_millis(500).saturating_sub(began.elapsed()));
        }
        times
    };
    print("64 forms, each twice a second", at_once(&paced));
    let start = Instant::now();
    let busy = at_once(&|caller| {
        (0..100)
            .filter_map(|round| ask(caller * 31 + round).ok())
            .collect()
    });
    let rate = busy.len() as f64 / start.elapsed().as_secs_f64();
    print("64 callers that never pause", busy);
    println!("{rate:.0} drafts a second");
    Ok(())
}

fn at_once(work: &(dyn Fn(usize) -> Vec<Duration> + Sync)) -> Vec<Duration> {
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..CALLERS)
            .map(|caller| scope.spawn(move || work(caller)))
            .collect();
        threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap_or_default())
            .collect()
    })
}

fn print(what: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let at = |share: f64| {
        let place = ((times.len() as f64 * share) as usize).min(times.len() - 1);
        milliseconds(times[place])
    };
    println!(
        "{what}: {} checks, p50 {:.2} ms, p99 {:.2} ms, longest {:.2} ms",
        times.len(),
        at(0.5),
        at(0.99),
        at(1.0)
    );
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// Filings by code.
type Drafts = Vec<(String, Draft)>;

type Row = BTreeMap<String, String>;

fn rows(path: &Path) -> Result<Vec<Row>, csv::Error> {
    csv::Reader::from_path(path)?.deserialize().collect()
}

/// Every filing as it would be typed, and the county's payments by voucher.
fn drafts(folder: &Path) -> Result<(Drafts, Vouchers), Box<dyn Error>> {
    let mut drafts = BTreeMap::new();
    let mut owners: HashMap<String, (String, String)> = HashMap::new();
    for row in rows(&folder.join("projects.csv"))? {
        let code = row["project_code"].clone();
        owners.insert(
            code.clone(),
            (row["owner_name"].clone(), row["owner_uscc"].clone()),
        );
        let draft = row.into_iter().fold(Draft::new(), |draft, (column, text)| {
            draft.with(column, text)
        });
        drafts.insert(code, draft);
    }
    let mut vouchers: HashMap<String, Vec<FiledPayment>> = HashMap::new();
    for sheet in &Filing::embedded().sheets[1..] {
        let path = folder.join(format!("{}.csv", sheet.table));
        if !path.exists() {
            continue;
        }
        for row in rows(&path)? {
            let code = row["project_code"].clone();
            if let Some(voucher) = row.get("voucher") {
                let (name, uscc) = owners.get(&code).cloned().unwrap_or_default();
                vouchers
                    .entry(voucher.clone())
                    .or_default()
                    .push(FiledPayment {
                        project_code: code.clone(),
                        owner_name: Some(name),
                        owner_uscc: Some(uscc),
                        voucher: voucher.clone(),
                        amount_fen: None,
                    });
            }
            if let Some(draft) = drafts.remove(&code) {
                drafts.insert(code, draft.with_row(&*sheet.table, row));
            }
        }
    }
    Ok((drafts.into_iter().collect(), Vouchers(vouchers)))
}

fn registers(folder: &Path) -> Result<Tables, Box<dyn Error>> {
    let key = IdentityKey::from_bytes(SYNTHETIC_KEY);
    let import = import::read(&[folder.to_owned()], &ImportOptions::new(key))?;
    let mut registers = Tables::new();
    for register in &Filing::embedded().registers {
        if let Some(source) = import.tables.get(&register.table) {
            registers.insert(&*register.table, Arc::clone(source));
        }
    }
    Ok(registers)
}
