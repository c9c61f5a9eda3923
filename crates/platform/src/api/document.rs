//! How an operation is described: every status that it may answer, each with what is in it.

use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::{Body, COMMAND_HEADER, Given, MOST_HEADER, Operation, Shape};
use crate::account::Scope;
use crate::authority::Action;

/// 请求有何问题 / What is wrong with a request (RFC 9457)
#[derive(Serialize, ToSchema)]
#[allow(dead_code, reason = "it describes what the server writes")]
pub struct ProblemDocument {
    /// 问题的种类,不会改变 / What kind of thing is wrong, stable
    #[schema(example = "/problems/not-found")]
    r#type: String,
    /// 给人看的说明,按所要的语言 / The same for people, in the language that was asked for
    title: String,
    /// HTTP 状态码 / The status
    #[schema(minimum = 400, maximum = 599)]
    status: u16,
    /// 怎么办 / What to do
    detail: String,
    /// 请求编号,日志里也有 / The number of the request, which the log knows it by
    instance: String,
    /// 哪个字段有问题:JSON Pointer,或参数名 / Which field is wrong: a JSON Pointer, or the name of a parameter
    #[schema(example = "/fields/approved_budget")]
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<String>,
}

/// What may be wrong with every request.
const ALWAYS: [(u16, &str); 5] = [
    (
        401,
        "没有会话,也没有有效的令牌 / Neither session nor a token that is good",
    ),
    (
        408,
        "没有按时送达或答复 / It took too long to arrive, or to answer",
    ),
    (
        421,
        "请求的不是本站的名字 / The request is for another name than ours",
    ),
    (
        500,
        "服务器出错,日志里有 / A fault of ours, which the log tells",
    ),
    (
        503,
        "一时太忙,稍后用同一个命令编号再试 / Too busy; try again later, with the same key",
    ),
];

const UNREADABLE: (u16, &str) = (
    400,
    "无法读取,`field` 指出哪里 / It cannot be read; `field` says where",
);

const MISSING: (u16, &str) = (
    404,
    "没有,或不在请求者的权限内 / There is none, or none that whoever asks may know of",
);

/// What may be wrong with a request that changes something.
const CHANGING: [(u16, &str); 2] = [
    (
        403,
        "令牌没有所需的权限,或请求不是从本站页面发出 / The token lacks the scope that is needed, or the request comes from no page of ours",
    ),
    (413, "内容太大 / It is too large"),
];

const KIND: (u16, &str) = (415, "内容的类型不对 / It is of another kind than is taken");

const REFUSED: (u16, &str) = (
    409,
    "不能这样办,`type` 和 `detail` 说明原因 / It is refused; `type` and `detail` say why",
);

impl Operation {
    pub(super) fn document(&self, action: Option<Action>) -> Value {
        let scope = action.filter(|_| !self.method.is_safe());
        let scope: Vec<&str> = scope
            .and_then(Action::scope)
            .map(Scope::name)
            .into_iter()
            .collect();
        let mut document = json!({
            "operationId": self.id(),
            "summary": self.about,
            "responses": self.responses(action.is_some()),
            "security": [{ "token": scope }, { "session": [] }],
        });
        let parameters = self.parameters();
        if !parameters.is_empty() {
            document["parameters"] = parameters.into();
        }
        match &self.body {
            Body::Nothing => {}
            Body::Json(shape) => {
                document["requestBody"] = json!({
                    "required": true,
                    "content": { "application/json": { "schema": shape.reference() } },
                });
            }
            Body::Form {
                about,
                most,
                beside,
            } => {
                document["requestBody"] = json!({
                    "required": true,
                    "description": about,
                    "content": { "multipart/form-data": { "schema": form(*most, beside.as_ref()) } },
                });
            }
        }
        document
    }

    /// `get-supervise-projects-id`.
    fn id(&self) -> String {
        let path = self.path.trim_start_matches("/api/");
        let path = path.replace(['{', '}'], "").replace(['/', '.'], "-");
        format!("{}-{path}", self.method.as_str().to_lowercase())
    }

