//! The list of items is changed: one is added, named otherwise, required from another stage, retired, asked for again.
//! Each change is a version of its own, and filings keep the version that they were filed by.

use axum::{Extension, Json};
use kandeng_platform::account::Viewer;
use kandeng_platform::api::{CommandId, Done, Operation, Operations, Said};
use kandeng_platform::authority::{Action, Resource};
use kandeng_platform::page::{Asked, Params, Problem, Site};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::carry_out;
use super::declaration::{DeclarationOut, WantedVersion, shown};
use crate::project::{
    ChangeDeclaration, Declaration, DeclarationChange, NewColumn, declaration_id,
};
use crate::scene::Supervise;

pub(super) fn operations() -> Operations {
    let change = |path, about| {
        Operation::command(path, about)
            .giving::<NewVersion>(200, "已改,或本来如此 / It is so, or was so already")
    };
    Operations::new()
        .asks(
            Operation::read(
                "/api/supervise/declaration/items",
                "填报声明,供管理信息项的人 / The declaration, for whoever keeps the list of items",
            )
            .asking::<WantedVersion>()
            .giving::<DeclarationOut>(200, "填报声明 / The declaration"),
            Action::ChangeDeclaration,
            desk,
            shown,
        )
        .asks(
            change(
                "/api/supervise/declaration/items",
                "增加一个本县的信息项 / Add an item of the county's own",
            )
            .taking::<NewItem>(),
            Action::ChangeDeclaration,
            desk,
            add,
        )
        .asks(
            change(
                "/api/supervise/declaration/items/{item}/relabel",
                "改信息项的名称 / Call an item otherwise",
            )
            .taking::<Names>(),
            Action::ChangeDeclaration,
            desk,
            relabel,
        )
        .asks(
            change(
                "/api/supervise/declaration/items/{item}/require",
                "信息项改从另一阶段起应填 / Require an item from another stage",
            )
            .taking::<FromStage>(),
            Action::ChangeDeclaration,
            desk,
            require,
        )
        .asks(
            change(
                "/api/supervise/declaration/items/{item}/retire",
                "不再填写这个信息项;已填的仍在 / Ask for an item no longer; what was filed of it stays",
            )
            .taking::<SeenVersion>(),
            Action::ChangeDeclaration,
            desk,
            retire,
        )
        .asks(
            change(
                "/api/supervise/declaration/items/{item}/restore",
                "重新填写这个信息项 / Ask for an item again",
            )
            .taking::<SeenVersion>(),
            Action::ChangeDeclaration,
            desk,
            restore,
        )
}

#[allow(clippy::unnecessary_wraps, reason = "what finds a resource may fail")]
fn desk(site: &Site, viewer: &Viewer, _: &Params) -> Result<Option<Resource>, Problem> {
    Ok(site.widest(viewer, Action::ChangeDeclaration))
}

/// 改动的结果 / What came of a change
#[derive(Serialize, ToSchema)]
struct NewVersion {
    #[serde(flatten)]
    done: Done,
    /// 声明现在的版本 / The version of the declaration now
    version: u32,
}

/// 新的信息项 / A new item
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "version": 1, "category": "profile", "key": "lamp_posts", "zh": "路灯数量", "en": "Lamp posts",
    "from": "approved", "holds": "int"
}))]
struct NewItem {
    /// 所见的声明的版本 / The version of the declaration that was seen
    version: u32,
    /// 所属大类的键 / Key of the category that it comes last in
    #[schema(min_length = 1, max_length = 60)]
    category: String,
    /// 键:小写字母、数字、下划线 / Its key: small letters, digits, underscores
    #[schema(min_length = 1, max_length = 40)]
    key: String,
    /// 中文名 / Its name in Chinese
    #[schema(min_length = 1, max_length = 100)]
    zh: String,
    /// 英文名 / Its name in English
    #[schema(min_length = 1, max_length = 100)]
    en: String,
    /// 从哪个阶段起应填 / The stage from which it is required
    #[schema(min_length = 1, max_length = 60)]
    from: String,
    holds: Holds,
    /// 可以公开 / Whether it may be published
    public: Option<bool>,
}

