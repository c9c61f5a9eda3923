//! Files are added to an item: all that were sent, or none.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Extension;
use axum::extract::Multipart;
use axum::response::{IntoResponse as _, Redirect, Response};
use kandeng_platform::page::{Asked, Frame, Problem, Site, told};
use kandeng_platform::{Answer, CommandError, Context, Refusal, Text};
use tempfile::TempDir;
use tokio::sync::SemaphorePermit;

use super::super::super::arrived::{Arrived, receive};
use super::super::super::words::{both, words};
use super::super::read;
use super::Holder;
use super::look::{Looked, look};
use super::page::show;
use crate::filing::Filing;
use crate::import::residents_hashed;
use crate::project::{
    AddFiles, AddedFile, Cells, Declared, FilePlace, KeptFile, Project, ProjectPage, Row,
    free_name, has_photo, is_kept, photo_cells,
};
use crate::scene::Supervise;

/// What is said beside files that are added.
#[derive(Clone, Debug, Default)]
pub(crate) struct Beside {
    /// The stage that photos show.
    pub stage: String,
    /// Whether they show the whole site.
    pub covers_site: bool,
    /// The row of a list that papers belong to.
    pub row: u32,
}

pub(super) async fn add(
    site: Site,
    asked: Asked,
    Extension(scene): Extension<Supervise>,
    Extension(frame): Extension<Frame>,
    form: Multipart,
) -> Result<Response, Problem> {
    let (page, declared) = read(&site, &scene, &asked.params)?;
    let holder = Holder::of(&declared.filing, &asked)?;
    let files = Adding::receive(&scene, &holder, form).await?;
    let row = files.arrived.field("row").parse().unwrap_or(0);
    let beside = Beside {
        stage: files.arrived.field("stage").to_owned(),
        covers_site: files.arrived.field("covers_site") == "yes",
        row,
    };
    let stage = beside.stage.clone();
    let before = page.row.edition;
    let cx = site.context(&asked.viewer, &asked.resource.jurisdiction);
    match files.add(&site, &scene, &asked, beside, &cx).await? {
        Ok(_) => {
            let to = format!(
                "/supervise/projects/{}/items/{}/files/{}",
                page.row.id, holder.category.key, holder.item.key
            );
            let (page, _) = read(&site, &scene, &asked.params)?;
            // All of it was there already.
            let done = if page.row.edition == before {
                "files-there"
            } else {
                "files-added"
            };
            Ok(told(Redirect::to(&to).into_response(), done))
        }
        Err(refused) => {
            let told = vec![words(asked.viewer.language).of(&refused.text).to_owned()];
            show(&site, &asked, &page, &declared, frame, told, &stage, row)
        }
    }
}

/// Files that have arrived, in a folder of their own, to be added to an item.
pub(crate) struct Adding<'s> {
    pub arrived: Arrived,
    folder: TempDir,
    /// As long as they are here, so many others fewer arrive.
    _arriving: SemaphorePermit<'s>,
}

impl<'s> Adding<'s> {
    pub async fn receive(
        scene: &'s Supervise,
        holder: &Holder<'_>,
        form: Multipart,
    ) -> Result<Self, Problem> {
        let arriving = scene.kept().arriving().ok_or_else(Problem::busy)?;
        let folder = tempfile::tempdir_in(scene.uploads());
        let folder = folder.map_err(|error| Problem::fault(&error))?;
        let arrived = receive(form, folder.path(), holder.most()).await?;
        Ok(Self {
            arrived,
            folder,
            _arriving: arriving,
        })
    }

    /// Looks into all of them and adds them to the item of the path: all, or none and why.
    pub async fn add(
        self,
        site: &Site,
        scene: &Supervise,
        asked: &Asked,
        beside: Beside,
        cx: &Context,
    ) -> Result<Result<Answer, Refusal>, Problem> {
        let refused = |text: Text| Refusal::new("files-refused", text.zh, text.en);
        if let Some(why) = self.arrived.refused {
            return Ok(Err(refused(why)));
        }
        if self.arrived.files.is_empty() {
            return Ok(Err(refused(both("choose-a-file"))));
        }
        let (page, declared) = read(site, scene, &asked.params)?;
        let holder = Holder::of(&declared.filing, asked)?;
        let (place, cells) = match holder.place(&declared.filing, &page, &beside) {
            Ok(found) => found,
            Err(key) => return Ok(Err(refused(both(key)))),
        };
        let (most, photos_only) = (holder.most().bytes, holder.is_of_photos());
        let now = site.platform().clock().now();
        let files = self.arrived.files;
        let look_into = move || {
            let looked = files.into_iter();
            looked
                .map(|file| look(file, photos_only, most, now))
                .collect::<Result<Vec<_>, _>>()
        };
        let looked = scene.kept().decode(look_into).await;
        let looked = match looked.map_err(|error| Problem::fault(&error))? {
            Ok(looked) => looked,
            Err(why) => return Ok(Err(refused(why))),
        };
        let (site, of, asked, cx) = (site.clone(), scene.clone(), asked.clone(), cx.clone());
        let folder = self.folder;
        // Their folder goes with it, whoever goes before.
        let work = async move {
            let added = keep(&site, &of, &asked, place, looked, cells, &cx).await;
            drop(folder);
            added
        };
        let added = scene.kept().keep(work).await;
        added.map_err(|error| Problem::fault(&error))?
    }
}