    fn parameters(&self) -> Vec<Value> {
        let named = self.path.split('/').filter_map(|part| {
            let name = part.strip_prefix('{')?.strip_suffix('}')?;
            let schema = if name == "id" {
                json!({ "type": "string", "format": "uuid" })
            } else {
                json!({ "type": "string", "minLength": 1 })
            };
            Some(json!({ "name": name, "in": "path", "required": true, "schema": schema }))
        });
        let mut parameters: Vec<Value> = named.collect();
        if let Some(shape) = &self.asks {
            parameters.extend(asked(shape));
        }
        if self.is_command {
            parameters.push(json!({
                "name": COMMAND_HEADER,
                "in": "header",
                "required": false,
                "description": "命令的编号:同一编号再发一次,得到第一次的答复 / The command's key: sent again with the same \
                                one, it gets its first answer",
                "schema": { "type": "string", "format": "uuid" },
            }));
        }
        for (name, about) in &self.headers {
            parameters.push(json!({
                "name": name, "in": "header", "required": false, "description": about,
                "schema": { "type": "string", "minLength": 1, "maxLength": MOST_HEADER, "pattern": "^[!-~]+( [!-~]+)*$" },
            }));
        }
        parameters
    }

    fn responses(&self, may_be_missing: bool) -> Map<String, Value> {
        let changes = !self.method.is_safe();
        let mut wrong: Vec<(u16, &str)> = ALWAYS.to_vec();
        if changes {
            wrong.extend(CHANGING);
            wrong.push(UNREADABLE);
        }
        if self.asks.is_some() {
            wrong.extend([UNREADABLE, (413, "地址太长 / The address is too long")]);
        }
        if may_be_missing {
            wrong.push(MISSING);
        }
        if !self.headers.is_empty() {
            wrong.extend([UNREADABLE, CHANGING[0]]);
        }
        if changes {
            wrong.push(REFUSED);
        }
        if !matches!(self.body, Body::Nothing) {
            wrong.push(KIND);
        }
        let mut responses = Map::new();
        for (status, about) in wrong {
            let kind = json!({ "application/problem+json": {
                "schema": { "$ref": "#/components/schemas/ProblemDocument" }
            } });
            responses.insert(
                status.to_string(),
                json!({ "description": about, "content": kind }),
            );
        }
        // What the operation says of itself stands above what holds for all.
        for given in &self.given {
            responses.insert(given.status.to_string(), given.document());
        }
        responses
    }
}

impl Given {
    fn document(&self) -> Value {
        let mut document = json!({ "description": self.about });
        if let Some(shape) = &self.shape {
            let kind = if self.status < 400 {
                "application/json"
            } else {
                "application/problem+json"
            };
            document["content"] = json!({ kind: { "schema": shape.reference() } });
        }
        for kind in self.kinds {
            document["content"][*kind] = json!({});
        }
        document
    }
}

/// A form with files, and what may stand beside them.
fn form(most: usize, beside: Option<&Shape>) -> Value {
    let file = json!({
        "type": "string",
        "contentMediaType": "application/octet-stream",
        "format": "binary",
    });
    let file = match most {
        1 => file,
        most => json!({ "type": "array", "items": file, "minItems": 1, "maxItems": most }),
    };
    let own = beside.map(Shape::own);
    let mut fields = own.map_or_else(|| json!({}), |own| own["properties"].clone());
    // What stands in a form is text: nothing is said by leaving it out.
    for schema in fields.as_object_mut().into_iter().flat_map(Map::values_mut) {
        without_null(schema);
    }
    fields["file"] = file;
    let needed = own.and_then(|own| own["required"].as_array().cloned());
    let mut needed = needed.unwrap_or_default();
    needed.push("file".into());
    json!({
        "type": "object",
        "required": needed,
        "additionalProperties": false,
        "properties": fields,
    })
}

/// The one kind of a value that is left out rather than null.
fn without_null(schema: &mut Value) {
    let kinds = schema["type"].as_array();
    let kind = kinds.and_then(|kinds| kinds.iter().find(|kind| *kind != "null"));
    if let Some(kind) = kind.cloned() {
        schema["type"] = kind;
    }
}

/// Each field of a shape as a parameter of the address.
fn asked(shape: &Shape) -> impl Iterator<Item = Value> {
    let own = shape.own();
    let needed = own["required"].as_array();
    let fields = own["properties"].as_object().into_iter().flatten();
    fields.map(move |(name, schema)| {
        let choices = schema["oneOf"].as_array().into_iter().flatten();
        let choice = choices.into_iter().find(|choice| choice["type"] != "null");
        let choice = choice.unwrap_or(schema);
        let mut abouts = [schema, choice, shape.resolved(choice)].into_iter();
        let about = abouts.find_map(|schema| schema["description"].as_str());
        let about = about.unwrap_or_default().to_owned();
        let mut schema = shape.resolved(choice).clone();
        without_null(&mut schema);
        if let Some(schema) = schema.as_object_mut() {
            schema.remove("description");
        }
        json!({
            "name": name,
            "in": "query",
            "required": needed.is_some_and(|needed| needed.iter().any(|one| one == name)),
            "description": about,
            "schema": schema,
        })
    })
}