/// 信息项的内容 / What an item holds
#[derive(Clone, Copy, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Holds {
    Text,
    Date,
    Money,
    Number,
    Int,
    Percent,
    Bool,
}

impl Holds {
    /// As the declaration spells it.
    const fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Date => "date",
            Self::Money => "money",
            Self::Number => "number",
            Self::Int => "int",
            Self::Percent => "percent",
            Self::Bool => "bool",
        }
    }
}

/// 名称 / Names
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "version": 1, "zh": "开工日期", "en": "Start" }))]
struct Names {
    /// 所见的声明的版本 / The version of the declaration that was seen
    version: u32,
    /// 中文名 / Its name in Chinese
    #[schema(min_length = 1, max_length = 100)]
    zh: String,
    /// 英文名 / Its name in English
    #[schema(min_length = 1, max_length = 100)]
    en: String,
}

/// 从哪个阶段起 / From which stage
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "version": 1, "stage": "building" }))]
struct FromStage {
    /// 所见的声明的版本 / The version of the declaration that was seen
    version: u32,
    /// 阶段的键 / Key of the stage
    #[schema(min_length = 1, max_length = 60)]
    stage: String,
}

/// 所见的声明的版本 / The version of the declaration that was seen
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "version": 1 }))]
struct SeenVersion {
    version: u32,
}

/// Carries a change out; which version there is now.
async fn changed(
    site: &Site,
    scene: &Supervise,
    asked: &Asked,
    command: CommandId,
    (version, change): (u32, DeclarationChange),
) -> Result<Json<NewVersion>, Problem> {
    let what = ChangeDeclaration { version, change };
    let done = carry_out::<Declaration, _>(site, asked, command, declaration_id(), what).await?;
    let version = scene.newest(site)?.version;
    Ok(Json(NewVersion { done, version }))
}

/// The item of the path.
fn item(asked: &Asked) -> String {
    asked.params.get("item").unwrap_or_default().to_owned()
}

async fn add(
    site: Site,
    asked: Asked,
    command: CommandId,
    Extension(scene): Extension<Supervise>,
    Said(new): Said<NewItem>,
) -> Result<Json<NewVersion>, Problem> {
    let column = NewColumn {
        key: new.key.clone(),
        zh: new.zh.clone(),
        en: new.en.clone(),
        field: new.holds.name().to_owned(),
        choices: Vec::new(),
        example: String::new(),
    };
    let change = DeclarationChange::AddItem {
        category: new.category,
        key: new.key,
        zh: new.zh,
        en: new.en,
        from: new.from,
        public: new.public.unwrap_or_default(),
        columns: vec![column],
    };
    changed(&site, &scene, &asked, command, (new.version, change)).await
}

async fn relabel(
    site: Site,
    asked: Asked,
    command: CommandId,
    Extension(scene): Extension<Supervise>,
    Said(new): Said<Names>,
) -> Result<Json<NewVersion>, Problem> {
    let item = item(&asked);
    let (zh, en) = (new.zh, new.en);
    let change = DeclarationChange::Relabel { item, zh, en };
    changed(&site, &scene, &asked, command, (new.version, change)).await
}

async fn require(
    site: Site,
    asked: Asked,
    command: CommandId,
    Extension(scene): Extension<Supervise>,
    Said(new): Said<FromStage>,
) -> Result<Json<NewVersion>, Problem> {
    let item = item(&asked);
    let stage = new.stage;
    let change = DeclarationChange::RequireFrom { item, stage };
    changed(&site, &scene, &asked, command, (new.version, change)).await
}

async fn retire(
    site: Site,
    asked: Asked,
    command: CommandId,
    Extension(scene): Extension<Supervise>,
    Said(seen): Said<SeenVersion>,
) -> Result<Json<NewVersion>, Problem> {
    let item = item(&asked);
    let change = (seen.version, DeclarationChange::Retire { item });
    changed(&site, &scene, &asked, command, change).await
}

async fn restore(
    site: Site,
    asked: Asked,
    command: CommandId,
    Extension(scene): Extension<Supervise>,
    Said(seen): Said<SeenVersion>,
) -> Result<Json<NewVersion>, Problem> {
    let item = item(&asked);
    let change = (seen.version, DeclarationChange::Restore { item });
    changed(&site, &scene, &asked, command, change).await
}
