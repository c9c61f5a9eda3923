//! Photos and papers of a project: which there are, adding and removing them, the bytes and small pictures.

use axum::extract::Multipart;
use axum::{Extension, Json};
use kandeng_platform::Refusal;
use kandeng_platform::api::{Beside, CommandId, Done, MOST_COMMAND, Operation, Operations, Said};
use kandeng_platform::authority::Action;
use kandeng_platform::page::{Asked, Problem, Site};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::DONE;
use crate::filing::Filing;
use crate::pages::project::files::{
    Adding, Beside as SaidBeside, Holder, MOST_AT_ONCE, MOST_BYTES, MOST_TIME, Removed, original,
    preview, remove_one,
};
use crate::pages::project::{of_path, read};
use crate::project::{KeptFile, PHOTOS, ProjectPage, Row, file_column};
use crate::scene::Supervise;

/// The kinds of files that are kept, as their headers say it.
const KINDS: &[&str] = &[
    "image/jpeg",
    "image/png",
    "image/webp",
    "application/pdf",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "application/vnd.oasis.opendocument.text",
    "application/vnd.oasis.opendocument.spreadsheet",
    "application/ofd",
];

pub(super) fn operations() -> Operations {
    Operations::new()
        .asks(
            Operation::read(
                "/api/supervise/projects/{id}/files",
                "项目的照片和材料,按信息项 / Photos and papers of a project, by item",
            )
            .giving::<Files>(200, "照片和材料 / The photos and papers"),
            Action::ViewProject,
            of_path,
            listed,
        )
        .asks(
            Operation::command(
                "/api/supervise/projects/{id}/files/{item}",
                "为信息项添加照片或材料:全部或全不 / Add photos or papers to an item: all of them or none",
            )
            .taking_files(
                MOST_AT_ONCE,
                "至多 20 份;照片为 JPEG、PNG、WebP,每张至多 20 MB;材料还可为 PDF、OFD、docx、xlsx、pptx、odt、ods,每份至多 50 MB / 20 at \
                 most; photos are JPEG, PNG or WebP, 20 MB each; papers may also be PDF, OFD, docx, xlsx, pptx, odt or ods, 50 MB each",
            )
            .beside::<BesideFiles>()
            .giving::<Done>(200, DONE),
            Action::UploadEvidence,
            of_path,
            add,
        )
        .up_to(MOST_BYTES, MOST_TIME)
        .asks(
            Operation::command(
                "/api/supervise/projects/{id}/files/{item}/remove",
                "信息项不再列出这份文件;文件和历史仍在 / The item names a file no longer; its bytes and history stay",
            )
            .taking::<Gone>()
            .giving::<Done>(200, DONE),
            Action::ChangeItems,
            of_path,
            remove,
        )
        .up_to(MOST_COMMAND, kandeng_platform::page::MOST_TIME)
        .asks(
            Operation::read(
                "/api/supervise/projects/{id}/evidence/{file}",
                "文件原样 / The bytes of a file, as they came",
            )
            .giving_file(KINDS, "文件 / The file"),
            Action::ViewProject,
            of_path,
            original,
        )
        .asks(
            Operation::read(
                "/api/supervise/projects/{id}/evidence/{file}/preview",
                "照片的小图 / A small picture of a photo",
            )
            .giving_file(&["image/jpeg"], "小图 / The small picture"),
            Action::ViewProject,
            of_path,
            preview,
        )
}

/// 照片和材料 / Photos and papers
#[derive(Serialize, ToSchema)]
struct Files {
    /// 可以有文件的信息项 / The items that may have files
    items: Vec<ItemFiles>,
}

/// 一个信息项的文件 / The files of an item
#[derive(Serialize, ToSchema)]
struct ItemFiles {
    item: String,
    /// 信息项的版次;移除文件以它为准 / The edition of the item: what a removal is based on
    edition: u32,
    files: Vec<FileLine>,
}

/// 一份文件 / A file
#[derive(Serialize, ToSchema)]
struct FileLine {
    /// 所在清单的行;项目本身的没有 / The row of the list that it stands in; none for the project's own
    row: Option<u32>,
    /// 填报中的名称 / What the filing calls it
    name: String,
    /// 照片所示的阶段 / The stage that a photo shows
    stage: Option<String>,
    /// 文件的 SHA-256;只填了名称而没有上传的没有 / Its SHA-256; none where it was named and never sent
    sha256: Option<String>,
    bytes: Option<u64>,
    /// 如 `image/jpeg` / Such as `image/jpeg`
    #[schema(example = "image/jpeg")]
    kind: Option<&'static str>,
}

impl FileLine {
    fn of(row: Option<u32>, name: String, kept: Option<&KeptFile>) -> Self {
        Self {
            row,
            name,
            stage: None,
            sha256: kept.map(|kept| kept.sha256.clone()),
            bytes: kept.map(|kept| kept.bytes),
            kind: kept.map(|kept| kept.kind.media_type()),
        }
    }

