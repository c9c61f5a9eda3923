//! `kandeng screen`: read an input, run the rules that are meant for its reader, write what was found.

mod csv;
mod json;
mod summary;
mod table;
mod workbook;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use kandeng_screening::pack::{Audience, Pack, Param};
use kandeng_screening::{
    EngineError, Finding, Items, Labels, Outcome, Prepared, Settings, Tables, Text,
};
use kandeng_supervise::cells::cells;
use kandeng_supervise::diagnostic::{Diagnostic, Severity as Gravity};
use kandeng_supervise::filing::Filing;
use kandeng_supervise::import::{
    self, IdentityKey, Import, ImportError, ImportOptions, InputKind, Place,
};
use kandeng_supervise::{ocds, packs};

use crate::args::{Format, How, Kind, Reader, Screen};
use crate::failure::Failure;
use crate::language::Words;
use crate::progress::bar;
use crate::rules::filing_of;

/// An input, screened.
pub(crate) struct Screened {
    /// What was found.
    pub outcome: Outcome,
    /// What was odd about the input.
    pub diagnostics: Vec<Diagnostic>,
    /// Facts of the run, as results name them.
    pub run: RunFacts,
    /// Where cells stand, for filings.
    county: Option<County>,
}

/// Facts of a run.
pub(crate) struct RunFacts {
    pub kind: Text,
    pub inputs: Vec<(String, String)>,
    pub as_of: jiff::civil::Date,
    pub audience: Audience,
    pub started: jiff::Timestamp,
    pub seconds: f64,
    pub rows: BTreeMap<String, usize>,
}

struct County {
    filing: Arc<Filing>,
    import: Import,
    options: ImportOptions,
    inputs: Vec<PathBuf>,
}

impl Screened {
    /// The cells that a finding turns red.
    pub(crate) fn places(&self, finding: &Finding) -> Vec<Place> {
        match &self.county {
            Some(county) => cells(&county.filing, &county.import, finding),
            None => Vec::new(),
        }
    }
}

