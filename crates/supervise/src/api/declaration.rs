//! What is asked of projects: categories, items, columns, stages and choices, by the keys that programs use.

use std::collections::BTreeMap;

use axum::{Extension, Json};
use kandeng_platform::api::{Asks, Both, Operation, Operations};
use kandeng_platform::authority::{Action, Resource};
use kandeng_platform::page::{Problem, Site};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::filing::{Choice, Column, Field, Filing};
use crate::scene::Supervise;

pub(super) fn operations() -> Operations {
    Operations::new().asks(
        Operation::read(
            "/api/supervise/declaration",
            "填报声明:大类、信息项、列、阶段、选项 / The declaration: categories, items, columns, stages, choices",
        )
        .asking::<WantedVersion>()
        .giving::<DeclarationOut>(200, "填报声明 / The declaration"),
        Action::ViewProject,
        |site, viewer, _| Ok(site.widest_for(viewer, Action::ViewProject, Resource::new_project)),
        shown,
    )
}

/// 哪一版 / Which version
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WantedVersion {
    /// 不写则为最新的 / The newest, where none is said
    version: Option<u32>,
}

/// 填报声明 / The declaration
#[derive(Serialize, ToSchema)]
pub(super) struct DeclarationOut {
    /// 第几版 / Its version
    version: u32,
    /// 阶段,按先后 / Stages, in order
    stages: Vec<Named>,
    /// 大类,按先后 / Categories, in order
    categories: Vec<CategoryDeclared>,
    /// 表:第一个是项目本身,其余是清单 / Tables: the first is the project's own row, the others are lists
    tables: Vec<TableDeclared>,
    /// 选项表的键 → 选项 / Key of a list of choices → its choices
    choices: BTreeMap<String, Vec<Named>>,
}

/// 键与名称 / A key and what it is called
#[derive(Serialize, ToSchema)]
struct Named {
    key: String,
    name: Both,
}

/// 大类 / A category
#[derive(Serialize, ToSchema)]
struct CategoryDeclared {
    key: String,
    name: Both,
    items: Vec<ItemDeclared>,
}

/// 信息项 / An item
#[derive(Serialize, ToSchema)]
struct ItemDeclared {
    key: String,
    /// 序号,如 `3.2` / Its number, such as `3.2`
    number: String,
    name: Both,
    /// 从哪个阶段起应填 / The stage from which it is required
    from: String,
    /// 不再填写 / No longer asked for
    retired: bool,
    /// 可以公开 / It may be published
    public: bool,
}

/// 表 / A table
#[derive(Serialize, ToSchema)]
struct TableDeclared {
    key: String,
    name: Both,
    columns: Vec<ColumnDeclared>,
}

/// 列 / A column
#[derive(Serialize, ToSchema)]
struct ColumnDeclared {
    key: String,
    name: Both,
    /// 内容:`text`、`date`(2026-06-30)、`money`(元)、`identity`(写入而不显示)等 / What it holds: `text`, `date` (2026-06-30),
    /// `money` (yuan), `identity` (written and never shown) …
    #[schema(example = "money")]
    holds: &'static str,
    /// 属于哪个信息项 / The item that it belongs to
    item: Option<String>,
    /// 选项表的键 / Key of its list of choices
    choices: Option<String>,
    /// 由平台记录,不由人填写 / The platform records it, nobody fills it in
    recorded: bool,
}

fn both(zh: &str, en: &str) -> Both {
    Both {
        zh: zh.to_owned(),
        en: en.to_owned(),
    }
}

impl From<&Choice> for Named {
    fn from(choice: &Choice) -> Self {
        Self {
            key: choice.key.clone(),
            name: both(&choice.zh, &choice.en),
        }
    }
}

impl From<&Column> for ColumnDeclared {
    fn from(column: &Column) -> Self {
        Self {
            key: column.key.clone(),
            name: both(&column.zh, &column.en),
            holds: holds(column.field),
            item: column.item.clone(),
            choices: column.choices.clone(),
            recorded: column.recorded || !column.seals.is_empty(),
        }
    }
}

/// As the declaration spells it.
const fn holds(field: Field) -> &'static str {
    match field {
        Field::Text => "text",
        Field::Code => "code",
        Field::Uscc => "uscc",
        Field::Choice => "choice",
        Field::Date => "date",
        Field::Time => "time",
        Field::Money => "money",
        Field::Quantity => "quantity",
        Field::Unit => "unit",
        Field::Percent => "percent",
        Field::Int => "int",
        Field::Number => "number",
        Field::Bool => "bool",
        Field::Identity => "identity",
        Field::Boundary => "boundary",
    }
}

pub(super) async fn shown(
    site: Site,
    Extension(scene): Extension<Supervise>,
    Asks(wanted): Asks<WantedVersion>,
) -> Result<Json<DeclarationOut>, Problem> {
    let declared = match wanted.version {
        Some(version) => scene.declared(&site, version)?,
        None => scene.newest(&site)?,
    };
    Ok(Json(DeclarationOut::of(declared.version, &declared.filing)))
}

impl DeclarationOut {
    fn of(version: u32, filing: &Filing) -> Self {
        let stages = filing.stages.iter().map(|stage| Named {
            key: stage.key.clone(),
            name: both(&stage.zh, &stage.en),
        });
        let categories = filing.categories.iter().map(|category| CategoryDeclared {
            key: category.key.clone(),
            name: both(&category.zh, &category.en),
            items: (category.items.iter())
                .map(|item| ItemDeclared {
                    key: item.key.clone(),
                    number: item.number.clone(),
                    name: both(&item.zh, &item.en),
                    from: item.from.clone(),
                    retired: item.retired,
                    public: item.public,
                })
                .collect(),
        });
        let tables = filing.sheets.iter().map(|sheet| TableDeclared {
            key: sheet.table.clone(),
            name: both(&sheet.zh, &sheet.en),
            columns: sheet.columns.iter().map(ColumnDeclared::from).collect(),
        });
        let choices = filing.choices.iter().map(|(key, choices)| {
            let choices = choices.iter().map(Named::from);
            (key.clone(), choices.collect())
        });
        Self {
            version,
            stages: stages.collect(),
            categories: categories.collect(),
            tables: tables.collect(),
            choices: choices.collect(),
        }
    }
}
