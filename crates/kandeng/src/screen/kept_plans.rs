//! Plans of an earlier run, in the folder of this person's caches. Whatever goes wrong with them costs planning anew
//! and nothing else.

use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use kandeng_screening::pack::Pack;
use kandeng_screening::{EngineError, Items, KeptPlans, Prepared, Settings};

/// Where the folder of caches is named; set but empty, nothing is kept.
const FOLDER: &str = "KANDENG_CACHE";
/// Plans kept, the latest; each has about 300 kB.
const MOST: usize = 32;
/// How names of files begin that are being written, and how old one of them no longer is.
const BESIDE: &str = ".kandeng-";
const ABANDONED: Duration = Duration::from_hours(1);
/// A larger file is none of ours.
const LARGEST: u64 = 16 << 20;

/// Plans the rules, as an earlier run did where it was asked for the same.
pub(super) fn prepared(
    pack: &Pack,
    items: Option<&Items>,
    mut settings: Settings,
) -> Result<Prepared, EngineError> {
    let path = folder().zip(program()).map(|(folder, program)| {
        let name = KeptPlans::name(pack, items, &settings, &program);
        folder.join(name).with_extension("plans")
    });
    settings.plans = path.as_deref().and_then(read).map(Arc::new);
    let prepared = Prepared::new(pack, items, settings)?;
    if let (Some(path), Some(plans)) = (path, prepared.plans_to_keep()) {
        let _ = write(&path, &plans);
    }
    Ok(prepared)
}

fn folder() -> Option<PathBuf> {
    if let Some(folder) = std::env::var_os(FOLDER) {
        return (!folder.is_empty()).then(|| PathBuf::from(folder));
    }
    let caches = std::env::var_os("XDG_CACHE_HOME")
        .filter(|folder| Path::new(folder).is_absolute())
        .map(PathBuf::from)
        .or_else(|| std::env::var_os("HOME").map(|home| Path::new(&home).join(".cache")))?;
    Some(caches.join("kandeng/plans"))
}

/// Tells this build of the program from others: another one may plan otherwise.
fn program() -> Option<String> {
    let path = std::env::current_exe().ok()?;
    let facts = fs::metadata(path).ok()?;
    let built = facts.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    let (size, built) = (facts.len(), built.as_nanos());
    Some(format!("{} {size} {built}", env!("CARGO_PKG_VERSION")))
}

fn read(path: &Path) -> Option<KeptPlans> {
    let mut file = fs::File::open(path).ok()?;
    if !is_ours_alone(path.parent()?, &file).ok()? {
        return None;
    }
    let mut bytes = Vec::new();
    Read::by_ref(&mut file)
        .take(LARGEST + 1)
        .read_to_end(&mut bytes)
        .ok()?;
    let plans = KeptPlans::from_bytes(&bytes)?;
    // The latest used are kept.
    let _ = file.set_modified(SystemTime::now());
    Some(plans)
}

/// Whether nobody else can have written it: who can would decide what is compared.
#[cfg(unix)]
fn is_ours_alone(folder: &Path, file: &fs::File) -> std::io::Result<bool> {
    use std::os::unix::fs::MetadataExt as _;
    let facts = [fs::metadata(folder)?, file.metadata()?];
    // Where there is no such folder of processes, the bits have to do.
    let own = fs::metadata("/proc/self").map(|process| process.uid()).ok();
    let is_own = |uid: u32| own.is_none_or(|own| own == uid);
    let is_closed = |mode: u32| mode & 0o022 == 0;
    Ok(facts
        .iter()
        .all(|facts| is_own(facts.uid()) && is_closed(facts.mode())))
}

/// Whether nobody else can have written it; here the folder of the person's caches is as good as its own.
#[cfg(not(unix))]
fn is_ours_alone(_folder: &Path, _file: &fs::File) -> std::io::Result<bool> {
    Ok(true)
}

fn write(path: &Path, plans: &KeptPlans) -> std::io::Result<()> {
    let Some(folder) = path.parent() else {
        return Ok(());
    };
    make_private(folder)?;
    // Parameters of a county stand in its plans.
    let mut beside = tempfile::Builder::new()
        .prefix(BESIDE)
        .tempfile_in(folder)?;
    beside.write_all(&plans.to_bytes())?;
    beside.persist(path)?;
    drop_the_oldest(folder)
}

fn make_private(folder: &Path) -> std::io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

fn drop_the_oldest(folder: &Path) -> std::io::Result<()> {
    let mut kept = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let modified = entry.metadata()?.modified()?;
        if entry.path().extension().is_some_and(|kind| kind == "plans") {
            kept.push((modified, entry.path()));
        } else if entry.file_name().to_string_lossy().starts_with(BESIDE)
            && modified.elapsed().is_ok_and(|age| age > ABANDONED)
        {
            // Of a run that was ended while it wrote.
            fs::remove_file(entry.path())?;
        }
    }
    kept.sort_unstable();
    for (_, path) in &kept[..kept.len().saturating_sub(MOST)] {
        fs::remove_file(path)?;
    }
    Ok(())
}
