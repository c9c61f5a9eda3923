//! The API of the server itself, the document that describes it and every scene's (OpenAPI 3.1), and a page to read that.

use std::sync::{Arc, LazyLock, OnceLock};

use askama::Template;
use axum::extract::Query;
use axum::http::Method;
use axum::response::Response;
use axum::{Extension, Json};
use kandeng_platform::account::Viewer;
use kandeng_platform::authority::Action;
use kandeng_platform::page::{Asked, Frame, Problem, Program, Routes, Shell, Site, Words, html};
use kandeng_platform::{Scene, Text};
use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::{OpenApi, ToSchema};
use uuid::Uuid;

use crate::frame::Asking;
use crate::readings::{self, Filter};
use crate::words::words;

/// The most readings that are given at once.
const MOST: u32 = 500;

pub(crate) fn routes(scenes: &[Box<dyn Scene>]) -> Routes {
    let parts: Vec<Value> = scenes.iter().map(|scene| scene.api()).collect();
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
                page(&site, viewer.as_ref(), frame, &asking, &document)
            },
        )
        .signed_in(Method::GET, "/api/me", me)
        .asks(
            Method::GET,
            "/api/readings",
            Action::ViewReadings,
            |site, viewer, _| Ok(site.widest(viewer, Action::ViewReadings)),
            list_readings,
        )
}

/// 请求有何问题 / What is wrong with a request (RFC 9457)
#[derive(Serialize, ToSchema)]
#[allow(dead_code, reason = "it describes what is written elsewhere")]
struct ProblemDocument {
    /// 问题的种类,不会改变 / What kind of thing is wrong, stable: `/problems/not-found`
    r#type: String,
    /// 给人看的说明,按所要的语言 / The same for people, in the language that was asked for
    title: String,
    status: u16,
    /// 怎么办 / What to do
    detail: String,
    /// 请求编号,日志里也有 / The number of the request, which the log knows it by
    instance: String,
}

/// 请求者 / Whoever asks
#[derive(Serialize, ToSchema)]
struct Me {
    #[schema(value_type = String, format = "uuid")]
    account: Uuid,
    /// `zh` 或 `en` / `zh` or `en`
    language: &'static str,
    grants: Vec<Role>,
    /// 可否更改 / Whether this request may be one that changes things
    changes: bool,
}

/// 辖区内的角色 / A role within a jurisdiction
#[derive(Serialize, ToSchema)]
struct Role {
    /// 如 `officer` / Such as `officer`
    role: &'static str,
    /// 2、4、6、9 或 12 位区划代码 / A division code of 2, 4, 6, 9 or 12 digits
    jurisdiction: String,
}

#[utoipa::path(
    get,
    path = "/api/me",
    summary = "何人在请求,有何权限 / Who asks, and what they may do",
    responses(
        (status = 200, description = "请求者 / Whoever asks", body = Me),
        (status = 401, description = "没有会话,也没有令牌 / Neither session nor token", body = ProblemDocument, content_type = "application/problem+json"),
    ),
    security(("token" = []), ("session" = []))
)]
async fn me(viewer: Viewer, program: Option<Extension<Program>>) -> Json<Me> {
    Json(Me {
        account: viewer.account,
        language: match viewer.language {
            kandeng_platform::Language::Zh => "zh",
            kandeng_platform::Language::En => "en",
        },
        grants: viewer
            .grants
            .into_iter()
            .map(|grant| Role {
                role: grant.role.name(),
                jurisdiction: grant.jurisdiction,
            })
            .collect(),
        changes: program.is_none_or(|Extension(program)| program.changes),
    })
}

/// 一次查阅 / That somebody looked at something
#[derive(Serialize, ToSchema)]
struct ReadingRow {
    /// 账本位置 / Its place in the ledger
    position: u64,
    /// 对象种类,如 `case`、`person` / What was read, such as `case` or `person`
    what: String,
    #[schema(value_type = String, format = "uuid")]
    thing: Uuid,
    /// 查阅者的账号 / Whose account read it
    #[schema(value_type = String, format = "uuid")]
    actor: Uuid,
    /// 时间,1970 年起的毫秒数 / When, in milliseconds since 1970
    at: i64,
    reason: String,
}