pub(crate) fn run(options: &Screen, words: Words) -> Result<ExitCode, Failure> {
    check_output(options)?;
    let stop = crate::interrupt::flag();
    let screened = screen(&options.input, &options.how, false, &stop, words)?;
    print_diagnostics(&screened.diagnostics, words);
    for failure in &screened.outcome.failures {
        eprintln!(
            "{}",
            words.say_with(
                "error",
                &[("problem", words.of(&failure.message).to_owned())]
            )
        );
    }
    write(options, &screened, words)?;
    let reached = options.fail_on.is_some_and(|bound| {
        let bound = bound.severity();
        !screened.outcome.failures.is_empty()
            || (0..screened.outcome.len()).any(|index| screened.outcome.severity(index).1 >= bound)
    });
    // The process ends here, and with it everything it holds: to give back row by row what was found
    // would only take time.
    std::mem::forget(screened);
    Ok(if reached {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

/// Reads and screens; nothing is written or printed but progress.
pub(crate) fn screen(
    input: &[PathBuf],
    how: &How,
    profile: bool,
    stop: &Arc<AtomicBool>,
    words: Words,
) -> Result<Screened, Failure> {
    let started = jiff::Timestamp::now();
    let clock = Instant::now();
    let as_of = how.as_of.unwrap_or_else(|| today(started));
    let mut screened = match kind_of(input, how)? {
        Kind::County => screen_county(input, how, as_of, profile, stop, words)?,
        Kind::Ocds => screen_ocds(input, how, as_of, profile, stop, words)?,
    };
    screened.run.started = started;
    screened.run.seconds = clock.elapsed().as_secs_f64();
    Ok(screened)
}

/// The day in Shanghai.
fn today(now: jiff::Timestamp) -> jiff::civil::Date {
    now.to_zoned_datetime(jiff::tz::TimeZone::fixed(jiff::tz::offset(8)))
        .date()
}

/// What the inputs are, by what they hold; all must be of one kind.
fn kind_of(input: &[PathBuf], how: &How) -> Result<Kind, Failure> {
    if let Some(kind) = how.kind {
        return Ok(kind);
    }
    let mut kinds = input.iter().map(|path| (path, detect(path)));
    let Some((first, kind)) = kinds.next() else {
        return Err(Failure::wrong("没有输入", "there is no input"));
    };
    let kind = kind?;
    for (path, other) in kinds {
        if other? != kind {
            return Err(Failure::wrong(
                format!(
                    "{} 与 {} 不是同一类输入;请分别运行",
                    first.display(),
                    path.display()
                ),
                format!(
                    "{} and {} are inputs of different kinds; run them one by one",
                    first.display(),
                    path.display()
                ),
            ));
        }
    }
    Ok(kind)
}

fn detect(path: &Path) -> Result<Kind, Failure> {
    if !path.exists() {
        return Err(Failure::wrong(
            format!("找不到 {}", path.display()),
            format!("{} does not exist", path.display()),
        ));
    }
    let name = path
        .file_name()
        .map(|name| name.to_string_lossy().to_lowercase())
        .unwrap_or_default();
    let named = [".json", ".jsonl", ".ndjson", ".gz"]
        .iter()
        .any(|end| name.ends_with(end));
    if path.is_file() && (named || ocds::detect(path).is_some()) {
        return Ok(Kind::Ocds);
    }
    import::detect(path).map_err(|error| Failure::Wrong(error.text()))?;
    Ok(Kind::County)
}

fn settings(
    how: &How,
    pack: &Pack,
    as_of: jiff::civil::Date,
    audience: Audience,
    labels: Labels,
    profile: bool,
) -> Result<Settings, Failure> {
    let mut settings = Settings::new(as_of, audience);
    settings.labels = labels;
    settings.profile = profile;
    if let Some(mib) = how.memory {
        settings.memory_limit = mib << 20;
    }
    if let Some(seconds) = how.time_limit {
        settings.time_limit = Duration::from_secs(seconds);
    }
    if !how.only.is_empty() {
        let mut only = BTreeSet::new();
        for id in &how.only {
            let rule = pack.rule(id).ok_or_else(|| unknown_rule(id))?;
            if !rule.audience.is_seen_by(audience) {
                return Err(Failure::wrong(
                    format!("规则 {} 只对监督人员显示;请加 --audience officer", rule.id),
                    format!(
                        "rule {} is shown to officers only; add --audience officer",
                        rule.id
                    ),
                ));
            }
            only.insert(rule.id.clone());
        }
        settings.only = Some(only);
    }
    for assignment in &how.set {
        let (rule, name, value) = read_assignment(assignment, pack)?;
        settings.params.insert((rule, name), value);
    }
    Ok(settings)
}

fn unknown_rule(id: &str) -> Failure {
    Failure::wrong(
        format!("没有规则 {id};用 kandeng rules list 查看全部"),
        format!("there is no rule {id}; `kandeng rules list` shows all"),
    )
}

/// `RULE.param=value` as the rule's own kind of value.
fn read_assignment(text: &str, pack: &Pack) -> Result<(String, String, Param), Failure> {
    let parts = text.split_once('=').and_then(|(left, value)| {
        left.split_once('.')
            .map(|(rule, name)| (rule.trim(), name.trim(), value.trim()))
    });
    let Some((id, name, value)) = parts else {
        return Err(Failure::wrong(
            format!("--set 应写成“规则.参数=值”,而不是“{text}”"),
            format!("--set reads RULE.param=value, not `{text}`"),
        ));
    };
    let rule = pack.rule(id).ok_or_else(|| unknown_rule(id))?;
    let Some(default) = rule.params.get(name) else {
        let known: Vec<_> = rule.params.keys().cloned().collect();
        return Err(Failure::wrong(
            format!(
                "规则 {} 没有参数 {name};它的参数:{}",
                rule.id,
                known.join("、")
            ),
            format!(
                "rule {} has no parameter {name}; it has: {}",
                rule.id,
                known.join(", ")
            ),
        ));
    };
    let value = default.parse_like(value).map_err(|problem| {
        Failure::wrong(
            format!("--set {text}:{problem}"),
            format!("--set {text}: {problem}"),
        )
    })?;
    Ok((rule.id.clone(), name.to_owned(), value))
}

fn run_rules(
    prepared: &mut Prepared,
    tables: &Tables,
    stop: &AtomicBool,
    words: Words,
) -> Result<Outcome, EngineError> {
    let bar = bar(1, words.say("progress-rules"));
    let outcome = prepared.run(tables, stop, &|done, total| {
        bar.set_length(total as u64);
        bar.set_position(done as u64);
    });
    bar.finish_and_clear();
    outcome
}

fn screen_county(
    input: &[PathBuf],
    how: &How,
    as_of: jiff::civil::Date,
    profile: bool,
    stop: &Arc<AtomicBool>,
    words: Words,
) -> Result<Screened, Failure> {
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
    let mut prepared = Prepared::new(&pack, Some(&items), settings)?;
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
        .map(|file| (file.path.display().to_string(), file.sha256.clone()))
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
        county: Some(County {
            filing,
            import,
            options,
            inputs: input.to_vec(),
        }),
    })
}

fn stopped_or_wrong(error: ImportError) -> Failure {
    match error {
        ImportError::Cancelled => Failure::Stopped,
        other => Failure::Wrong(other.text()),
    }
}

/// The county's key: named, or in the folder where configuration of this person lies.
fn key_path(how: &How) -> Result<PathBuf, Failure> {
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

/// Plans on one thread while the input is parsed on the others.
fn screen_ocds(
    input: &[PathBuf],
    how: &How,
    as_of: jiff::civil::Date,
    profile: bool,
    stop: &Arc<AtomicBool>,
    words: Words,
) -> Result<Screened, Failure> {
    let audience = Audience::Officer;
    let options = ocds::ReadOptions {
        encoding: how.encoding.clone(),
        currency: how.currency.clone(),
        cancel: Arc::clone(stop),
        threads: 0,
    };
    let plan = || -> Result<Prepared, Failure> {
        let pack = packs::ocds(&how.rules).map_err(Failure::Rules)?;
        let settings = settings(how, &pack, as_of, audience, Labels::new(), profile)?;
        Ok(Prepared::new(&pack, None, settings)?)
    };
    let (planned, read) = std::thread::scope(|scope| {
        let planning = scope.spawn(plan);
        let read = ocds::read(input, &options);
        (planning.join(), read)
    });
    let mut prepared = planned.unwrap_or_else(|_| {
        Err(Failure::wrong(
            "规则解析时出错",
            "planning the rules broke down",
        ))
    })?;
    let read = read.map_err(|error| match error {
        ocds::OcdsError::Cancelled => Failure::Stopped,
        other => Failure::Wrong(other.text()),
    })?;
    let outcome = run_rules(&mut prepared, &read.tables, stop, words)?;
    let rows = read
        .tables
        .names()
        .filter_map(|name| Some((name.to_owned(), read.tables.get(name)?.rows()?)))
        .collect();
    Ok(Screened {
        outcome,
        diagnostics: read.diagnostics,
        run: RunFacts {
            kind: read.kind,
            inputs: read
                .inputs
                .iter()
                .map(|file| (file.path.display().to_string(), file.sha256.clone()))
                .collect(),
            as_of,
            audience: Audience::Both,
            started: jiff::Timestamp::UNIX_EPOCH,
            seconds: 0.0,
            rows,
        },
        county: None,
    })
}

/// What was odd about the input, one line each, on stderr.
pub(crate) fn print_diagnostics(diagnostics: &[Diagnostic], words: Words) {
    for diagnostic in diagnostics {
        let mut place = vec![diagnostic.file.clone()];
        place.extend(diagnostic.sheet.clone());
        if let Some(row) = diagnostic.row {
            place.push(words.say_with("place-row", &[("row", row.to_string())]));
        }
        place.extend(diagnostic.column.clone());
        let mut problem = format!("{}: {}", place.join(" · "), words.of(&diagnostic.message));
        if let Some(value) = &diagnostic.value {
            problem.push_str(&words.say_with("place-value", &[("value", value.clone())]));
        }
        let key = match diagnostic.severity {
            Gravity::Warning => "warning",
            Gravity::Error => "error",
        };
        eprintln!("{}", words.say_with(key, &[("problem", problem)]));
    }
}

/// `-` stands for standard output.
fn is_stdout(path: &Path) -> bool {
    path == Path::new("-")
}

/// Nobody's input is written over, whatever the name it is given by.
fn check_output(options: &Screen) -> Result<(), Failure> {
    let Some(output) = options
        .output
        .as_ref()
        .and_then(|path| path.canonicalize().ok())
    else {
        return Ok(());
    };
    let is_input = |path: &PathBuf| path.canonicalize().is_ok_and(|path| path == output);
    if options.input.iter().any(is_input) {
        return Err(Failure::wrong(
            format!("输出 {} 就是输入文件;请换一个文件名", output.display()),
            format!(
                "the output {} is the input; name another file",
                output.display()
            ),
        ));
    }
    Ok(())
}

fn write(options: &Screen, screened: &Screened, words: Words) -> Result<(), Failure> {
    match options.format {
        None | Some(Format::Table) => {
            let red = red_workbook(options, screened, words)?;
            let text = summary::summary(screened, red.as_deref(), words);
            match (&options.output, options.format) {
                (Some(path), Some(Format::Table)) if !is_stdout(path) => {
                    write_file(path, |out| out.write_all(text.as_bytes()))
                }
                _ => print(&text),
            }
        }
        Some(Format::Json) => to_output(options, |out| json::write(out, screened)),
        Some(Format::Csv) => to_output(options, |out| csv::write(out, screened, words)),
        Some(Format::Parquet) => {
            let path = needed_output(options, "parquet")?;
            let rows = table::batches(screened)?;
            write_file(path, |out| table::write_parquet(out, &rows))
        }
        Some(Format::Xlsx) => {
            let path = needed_output(options, "xlsx")?;
            workbook::write(screened, path, words)
        }
    }
}

fn needed_output<'a>(options: &'a Screen, format: &str) -> Result<&'a Path, Failure> {
    options
        .output
        .as_deref()
        .filter(|path| *path != Path::new("-"))
        .ok_or_else(|| {
            Failure::wrong(
                format!("--format {format} 需要用 --output 指定文件"),
                format!("--format {format} needs a file, name it with --output"),
            )
        })
}

