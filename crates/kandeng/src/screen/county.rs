//! Filings of a county: imported under its key, screened with the pack for the audience asked for.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use kandeng_screening::pack::Audience;
use kandeng_screening::{Finding, Items, Text};
use kandeng_supervise::cells::cells;
use kandeng_supervise::filing::Filing;
use kandeng_supervise::import::{self, IdentityKey, Import, ImportError, ImportOptions, Place};
use kandeng_supervise::packs;
use kandeng_supervise::register::Confided;

use super::hidden::Hider;
use super::kept_plans;
use super::settings::settings;
use super::{RunFacts, Screened, run_rules, shown_path};
use crate::args::{How, Reader};
use crate::failure::Failure;
use crate::language::Words;
use crate::rules::filing_of;

/// Where the cells of a filing stand.
pub(super) struct County {
    pub filing: Arc<Filing>,
    pub import: Import,
    pub options: ImportOptions,
    pub inputs: Vec<PathBuf>,
}

impl County {
    /// The cells that a finding turns red.
    pub(super) fn places(&self, finding: &Finding) -> Vec<Place> {
        cells(&self.filing, &self.import, finding)
    }
}

pub(super) fn screen(
    input: &[PathBuf],
    how: &How,
    as_of: jiff::civil::Date,
    profile: bool,
    stop: &Arc<AtomicBool>,
    words: Words,
) -> Result<Screened, Failure> {
    if how.currency.is_some() {
        return Err(Failure::wrong(
            "--currency 只用于开放合同数据(OCDS);县级填报的金额都是人民币元,请去掉这个选项",
            "--currency is for open contracting data (OCDS) only; amounts of a county's filings are all in yuan, so leave it out",
        ));
    }
    let filing = Arc::new(filing_of(how.filing.as_ref())?);
    let pack = packs::county(&filing, &how.rules).map_err(Failure::Rules)?;
    let audience = match how.audience {
        Some(Reader::Officer) => Audience::Officer,
        _ => Audience::Filer,
    };
    let mut settings = settings(how, &pack, as_of, audience, packs::labels(&filing), profile)?;
    let key = IdentityKey::load_or_create(&key_path(how)?)
        .map_err(|error| Failure::Wrong(error.text()))?;
    let mut options = ImportOptions::new(key);
    options.filing = Arc::clone(&filing);
    options.registers.clone_from(&how.registers);
    options.photos.clone_from(&how.photos);
    options.encoding.clone_from(&how.encoding);
    options.as_of = Some(as_of);
    options.cancel = Arc::clone(stop);
    if let Some(name) = &how.datum {
        let datum = kandeng_supervise::Datum::parse(name).map_err(|error| {
            let (zh, en) = error.text();
            Failure::wrong(zh, en)
        })?;
        options.datum = Some(datum);
    }
    let mut import = import::read(input, &options).map_err(stopped_or_wrong)?;
    settings.rows = import.rows();
    let items: Items = packs::items(&filing);
    let mut prepared = kept_plans::prepared(&pack, Some(&items), settings)?;
    let mut tables = import.tables.clone();
    for name in pack.constants.names() {
        if let Some(source) = pack.constants.get(name) {
            tables.insert(name, Arc::clone(source));
        }
    }
    let outcome = run_rules(&mut prepared, &tables, stop, words)?;
    // Columns left on disk are read by the rules, so what could not be read is known only now.
    let refused = import.refused();
    import.diagnostics.extend(refused);
    let inputs = import
        .inputs()
        .iter()
        .map(|file| (shown_path(&file.path), file.sha256.clone()))
        .collect();
    let kind = import
        .kinds
        .first()
        .map_or_else(Text::default, |kind| kind.text());
    Ok(Screened {
        outcome,
        diagnostics: std::mem::take(&mut import.diagnostics),
        run: RunFacts {
            kind,
            inputs,
            as_of,
            audience,
            started: jiff::Timestamp::UNIX_EPOCH,
            seconds: 0.0,
            rows: import.rows(),
        },
        hider: Hider::default(),
        confided: Confided::of(&pack, &filing),
        county: Some(County {
            filing,
            import,
            options,
            inputs: input.to_vec(),
        }),
    })
}

pub(super) fn stopped_or_wrong(error: ImportError) -> Failure {
    match error {
        ImportError::Cancelled => Failure::Stopped,
        other => Failure::Wrong(other.text()),
    }
}

/// The county's key: named, or in the folder where configuration of this person lies.
pub(super) fn key_path(how: &How) -> Result<PathBuf, Failure> {
    if let Some(path) = &how.key {
        return Ok(path.clone());
    }
    let folder = std::env::var_os("XDG_CONFIG_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::var_os("HOME").map(|home| Path::new(&home).join(".config")))
        .or_else(|| std::env::var_os("APPDATA").map(PathBuf::from));
    folder
        .map(|folder| folder.join("kandeng").join("identity.key"))
        .ok_or_else(|| {
            Failure::wrong(
                "不知道密钥放在哪里;请用 --key 指定",
                "no folder for the key is known; name the file with --key",
            )
        })
}