#[utoipa::path(
    get,
    path = "/api/readings",
    summary = "查阅记录,最新的在前 / Who looked at what, the newest first",
    params(
        ("actor" = Option<String>, Query, format = "uuid", description = "只看此账号 / By this account alone"),
        ("thing" = Option<String>, Query, format = "uuid", description = "只看此对象 / Of this thing alone"),
        ("before" = Option<u64>, Query, minimum = 0, description = "账本中此位置之前 / Before this place in the ledger"),
    ),
    responses(
        (status = 200, description = "至多 500 条 / Up to 500 readings", body = [ReadingRow]),
        (status = 400, description = "参数无法读取 / The parameters cannot be read", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 401, description = "没有会话,也没有令牌 / Neither session nor token", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "不在请求者可见范围 / Not within what whoever asks may see", body = ProblemDocument, content_type = "application/problem+json"),
    ),
    security(("token" = []), ("session" = []))
)]
async fn list_readings(
    site: Site,
    asked: Asked,
    Query(filter): Query<Filter>,
) -> Result<Json<Vec<ReadingRow>>, Problem> {
    let noted = readings::wanted(&site, &asked, &filter, MOST)?;
    let rows = noted.into_iter().map(|noted| ReadingRow {
        position: noted.position,
        what: noted.what,
        thing: noted.thing,
        actor: noted.actor,
        at: noted.at,
        reason: noted.reason,
    });
    Ok(Json(rows.collect()))
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Kandeng",
        description = "The operations of the pages, for programs. Errors are problem documents (RFC 9457); what lies \
                       outside one's jurisdiction is not found (404). Requests that change something carry a token \
                       (`Authorization: Bearer …`), or a session's cookie together with `x-form-token`.",
        version = "1"
    ),
    paths(me, list_readings),
    components(schemas(ProblemDocument))
)]
struct Own;

/// The server's own part.
static OWN: LazyLock<Value> = LazyLock::new(|| {
    // Cannot fail: it is made of maps and strings.
    let mut own = serde_json::to_value(Own::openapi()).unwrap_or_default();
    own["components"]["securitySchemes"] = json!({
        "token": { "type": "http", "scheme": "bearer" },
        "session": { "type": "apiKey", "in": "cookie", "name": crate::frame::SESSION },
    });
    own
});