/// For a workbook or a folder of CSV: the red workbook beside it, or where `--output` says.
fn red_workbook(
    options: &Screen,
    screened: &Screened,
    words: Words,
) -> Result<Option<PathBuf>, Failure> {
    let Some(county) = &screened.county else {
        return Ok(None);
    };
    let [input] = &county.inputs[..] else {
        return Ok(None);
    };
    if county.import.kinds.first() == Some(&InputKind::Parquet) {
        return Ok(None);
    }
    let path = match (&options.output, options.format) {
        (Some(path), None) if !is_stdout(path) => path.clone(),
        _ => beside(input),
    };
    workbook::write(screened, &path, words)?;
    Ok(Some(path))
}

/// `county.xlsx` → `county.flags.xlsx`; a macro workbook keeps its kind.
fn beside(input: &Path) -> PathBuf {
    let is_macro = input
        .extension()
        .is_some_and(|kind| kind.eq_ignore_ascii_case("xlsm"));
    let stem = input
        .file_stem()
        .map(|stem| stem.to_string_lossy().into_owned())
        .unwrap_or_default();
    let folder = input.parent().unwrap_or(Path::new(""));
    folder.join(format!(
        "{stem}.flags.{}",
        if is_macro { "xlsm" } else { "xlsx" }
    ))
}

