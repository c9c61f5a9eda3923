//! The API of the server itself, the document that describes it and every scene's (OpenAPI 3.1), and a page to read that.

mod page;
mod people;

use std::sync::{Arc, OnceLock};

use axum::http::Method;
use axum::{Extension, Json};
use kandeng_platform::Scene;
use kandeng_platform::account::{Grant, Scope, Viewer};
use kandeng_platform::api::{Asks, Id, Operation, Operations, ProblemDocument};
use kandeng_platform::authority::Action;

use kandeng_platform::page::{Asked, Frame, Problem, Program, Routes, Site};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use utoipa::{PartialSchema as _, ToSchema};

use crate::frame::Asking;
use crate::readings::{self, Filter};

/// The most readings that are given at once.
const MOST: u32 = 500;

pub(crate) fn routes(scenes: &[Box<dyn Scene>]) -> Routes {
    let own = operations_of_the_server();
    let mut parts = vec![own.document()];
    parts.extend(scenes.iter().map(|scene| scene.api()));
    let whole: Arc<OnceLock<Value>> = Arc::default();
    let document = Arc::new(move || whole.get_or_init(|| merged(&parts)).clone());
    let shown = Arc::clone(&document);
    Routes::new()
        .public(Method::GET, "/api/openapi.json", async move || {
            Json(document())
        })
        .public(
            Method::GET,
            "/api",
            async move |site: Site,
                        viewer: Option<Viewer>,
                        Extension(frame): Extension<Frame>,
                        Extension(asking): Extension<Asking>| {
                let document = shown();
                page::page(&site, viewer.as_ref(), frame, &asking, &document)
            },
        )
        .and(own.routes())
}

fn operations_of_the_server() -> Operations {
    let me_of = Operation::read(
        "/api/me",
        "何人在请求,有何权限 / Who asks, and what they may do",
    );
    let readings_of = Operation::read(
        "/api/readings",
        "查阅记录,最新的在前 / Who looked at what, the newest first",
    );
    Operations::new()
        .signed_in(me_of.giving::<Me>(200, "请求者 / Whoever asks"), me)
        .asks(
            readings_of
                .asking::<WantedReadings>()
                .giving::<Readings>(200, "至多 500 条 / Up to 500 readings"),
            Action::ViewReadings,
            |site, viewer, _| Ok(site.widest(viewer, Action::ViewReadings)),
            list_readings,
        )
        .and(people::operations())
}

/// 请求者 / Whoever asks
#[derive(Serialize, ToSchema)]
struct Me {
    account: Id,
    /// `zh` 或 `en` / `zh` or `en`
    #[schema(example = "zh")]
    language: &'static str,
    grants: Vec<Role>,
    /// 令牌可更改什么:`file`、`vouch`、`import`、`decide`、`rules`、`settings`、`people`;会话不受限 / What this token may
    /// change; a session may whatever its owner may
    #[schema(example = json!(["file"]))]
    scopes: Vec<&'static str>,
}

/// 辖区内的角色 / A role within a jurisdiction
#[derive(Serialize, ToSchema)]
struct Role {
    /// 如 `officer` / Such as `officer`
    #[schema(example = "officer")]
    role: &'static str,
    /// 2、4、6、9 或 12 位区划代码 / A division code of 2, 4, 6, 9 or 12 digits
    #[schema(example = "990121")]
    jurisdiction: String,
}

impl From<Grant> for Role {
    fn from(grant: Grant) -> Self {
        Self {
            role: grant.role.name(),
            jurisdiction: grant.jurisdiction,
        }
    }
}

async fn me(viewer: Viewer, program: Option<Extension<Program>>) -> Json<Me> {
    Json(Me {
        account: Id(viewer.account),
        language: match viewer.language {
            kandeng_platform::Language::Zh => "zh",
            kandeng_platform::Language::En => "en",
        },
        grants: viewer.grants.into_iter().map(Role::from).collect(),
        scopes: match program {
            Some(Extension(program)) => program.scopes.into_iter().map(Scope::name).collect(),
            None => Scope::ALL.map(Scope::name).to_vec(),
        },
    })
}