/// The whole document: paths and components of all parts. The first to name something has it.
fn merged(parts: &[Value]) -> Value {
    let mut whole = OWN.clone();
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

struct Operation {
    method: String,
    path: String,
    summary: String,
    parameters: Vec<(String, String, bool)>,
    body: Option<String>,
    answers: Vec<(String, String, String)>,
}

struct Shape {
    name: String,
    about: String,
    fields: Vec<(String, String, String, bool)>,
}

#[derive(Template)]
#[template(path = "api.html")]
struct ApiPage {
    shell: Shell,
    operations: Vec<Operation>,
    shapes: Vec<Shape>,
}

fn page(
    site: &Site,
    viewer: Option<&Viewer>,
    frame: Frame,
    asking: &Asking,
    document: &Value,
) -> Response {
    let words = words(asking.language);
    let title = words.say("api");
    html(&ApiPage {
        shell: match viewer {
            Some(viewer) => Shell::of(site, viewer, frame, words, title),
            None => Shell::public(frame, words, title),
        },
        operations: operations(document, words),
        shapes: shapes(document, words),
    })
}

fn text(of: &Value) -> String {
    of.as_str().unwrap_or_default().to_owned()
}

/// What is meant for people stands in both languages, Chinese first: `查阅记录 / Who looked at what`.
fn told(of: &Value, words: Words) -> String {
    let both = of.as_str().unwrap_or_default();
    let (zh, en) = both.split_once(" / ").unwrap_or((both, both));
    words.of(&Text::new(zh, en)).to_owned()
}

fn operations(document: &Value, words: Words) -> Vec<Operation> {
    let mut all = Vec::new();
    for (path, item) in document["paths"].as_object().into_iter().flatten() {
        for (method, of) in item.as_object().into_iter().flatten() {
            let parameters = of["parameters"].as_array().into_iter().flatten();
            let answers = of["responses"].as_object().into_iter().flatten();
            let body = of["requestBody"]["content"].as_object();
            all.push(Operation {
                method: method.to_uppercase(),
                path: path.clone(),
                summary: told(&of["summary"], words),
                parameters: parameters
                    .map(|parameter| {
                        let needed = parameter["required"].as_bool().unwrap_or(false);
                        let about = told(&parameter["description"], words);
                        (text(&parameter["name"]), about, needed)
                    })
                    .collect(),
                body: body
                    .and_then(|content| content.values().next())
                    .map(|content| shape(&content["schema"])),
                answers: answers
                    .map(|(status, answer)| {
                        let content = answer["content"].as_object();
                        let content = content.and_then(|content| content.values().next());
                        let of = content.map(|content| shape(&content["schema"]));
                        let about = told(&answer["description"], words);
                        (status.clone(), about, of.unwrap_or_default())
                    })
                    .collect(),
            });
        }
    }
    all
}

fn shapes(document: &Value, words: Words) -> Vec<Shape> {
    let all = document["components"]["schemas"].as_object();
    all.into_iter()
        .flatten()
        .map(|(name, schema)| {
            let needed: Vec<&str> = schema["required"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .collect();
            let fields = schema["properties"].as_object().into_iter().flatten();
            Shape {
                name: name.clone(),
                about: told(&schema["description"], words),
                fields: fields
                    .map(|(field, of)| {
                        let is_needed = needed.contains(&field.as_str());
                        let about = told(&of["description"], words);
                        (field.clone(), shape(of), about, is_needed)
                    })
                    .collect(),
            }
        })
        .collect()
}

/// What a schema is, in a word: `string`, `Role`, `Role[]`.
fn shape(schema: &Value) -> String {
    if let Some(reference) = schema["$ref"].as_str() {
        return reference.rsplit('/').next().unwrap_or_default().to_owned();
    }
    let kinds: Vec<&str> = match &schema["type"] {
        Value::String(kind) => vec![kind],
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    if kinds.contains(&"array") {
        return format!("{}[]", shape(&schema["items"]));
    }
    let choices = ["oneOf", "anyOf", "allOf"]
        .iter()
        .find_map(|of| schema[*of].as_array());
    match choices {
        Some(choices) => choices.iter().map(shape).collect::<Vec<_>>().join(" | "),
        None => kinds.join(" | "),
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
        let whole = merged(&[part, Value::Null]);
        assert_eq!(whole["openapi"], "3.1.0");
        assert_eq!(whole["paths"]["/api/lamps"]["get"]["summary"], "Lamps");
        assert_ne!(whole["paths"]["/api/me"]["get"], json!({}));
        assert!(whole["components"]["schemas"]["Lamp"].is_object());
        assert!(whole["components"]["schemas"]["Me"]["properties"].is_object());
        assert!(whole["components"]["headers"]["x"].is_object());
    }

    #[test]
    fn shapes_are_named_in_a_word() {
        for (schema, word) in [
            (json!({ "$ref": "#/components/schemas/Role" }), "Role"),
            (
                json!({ "type": "array", "items": { "type": "string" } }),
                "string[]",
            ),
            (json!({ "type": ["string", "null"] }), "string | null"),
            (
                json!({ "oneOf": [{ "type": "null" }, { "$ref": "#/components/schemas/Role" }] }),
                "null | Role",
            ),
        ] {
            assert_eq!(shape(&schema), word, "{schema}");
        }
    }
}
