//! Files are added to an item: all that were sent, or none.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Extension;
use axum::extract::Multipart;
use axum::response::{IntoResponse as _, Redirect, Response};
use kandeng_platform::page::{Asked, Frame, Problem, Site, told};
use kandeng_platform::{CommandError, Text};

use super::super::super::words::words;
use super::super::read;
use super::arrived::receive;
use super::look::{Looked, look};
use super::page::show;
use super::{FIELD_BYTES, Holder, MOST_AT_ONCE};
use crate::filing::Filing;
use crate::import::residents_hashed;
use crate::project::{
    AddFiles, AddedFile, Cells, Declared, FilePlace, KeptFile, PHOTOS, Project, ProjectPage, Row,
    free_name, has_photo, is_kept, photo_cells,
};
use crate::scene::Supervise;

/// A command that was refused, in both languages.
enum Refused {
    Wrong(Text),
    Fault(Problem),
}

impl From<Problem> for Refused {
    fn from(problem: Problem) -> Self {
        Self::Fault(problem)
    }
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
    let (most, photos_only) = (holder.most_bytes(), holder.is_of_photos());
    let _arriving = scene.kept().arriving().ok_or_else(Problem::busy)?;
    let folder = tempfile::tempdir_in(scene.uploads());
    let folder = folder.map_err(|error| Problem::fault(&error))?;
    let arrived = receive(form, folder.path(), MOST_AT_ONCE, most, FIELD_BYTES).await?;
    let words = words(asked.viewer.language);
    let typed = arrived.fields;
    let field = |name: &str| typed.get(name).map_or("", |value| value.as_str());
    let (stage, row) = (field("stage"), field("row").parse().unwrap_or(0));
    let again = |told: String| {
        show(
            &site,
            &asked,
            &page,
            &declared,
            frame.clone(),
            vec![told],
            stage,
            row,
        )
    };
    if let Some(refused) = &arrived.refused {
        return again(words.of(refused).to_owned());
    }
    if arrived.files.is_empty() {
        return again(words.say("choose-a-file"));
    }
    let mut cells = Cells::new();
    let place = if photos_only {
        let stages = declared.filing.column(PHOTOS, "stage");
        let stages = stages.map_or(&[][..], |column| declared.filing.choices(column));
        if !stages.iter().any(|known| known.key == stage) {
            return again(words.say("choose-a-stage"));
        }
        cells.insert("stage".to_owned(), Some(stage.to_owned()));
        if field("covers_site") == "yes" {
            cells.insert("covers_site".to_owned(), Some("是".to_owned()));
        }
        FilePlace::Photos
    } else if holder.table == declared.filing.sheets[0].table {
        FilePlace::Own {
            column: holder.column.to_owned(),
        }
    } else {
        let rows = page.filed.lists.get(holder.table);
        if !rows.is_some_and(|rows| rows.contains_key(&row)) {
            return again(words.say("choose-a-row"));
        }
        FilePlace::Row {
            list: holder.table.to_owned(),
            row,
            column: holder.column.to_owned(),
        }
    };
    let now = site.platform().clock().now();
    let files = arrived.files;
    let look_into = move || {
        let looked = files.into_iter();
        looked
            .map(|file| look(file, photos_only, most, now))
            .collect::<Result<Vec<_>, _>>()
    };
    let looked = scene.kept().decode(look_into).await;
    let looked = match looked.map_err(|error| Problem::fault(&error))? {
        Ok(looked) => looked,
        Err(refused) => return again(words.of(&refused).to_owned()),
    };
    let before = page.row.edition;
    let kept = {
        let (site, of, asked) = (site.clone(), scene.clone(), asked.clone());
        // Its folder goes with it, whoever goes before.
        let work = async move {
            let kept = keep(&site, &of, &asked, place, looked, cells).await;
            drop(folder);
            kept
        };
        scene.kept().keep(work).await
    };
    match kept.map_err(|error| Problem::fault(&error))? {
        Ok(edition) => {
            let to = format!(
                "/supervise/projects/{}/items/{}/files/{}",
                page.row.id, holder.category.key, holder.item.key
            );
            // All of it was there already.
            let done = if edition == before {
                "files-there"
            } else {
                "files-added"
            };
            Ok(told(Redirect::to(&to).into_response(), done))
        }
        Err(Refused::Wrong(refused)) => again(words.of(&refused).to_owned()),
        Err(Refused::Fault(problem)) => Err(problem),
    }
}

/// Keeps the bytes and appends the events that name them. Bytes come first: what an event names is there. Gives the
/// edition that the filing is now.
async fn keep(
    site: &Site,
    scene: &Supervise,
    asked: &Asked,
    place: FilePlace,
    looked: Vec<Looked>,
    typed: Cells,
) -> Result<u32, Refused> {
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
    let cx = site.context(&asked.viewer, &asked.resource.jurisdiction);
    let done = site
        .platform()
        .carry_out::<Project, _>(page.row.id, command, &cx)
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
        Ok(_) => Ok(read(site, scene, &asked.params)?.0.row.edition),
        Err(CommandError::Refused(refusal)) => Err(Refused::Wrong(refusal.text)),
        Err(error) => Err(Refused::Fault(error.into())),
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