/// 要看哪些查阅记录 / Which readings
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct WantedReadings {
    /// 只看此账号 / By this account alone
    actor: Option<Id>,
    /// 只看此对象 / Of this thing alone
    thing: Option<Id>,
    /// 账本中此位置之前 / Before this place in the ledger
    before: Option<u64>,
}

/// 查阅记录 / Readings
#[derive(Serialize, ToSchema)]
struct Readings {
    readings: Vec<ReadingRow>,
    /// 还有更早的:作为 `before` 再问 / There are earlier ones: ask again with this as `before`
    next: Option<u64>,
}

/// 一次查阅 / That somebody looked at something
#[derive(Serialize, ToSchema)]
struct ReadingRow {
    /// 账本位置 / Its place in the ledger
    position: u64,
    /// 对象种类,如 `case`、`person` / What was read, such as `case` or `person`
    what: String,
    thing: Id,
    /// 查阅者的账号 / Whose account read it
    actor: Id,
    /// 时间,1970 年起的毫秒数 / When, in milliseconds since 1970
    at: i64,
    reason: String,
}

async fn list_readings(
    site: Site,
    asked: Asked,
    Asks(wanted): Asks<WantedReadings>,
) -> Result<Json<Readings>, Problem> {
    let filter = Filter {
        actor: wanted.actor.map(|Id(id)| id),
        thing: wanted.thing.map(|Id(id)| id),
        before: wanted.before,
    };
    let noted = readings::wanted(&site, &asked, &filter, MOST)?;
    let is_full = noted.len() == MOST as usize;
    let readings: Vec<ReadingRow> = noted
        .into_iter()
        .map(|noted| ReadingRow {
            position: noted.position,
            what: noted.what,
            thing: Id(noted.thing),
            actor: Id(noted.actor),
            at: noted.at,
            reason: noted.reason,
        })
        .collect();
    Ok(Json(Readings {
        next: readings
            .last()
            .filter(|_| is_full)
            .map(|last| last.position),
        readings,
    }))
}

/// What holds for all operations.
fn frame_of_the_document() -> Value {
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Kandeng",
            "description": "The operations of the pages, for programs. Errors are problem documents (RFC 9457); what \
                lies outside one's jurisdiction is not found (404). Requests that change something carry a token \
                (`Authorization: Bearer …`), or a session's cookie together with `x-form-token`; with an \
                `idempotency-key` they can be sent again.",
            "version": "1",
        },
        "paths": {},
        "components": {
            "schemas": { "ProblemDocument": ProblemDocument::schema() },
            "securitySchemes": {
                "token": { "type": "http", "scheme": "bearer" },
                "session": { "type": "apiKey", "in": "cookie", "name": crate::frame::SESSION },
            },
        },
    })
}

/// The whole document: paths and components of all parts. The first to name something has it.
fn merged(parts: &[Value]) -> Value {
    let mut whole = frame_of_the_document();
    for part in parts {
        for (key, value) in part["paths"].as_object().into_iter().flatten() {
            add(&mut whole["paths"], key, value);
        }
        for (kind, named) in part["components"].as_object().into_iter().flatten() {
            if whole["components"].get(kind).is_none() {
                whole["components"][kind] = Value::Object(Map::new());
            }
            for (name, value) in named.as_object().into_iter().flatten() {
                add(&mut whole["components"][kind], name, value);
            }
        }
    }
    whole
}

fn add(to: &mut Value, key: &str, value: &Value) {
    if let Some(to) = to.as_object_mut() {
        to.entry(key).or_insert_with(|| value.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scenes_part_is_added_and_takes_nothing_away() {
        let part = json!({
            "paths": { "/api/lamps": { "get": { "summary": "Lamps" } }, "/api/me": { "get": {} } },
            "components": { "schemas": { "Lamp": { "type": "object" }, "Me": {} }, "headers": { "x": {} } },
        });
        let whole = merged(&[operations_of_the_server().document(), part, Value::Null]);
        assert_eq!(whole["openapi"], "3.1.0");
        assert_eq!(whole["paths"]["/api/lamps"]["get"]["summary"], "Lamps");
        assert_ne!(whole["paths"]["/api/me"]["get"], json!({}));
        assert!(whole["components"]["schemas"]["Lamp"].is_object());
        assert!(whole["components"]["schemas"]["Me"]["properties"].is_object());
        assert!(whole["components"]["headers"]["x"].is_object());
    }
}