fn print(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        // Whoever reads our output may stop reading.
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Failure::file("stdout")(error))
        }
        _ => Ok(()),
    }
}

fn to_output(
    options: &Screen,
    write: impl FnOnce(&mut dyn Write) -> std::io::Result<()>,
) -> Result<(), Failure> {
    match &options.output {
        Some(path) if path != Path::new("-") => write_file(path, write),
        _ => {
            let mut out = std::io::BufWriter::with_capacity(1 << 18, std::io::stdout().lock());
            match write(&mut out).and_then(|()| out.flush()) {
                Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
                    Err(Failure::file("stdout")(error))
                }
                _ => Ok(()),
            }
        }
    }
}

/// Writes beside the file and renames, so that nothing is ever there by half.
pub(crate) fn write_file(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> std::io::Result<()>,
) -> Result<(), Failure> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let file = tempfile::Builder::new()
        .prefix(".kandeng-")
        .suffix(".tmp")
        .tempfile_in(folder)
        .map_err(Failure::file(path))?;
    let mut out = std::io::BufWriter::with_capacity(1 << 18, file);
    write(&mut out)
        .and_then(|()| out.flush())
        .map_err(Failure::file(path))?;
    let file = out
        .into_inner()
        .map_err(|error| Failure::file(path)(error.into_error()))?;
    file.as_file().sync_all().map_err(Failure::file(path))?;
    file.persist(path)
        .map_err(|error| Failure::file(path)(error.error))?;
    Ok(())
}