    /// Of a photo, which has a row of its own.
    fn of_photo(page: &ProjectPage, number: u32, row: &Row) -> Self {
        let name = row.get("file").cloned().unwrap_or_default();
        Self {
            stage: row.get("stage").cloned(),
            ..Self::of(Some(number), name, page.file_of_photo(row))
        }
    }

    /// Of the papers that a cell names.
    fn of_cell(page: &ProjectPage, row: Option<u32>, cell: Option<&String>) -> Vec<Self> {
        let names = cell.map_or("", String::as_str);
        crate::project::names(names)
            .map(|name| Self::of(row, name.to_owned(), page.files.get(name)))
            .collect()
    }
}

fn files_of(filing: &Filing, page: &ProjectPage, table: &str, column: &str) -> Vec<FileLine> {
    if table == filing.sheets[0].table {
        return FileLine::of_cell(page, None, page.filed.fields.get(column));
    }
    let rows = page.filed.lists.get(table).into_iter().flatten();
    rows.flat_map(|(number, row)| match table {
        PHOTOS => vec![FileLine::of_photo(page, *number, row)],
        _ => FileLine::of_cell(page, Some(*number), row.get(column)),
    })
    .collect()
}

async fn listed(
    site: Site,
    asked: Asked,
    Extension(scene): Extension<Supervise>,
) -> Result<Json<Files>, Problem> {
    let (page, declared) = read(&site, &scene, &asked.params)?;
    let filing = &declared.filing;
    let all = filing
        .categories
        .iter()
        .flat_map(|category| &category.items);
    let items = all.filter_map(|item| {
        let (table, column) = file_column(filing, item)?;
        let files = files_of(filing, &page, table, column);
        // What is no longer asked for stands here as long as there is something of it.
        (!item.retired || !files.is_empty()).then(|| ItemFiles {
            item: item.key.clone(),
            edition: page.items.get(&item.key).map_or(0, |known| known.edition),
            files,
        })
    });
    Ok(Json(Files {
        items: items.collect(),
    }))
}

/// 文件之外 / What is said beside the files
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct BesideFiles {
    /// 照片所示的阶段的键,照片必填 / Key of the stage that photos show; photos need one
    #[schema(max_length = 60)]
    stage: Option<String>,
    /// 照片拍到全场 / The photos show the whole site
    covers_site: Option<bool>,
    /// 材料所属的清单的行 / The row of the list that papers belong to
    row: Option<u32>,
}

async fn add(
    site: Site,
    asked: Asked,
    command: CommandId,
    beside: Beside,
    Extension(scene): Extension<Supervise>,
    form: Multipart,
) -> Result<Json<Done>, Problem> {
    // Whatever stands there by now: the row may be gone.
    if let Some(done) = command.first_answer(&site).await? {
        return Ok(Json(done));
    }
    let (_, declared) = read(&site, &scene, &asked.params)?;
    let holder = Holder::of(&declared.filing, &asked)?;
    let files = Adding::receive(&scene, &holder, form).await?;
    let said: BesideFiles = beside.read(files.arrived.fields())?;
    let said = SaidBeside {
        stage: said.stage.unwrap_or_default(),
        covers_site: said.covers_site.unwrap_or_default(),
        row: said.row.unwrap_or_default(),
    };
    let cx = command.context(&site, &asked.viewer, &asked.resource.jurisdiction);
    let added = files.add(&site, &scene, &asked, said, &cx).await?;
    added
        .map(|answer| Json(Done::from(&answer)))
        .map_err(of_file)
}

/// A refusal of what was sent in the field `file`.
fn of_file(refusal: Refusal) -> Problem {
    let is_of_file = refusal.code == "files-refused";
    let problem = Problem::from(refusal);
    if is_of_file {
        return problem.with("field", "file".into());
    }
    problem
}

/// 不再列出的文件 / A file that is named no longer
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "name": "合同.pdf", "edition": 3 }))]
struct Gone {
    /// 照片的行,或材料所在的行 / The row of the photo, or the one that the paper stands in
    row: Option<u32>,
    /// 材料的名称 / The paper, by its name
    #[schema(max_length = 200)]
    name: Option<String>,
    /// 所见的信息项的版次 / The edition of the item that was seen
    edition: u32,
}

async fn remove(
    site: Site,
    asked: Asked,
    command: CommandId,
    Extension(scene): Extension<Supervise>,
    Said(gone): Said<Gone>,
) -> Result<Json<Done>, Problem> {
    if let Some(done) = command.first_answer(&site).await? {
        return Ok(Json(done));
    }
    let gone = Removed {
        row: gone.row.unwrap_or_default(),
        name: gone.name.unwrap_or_default(),
        edition: gone.edition,
    };
    let cx = command.context(&site, &asked.viewer, &asked.resource.jurisdiction);
    let answer = remove_one(&site, &scene, &asked, &gone, &cx).await?;
    Ok(Json(Done::from(&answer?)))
}
