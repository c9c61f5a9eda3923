//! What is doubtful in one project: to officers and auditors its flags, to filers what the rules for filers find, and
//! nothing else.

use axum::{Extension, Json};
use kandeng_platform::api::{Operation, Operations};
use kandeng_platform::authority::Action;
use kandeng_platform::page::{Asked, Problem, Site};
use serde::Serialize;
use utoipa::ToSchema;

use super::queue::FlagLine;
use crate::pages::desk::{COLUMNS, FlagRow};
use crate::pages::project::{marks, of_path, read, sees_flags};
use crate::pages::telling::InBoth;
use crate::pages::words;
use crate::scene::Supervise;

pub(super) fn operations() -> Operations {
    Operations::new().asks(
        Operation::read(
            "/api/supervise/projects/{id}/doubts",
            "一个项目的疑点:监管人员看到疑点,填报人看到填报规则所指出的 / What is doubtful in a project: flags for officers, what the \
             rules for filers find for filers",
        )
        .giving::<Doubts>(200, "疑点 / What is doubtful"),
        Action::ViewProject,
        of_path,
        of_project,
    )
}

/// 一个项目的疑点 / What is doubtful in a project
#[derive(Serialize, ToSchema)]
struct Doubts {
    /// 待核的疑点,重的在前;填报人没有 / Open flags, the gravest first; none for filers
    flags: Vec<FlagLine>,
    /// 填报规则所指出的信息项;监管人员没有 / Items that the rules for filers mark; none for officers
    items: Vec<Marked>,
}

/// 标红的信息项 / An item that is marked
#[derive(Serialize, ToSchema)]
struct Marked {
    /// 信息项的键 / Key of the item
    item: String,
    /// 按账号的语言 / In the account's language
    says: Vec<String>,
}

async fn of_project(
    site: Site,
    asked: Asked,
    Extension(scene): Extension<Supervise>,
) -> Result<Json<Doubts>, Problem> {
    let (page, _) = read(&site, &scene, &asked.params)?;
    let mut doubts = Doubts {
        flags: Vec::new(),
        items: Vec::new(),
    };
    if sees_flags(&site, &asked.viewer, &asked.resource) {
        let flags = site.platform().query(|connection| {
            connection
                .prepare_cached(&format!(
                    "select {COLUMNS} from flags where subject_kind = 'project' and subject = ?1 \
                     and state = 'open' order by case severity when 'high' then 0 when 'medium' then 1 \
                     else 2 end, rule, stream"
                ))?
                .query_map([&page.row.code], FlagRow::of)?
                .collect::<rusqlite::Result<Vec<_>>>()
        })?;
        let telling = InBoth::new(&site, &scene)?;
        doubts.flags = (flags.iter())
            .map(|flag| FlagLine::of(flag, &telling))
            .collect();
    } else if !page.row.withdrawn {
        let words = words(asked.viewer.language);
        let marks = marks(&site, &scene, page.row.id, words).await?;
        let items = marks.items.into_iter();
        doubts.items = items.map(|(item, says)| Marked { item, says }).collect();
    }
    Ok(Json(doubts))
}
