//! The history of an item: who changed it, when, from what to what, read from the ledger itself.

use axum::{Extension, Json};
use kandeng_platform::api::{At, Id, Operation, Operations};
use kandeng_platform::authority::Action;
use kandeng_platform::page::{Asked, Problem, Site};
use serde::Serialize;
use utoipa::ToSchema;

use super::cells::is_hidden;
use crate::pages::project::{of_path, read};
use crate::project::history;
use crate::scene::Supervise;

pub(super) fn operations() -> Operations {
    Operations::new()
        .asks(
            Operation::read(
                "/api/supervise/projects/{id}/history/{item}",
                "一个信息项的历次更改,最早的在前,读自账本 / Every change of an item, oldest first, from the ledger itself",
            )
            .giving::<History>(200, "更改 / Its changes"),
            Action::ViewProject,
            of_path,
            history_of,
        )
}

/// 历次更改 / Changes of an item
#[derive(Serialize, ToSchema)]
struct History {
    changes: Vec<ItemChangeOut>,
}

/// 一格的一次更改 / A change of a cell
#[derive(Serialize, ToSchema)]
struct ItemChangeOut {
    /// 更改它的版次 / The edition that changed it
    edition: u32,
    /// 何人 / Whose account
    by: Id,
    at: At,
    /// 清单的键;项目本身的列没有 / Key of the list; none for a column of the project's own
    list: Option<String>,
    /// 清单中的行号 / Number of the row in it
    row: Option<u32>,
    column: String,
    /// 之前;没填或不显示的没有 / What stood there; none where nothing did, or it is not shown
    from: Option<String>,
    /// 之后 / What stands there since
    to: Option<String>,
    /// 不显示的号码 / It is a number that nobody is shown
    hidden: bool,
    /// 从文件导入的,其 SHA-256 / SHA-256 of the file that it was read from
    file: Option<String>,
}

async fn history_of(
    site: Site,
    asked: Asked,
    Extension(scene): Extension<Supervise>,
) -> Result<Json<History>, Problem> {
    let (page, declared) = read(&site, &scene, &asked.params)?;
    let filing = &declared.filing;
    let item = asked.params.get("item").unwrap_or_default();
    filing.item(item).ok_or_else(Problem::not_found)?;
    let own = filing.sheets[0].table.as_str();
    let changes = history(site.platform(), filing, page.row.id, item)?;
    let changes = changes.into_iter().map(|change| {
        let table = change.row.as_ref().map_or(own, |(table, _)| table);
        let hidden = is_hidden(filing, table, &change.column);
        let shown = |typed: Option<String>| {
            let typed = typed.filter(|_| !hidden);
            typed.map(|typed| page.shown(&typed))
        };
        let (list, row) = change.row.clone().unzip();
        ItemChangeOut {
            edition: change.edition,
            by: Id(change.by),
            at: At(change.at),
            list,
            row,
            from: shown(change.from),
            to: shown(change.to),
            column: change.column,
            hidden,
            file: change.file,
        }
    });
    Ok(Json(History {
        changes: changes.collect(),
    }))
}