/// Keeps the bytes and appends the events that name them. Bytes come first: what an event names is there.
async fn keep(
    site: &Site,
    scene: &Supervise,
    asked: &Asked,
    place: FilePlace,
    looked: Vec<Looked>,
    typed: Cells,
    cx: &Context,
) -> Result<Result<Answer, Refusal>, Problem> {
    // A crash from here to the append leaves bytes that no event names; they are in nobody's way.
    let (page, declared) = read(site, scene, &asked.params)?;
    let files = named(&declared, scene, &page, &place, &looked, &typed);
    let put: Vec<(std::path::PathBuf, String)> = looked
        .iter()
        .map(|one| (one.arrived.path.clone(), one.sha256.clone()))
        .collect();
    let holder = scene.clone();
    let new = tokio::task::spawn_blocking(move || {
        let mut new: Vec<String> = Vec::new();
        for (path, sha256) in put {
            match holder.kept().put(&path, &sha256) {
                Ok(true) => new.push(sha256),
                Ok(false) => {}
                Err(error) => {
                    take_back(&holder, &new);
                    return Err(error);
                }
            }
        }
        Ok(new)
    })
    .await
    .map_err(|error| Problem::fault(&error))?
    .map_err(|error| Problem::fault(&error))?;
    let command = AddFiles {
        filing: Arc::clone(&declared.filing),
        place,
        files,
    };
    let done = site
        .platform()
        .carry_out::<Project, _>(page.row.id, command, cx)
        .await;
    // What no event names after all goes again: the command was refused, or held nothing new. Where the event may be in
    // the ledger although nobody could say so, what it names stays; and where another node may name the same bytes now.
    let is_certain = done.as_ref().err().is_none_or(CommandError::left_nothing)
        && !site.platform().shares_ledger();
    let unnamed = new.into_iter().filter(|sha256| {
        let kept = site.platform().query(|of| is_kept(of, sha256));
        is_certain && matches!(kept, Ok(false))
    });
    let unnamed: Vec<String> = unnamed.collect();
    if !unnamed.is_empty() {
        let holder = scene.clone();
        let gone = tokio::task::spawn_blocking(move || take_back(&holder, &unnamed)).await;
        gone.map_err(|error| Problem::fault(&error))?;
    }
    match done {
        Ok(answer) => Ok(Ok(answer)),
        Err(CommandError::Refused(refusal)) => Ok(Err(refusal)),
        Err(error) => Err(error.into()),
    }
}

fn take_back(scene: &Supervise, all: &[String]) {
    for sha256 in all {
        if let Err(error) = scene.kept().take_back(sha256) {
            tracing::warn!(error = %error, "a file that nothing names could not be removed");
        }
    }
}

/// The files under names that no other file of the project has, each with what it says of itself.
fn named(
    declared: &Declared,
    scene: &Supervise,
    page: &ProjectPage,
    place: &FilePlace,
    looked: &[Looked],
    typed: &Cells,
) -> Vec<AddedFile> {
    let filing: &Filing = &declared.filing;
    let mut known: BTreeMap<String, KeptFile> = page.files.clone();
    let stage = typed.get("stage").and_then(|stage| stage.as_deref());
    let mut files: Vec<AddedFile> = Vec::new();
    for one in looked {
        let is_sent_twice = files.iter().any(|other| other.file.sha256 == one.sha256);
        let is_of_photos = matches!(place, FilePlace::Photos);
        if is_sent_twice || is_of_photos && has_photo(&page.filed, &one.sha256, stage) {
            continue;
        }
        let wanted = match &*one.arrived.name {
            "" => format!("{}.{}", &one.sha256[..8], one.kind.ending()),
            name => residents_hashed(name, scene.key()).into_owned(),
        };
        let name = free_name(&known, &wanted, &one.sha256);
        let says: Row = match &one.photo {
            Some(photo) if is_of_photos => {
                photo_cells(filing, scene.key(), &page.row.code, &name, photo)
            }
            _ => Row::new(),
        };
        let file = KeptFile {
            sha256: one.sha256.clone(),
            bytes: one.bytes,
            kind: one.kind,
            name: name.clone(),
            says,
        };
        known.insert(name, file.clone());
        files.push(AddedFile {
            file,
            cells: typed.clone(),
        });
    }
    files
}
