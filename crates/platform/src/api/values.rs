//! Values that many operations give and take.

use std::borrow::Cow;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::openapi::schema::{ObjectBuilder, Schema, SchemaFormat, Type};
use utoipa::openapi::{KnownFormat, RefOr};
use utoipa::{PartialSchema, ToSchema};
use uuid::Uuid;

use crate::context::Text;
use crate::platform::Answer;

/// An id: a UUID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Id(pub Uuid);

impl PartialSchema for Id {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::Custom("uuid".to_owned())))
            .description(Some("编号 / An id"))
            .examples(["01936f6e-5f2a-7cc0-8000-000000000001"])
            .into()
    }
}

impl ToSchema for Id {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("Id")
    }
}

/// A moment, as RFC 3339 in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct At(pub Timestamp);

impl At {
    /// From the read model's milliseconds since 1970.
    pub fn of(milliseconds: i64) -> Self {
        // Cannot fail: it was a timestamp's milliseconds.
        Self(Timestamp::from_millisecond(milliseconds).unwrap_or_default())
    }
}

impl PartialSchema for At {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
            .description(Some("时刻,UTC / A moment, in UTC"))
            .examples(["2026-06-30T08:15:00Z"])
            .into()
    }
}

impl ToSchema for At {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("At")
    }
}

/// 两种语言的文字 / A text in both languages
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Both {
    /// 中文 / In Chinese
    pub zh: String,
    /// 英文 / In English
    pub en: String,
}

impl From<Text> for Both {
    fn from(text: Text) -> Self {
        Self {
            zh: text.zh,
            en: text.en,
        }
    }
}

impl From<&Text> for Both {
    fn from(text: &Text) -> Self {
        text.clone().into()
    }
}

/// 命令的结果 / What came of a command
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Done {
    /// 是否有改动;本来如此则为 false / Whether something changed; false where it was so already
    pub changed: bool,
    /// 第一个事件在账本中的位置 / Where the first of its events is in the ledger
    pub first: Option<u64>,
    /// 最后一个事件在账本中的位置 / Where the last of them is
    pub last: Option<u64>,
}

impl From<&Answer> for Done {
    fn from(answer: &Answer) -> Self {
        match answer {
            Answer::Done { positions } => Self {
                changed: true,
                first: Some(positions.start),
                last: positions.end.checked_sub(1),
            },
            Answer::Nothing => Self {
                changed: false,
                first: None,
                last: None,
            },
        }
    }
}
