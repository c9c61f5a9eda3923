//! A file arrives, is read and compared.

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use askama::Template;
use axum::Extension;
use axum::extract::Multipart;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use kandeng_platform::CommandError;
use kandeng_platform::account::Viewer;
use kandeng_platform::page::{Asked, Frame, Problem, Shell, Site, html, moment, shown_as_it_is};
use uuid::Uuid;

use super::super::words::{text, words};
use super::{MOST_WAITING, Pending, WAITS, now};
use crate::import::{self, ImportOptions, InputKind};
use crate::project::ImportPlan;
use crate::scene::Supervise;

/// The most bytes of a file.
pub(crate) const MOST_BYTES: usize = 64 << 20;

/// The most bytes that a package of CSV files comes to, and the most files in it.
const MOST_UNPACKED: u64 = 512 << 20;
const MOST_FILES: usize = 64;

/// The most bytes of a file's name.
const MOST_NAME: usize = 120;

struct WaitingLine {
    id: String,
    name: String,
    until: String,
}

#[derive(Template)]
#[template(path = "import.html")]
struct ImportPage {
    shell: Shell,
    told: Vec<String>,
    waiting: Vec<WaitingLine>,
}

pub(super) async fn shown(
    site: Site,
    asked: Asked,
    Extension(scene): Extension<Supervise>,
    Extension(frame): Extension<Frame>,
) -> Response {
    show(&site, &asked.viewer, &scene, frame, Vec::new())
}

fn show(
    site: &Site,
    viewer: &Viewer,
    scene: &Supervise,
    frame: Frame,
    told: Vec<String>,
) -> Response {
    let words = words(viewer.language);
    let mut waiting: Vec<WaitingLine> = scene
        .waiting()
        .all(now(site))
        .iter()
        .filter(|(_, pending)| pending.account == viewer.account)
        .map(|(id, pending)| WaitingLine {
            id: id.to_string(),
            name: pending.name.clone(),
            until: moment(pending.until),
        })
        .collect();
    waiting.sort_by(|one, other| one.until.cmp(&other.until));
    html(&ImportPage {
        told,
        waiting,
        shell: Shell::of(site, viewer, frame, words, words.say("import")),
    })
}

/// A page that says what is wrong with a file.
fn refused(
    site: &Site,
    viewer: &Viewer,
    scene: &Supervise,
    frame: Frame,
    told: Vec<String>,
) -> Response {
    let mut answer = show(site, viewer, scene, frame, told);
    *answer.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    shown_as_it_is(answer)
}

pub(super) async fn upload(
    site: Site,
    asked: Asked,
    Extension(scene): Extension<Supervise>,
    Extension(frame): Extension<Frame>,
    form: Multipart,
) -> Result<Response, Problem> {
    match read_in(&site, &asked.viewer, &scene, form, Fields::Others).await? {
        Ok(id) => Ok(Redirect::to(&format!("/supervise/import/{id}")).into_response()),
        Err(told) => Ok(refused(&site, &asked.viewer, &scene, frame, told)),
    }
}

/// What a form may have beside its file.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fields {
    /// Nothing.
    None,
    /// What a page of ours sends along.
    Others,
}

/// Reads the file of a form and compares it; gives the id under which it waits, or why it cannot.
pub(crate) async fn read_in(
    site: &Site,
    viewer: &Viewer,
    scene: &Supervise,
    form: Multipart,
    fields: Fields,
) -> Result<Result<Uuid, Vec<String>>, Problem> {
    let words = words(viewer.language);
    let folder = tempfile::tempdir_in(scene.uploads());
    let folder = folder.map_err(|error| Problem::fault(&error))?;
    let received = receive(form, folder.path(), fields).await?;
    let Some((path, name)) = received else {
        return Ok(Err(vec![words.say("choose-a-file")]));
    };
    if scene.waiting().all(now(site)).len() >= MOST_WAITING {
        return Err(Problem::busy());
    }
    let declared = scene.newest(site)?;
    let options = ImportOptions {
        filing: declared.filing,
        datum: scene.datum(),
        as_of: Some(site.today()),
        ..ImportOptions::new(scene.key().clone())
    };
    let platform = site.platform().clone();
    // Reading and comparing take seconds: on a thread that may.
    let planned = tokio::task::spawn_blocking(move || {
        let input = unpacked(&path)?;
        let read = import::read(&[input], &options).map_err(|error| Refused::File(error.text()))?;
        // Numbers of people stand in it as they were typed: it goes as soon as it was read. Columns of Parquet are
        // read on demand.
        let kept = read.kinds.contains(&InputKind::Parquet).then_some(folder);
        let plan = ImportPlan::new(&platform, read, &options, &|_, _| {});
        plan.map(|plan| (plan, kept)).map_err(Refused::Command)
    })
    .await
    .map_err(|error| Problem::fault(&error))?;
    let (plan, kept) = match planned {
        Ok(planned) => planned,
        Err(Refused::File(error)) => {
            return Ok(Err(vec![text(words, &error)]));
        }
        Err(Refused::Command(CommandError::Refused(refusal))) => {
            return Ok(Err(vec![words.of(&refusal.text).to_owned()]));
        }
        Err(Refused::Command(error)) => return Err(error.into()),
    };
    if plan.projects().is_empty() {
        let mut told = vec![words.say("no-projects-in-file")];
        told.extend(
            plan.diagnostics
                .iter()
                .take(20)
                .map(|one| text(words, &one.message)),
        );
        return Ok(Err(told));
    }
    let id = site.platform().new_id();
    let pending = Pending {
        plan,
        name,
        account: viewer.account,
        until: now(site) + WAITS,
        _folder: kept,
    };
    scene.waiting().put(site, id, pending);
    Ok(Ok(id))
}

enum Refused {
    File(kandeng_screening::Text),
    Command(CommandError),
}

/// Writes the file of the form into the folder, under a name of ours; gives it and the name that it came by.
async fn receive(
    mut form: Multipart,
    folder: &Path,
    fields: Fields,
) -> Result<Option<(PathBuf, String)>, Problem> {
    let cut_off = |status: StatusCode| match status {
        StatusCode::PAYLOAD_TOO_LARGE => Problem::too_large(),
        _ => Problem::unreadable(kandeng_platform::Text::new(
            "文件没有完整送达,什么都没有导入;请再传一次",
            "the file did not arrive whole, and nothing was taken; send it again",
        )),
    };
    let mut received = None;
    while let Some(mut field) = form
        .next_field()
        .await
        .map_err(|error| cut_off(error.status()))?
    {
        let is_file = field.name() == Some("file") && received.is_none();
        if !is_file && fields == Fields::None {
            return Err(Problem::unreadable(kandeng_platform::Text::new(
                "表单中只应有一个字段 file",
                "the form has one field alone, file",
            ))
            .with("field", "file".into()));
        }
        if !is_file {
            continue;
        }
        let name: String = field
            .file_name()
            .unwrap_or_default()
            .chars()
            .filter(|letter| !letter.is_control())
            .scan(0, |bytes, letter| {
                *bytes += letter.len_utf8();
                (*bytes <= MOST_NAME).then_some(letter)
            })
            .collect();
        // A CSV says by its name which table it is.
        let own = name.rsplit(['/', '\\']).next().unwrap_or_default();
        let own = own.trim_start_matches('.');
        let path = folder.join(if own.is_empty() { "upload" } else { own });
        let mut file = std::fs::File::create(&path).map_err(|error| Problem::fault(&error))?;
        let mut size = 0;
        while let Some(bytes) = field
            .chunk()
            .await
            .map_err(|error| cut_off(error.status()))?
        {
            size += bytes.len();
            file.write_all(&bytes)
                .map_err(|error| Problem::fault(&error))?;
        }
        if size > 0 {
            received = Some((path, name));
        }
    }
    Ok(received)
}

/// The folder of a package of CSV files; any other file as it is.
fn unpacked(path: &Path) -> Result<PathBuf, Refused> {
    let wrong = |zh: &str, en: &str| Refused::File(kandeng_screening::Text::new(zh, en));
    let file =
        std::fs::File::open(path).map_err(|_| wrong("文件不能读取", "the file cannot be read"))?;
    let Ok(mut package) = zip::ZipArchive::new(file) else {
        return Ok(path.to_owned());
    };
    let is_workbook = package
        .file_names()
        .filter_map(Result::ok)
        .any(|name| name == "[Content_Types].xml" || name == "mimetype");
    if is_workbook {
        return Ok(path.to_owned());
    }
    if package.len() > MOST_FILES {
        return Err(wrong(
            "压缩包里文件过多(最多 64 个)",
            "there are too many files in the package (at most 64)",
        ));
    }
    let folder = path.with_extension("files");
    std::fs::create_dir(&folder)
        .map_err(|_| wrong("磁盘不能写入", "the disk cannot be written to"))?;
    let mut left = MOST_UNPACKED;
    for index in 0..package.len() {
        let entry = package
            .by_index(index)
            .map_err(|_| wrong("压缩包已损坏", "the package is damaged"))?;
        // The last part of the name alone, so that nothing is written outside.
        let name = match entry.name() {
            Ok(name) => name
                .rsplit(['/', '\\'])
                .next()
                .unwrap_or_default()
                .to_owned(),
            // A name that cannot be read is none of a table.
            Err(_) => continue,
        };
        let is_table = ["csv", "parquet"].iter().any(|ending| {
            Path::new(&name)
                .extension()
                .is_some_and(|own| own.eq_ignore_ascii_case(ending))
        });
        if entry.is_dir() || !is_table || name.starts_with('.') {
            continue;
        }
        let to = folder.join(&name);
        let mut to = std::fs::File::create(to)
            .map_err(|_| wrong("磁盘不能写入", "the disk cannot be written to"))?;
        // What a package says of its size is not believed.
        let written = std::io::copy(&mut entry.take(left + 1), &mut to)
            .map_err(|_| wrong("压缩包已损坏", "the package is damaged"))?;
        if written > left {
            return Err(wrong(
                "压缩包解开后过大(最多 512 MB)",
                "the package is too large once unpacked (at most 512 MB)",
            ));
        }
        left -= written;
    }
    Ok(folder)
}
