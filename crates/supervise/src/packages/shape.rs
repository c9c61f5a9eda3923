//! Which package a document is: read once for its kind, version and size, before anything in it is looked at.

use std::fmt;

use kandeng_screening::Text;
use serde::de::{DeserializeSeed, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::{MOST_PROJECTS, PackageError};

/// A kind of package.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PackageKind {
    /// Projects, by OC4IDS.
    Projects,
    /// Releases of contracting processes, by OCDS.
    Releases,
    /// Records of contracting processes, by OCDS.
    Records,
}

impl PackageKind {
    /// Its name.
    pub fn text(self) -> Text {
        match self {
            Self::Projects => Text::new("OC4IDS 项目包", "OC4IDS project package"),
            Self::Releases => Text::new("OCDS 发布包", "OCDS release package"),
            Self::Records => Text::new("OCDS 记录包", "OCDS record package"),
        }
    }

    /// The field that holds what it is a package of.
    pub(super) fn key(self) -> &'static str {
        match self {
            Self::Projects => "projects",
            Self::Releases => "releases",
            Self::Records => "records",
        }
    }
}

/// What a document is, as far as it decides how it is read.
pub(super) struct Shape {
    pub kind: PackageKind,
    /// Projects, releases or records in it.
    pub count: usize,
}

/// The fields of a document that say which kind it is.
#[derive(Default, Deserialize)]
struct Fields {
    version: Option<Value>,
    projects: Option<Count>,
    releases: Option<Count>,
    records: Option<Count>,
    ocid: Option<IgnoredAny>,
    #[serde(rename = "type")]
    kind: Option<Value>,
}

impl Shape {
    pub(super) fn of(text: &str) -> Result<Self, PackageError> {
        if text.trim_start().starts_with('[') {
            return Err(PackageError::whole(
                "是一个列表,不是包;请提供 OC4IDS 项目包或 OCDS 发布包、记录包",
                "a list and no package; give a project package of OC4IDS or a release or record package of OCDS",
            ));
        }
        let fields: Fields =
            serde_json::from_str(text).map_err(|error| PackageError::json(&error))?;
        let present = [
            (PackageKind::Projects, &fields.projects),
            (PackageKind::Records, &fields.records),
            (PackageKind::Releases, &fields.releases),
        ];
        let found = present
            .into_iter()
            .find_map(|(kind, count)| Some((kind, count.as_ref()?)));
        let Some((kind, count)) = found else {
            return Err(another(&fields));
        };
        // A record, bare of its package.
        if kind == PackageKind::Releases && fields.ocid.is_some() {
            return Err(another(&fields));
        }
        let key = kind.key();
        let Some(count) = count.0 else {
            return Err(PackageError::at(
                &format!("/{key}"),
                "应为列表",
                "expected a list",
            ));
        };
        check_version(kind, fields.version.as_ref())?;
        if count == 0 {
            return Err(PackageError::at(
                &format!("/{key}"),
                "里面一个也没有,没有可以导入的",
                "none in it; there is nothing to import",
            ));
        }
        if count > MOST_PROJECTS {
            return Err(PackageError::too_many(key));
        }
        Ok(Self { kind, count })
    }
}

fn another(fields: &Fields) -> PackageError {
    if fields.ocid.is_some() {
        return PackageError::at(
            "/ocid",
            "是单独的 release 或 record,不是包;请放进发布包或记录包",
            "a release or record by itself and no package; put it into a release or record package",
        );
    }
    if let Some(Value::String(kind)) = &fields.kind {
        let kind: String = kind.chars().take(40).collect();
        return PackageError::at(
            "/type",
            format!("是另一种文件({kind}),不是 OC4IDS 项目包或 OCDS 发布包、记录包"),
            format!(
                "a file of another kind ({kind}), neither a project package of OC4IDS nor a release or record package of OCDS"
            ),
        );
    }
    PackageError::whole(
        "没有 projects、releases 或 records:不是 OC4IDS 项目包,也不是 OCDS 发布包、记录包",
        "there are no projects, releases or records: neither a project package of OC4IDS nor a release or record package of OCDS",
    )
}

/// Refuses versions whose fields may mean something else. OCDS counts a package without one as 1.0.
fn check_version(kind: PackageKind, version: Option<&Value>) -> Result<(), PackageError> {
    let known: &[&str] = match kind {
        PackageKind::Projects => &["0.9"],
        PackageKind::Releases | PackageKind::Records => &["1.1", "1.0"],
    };
    let found = match version {
        None if kind != PackageKind::Projects => return Ok(()),
        None => "–".to_owned(),
        Some(Value::String(version)) if known.contains(&&**version) => return Ok(()),
        Some(Value::String(version)) => version.chars().take(20).collect(),
        Some(other) => other.to_string().chars().take(20).collect(),
    };
    let known = known.join(", ");
    Err(PackageError::at(
        "/version",
        format!("标准版本是“{found}”,只能读取 {known};请按该版本重新导出"),
        format!(
            "the version of the standard is {found}, and only {known} is read; export it again by that"
        ),
    ))
}

/// How long a list is; nothing when it is none.
struct Count(Option<usize>);

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Counted;
        impl<'de> Visitor<'de> for Counted {
            type Value = Count;
            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a list")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Count, A::Error> {
                let mut count = 0;
                while list.next_element::<IgnoredAny>()?.is_some() {
                    count += 1;
                }
                Ok(Count(Some(count)))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Count, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Count(None))
            }
            fn visit_str<E: serde::de::Error>(self, _: &str) -> Result<Count, E> {
                Ok(Count(None))
            }
            fn visit_bool<E: serde::de::Error>(self, _: bool) -> Result<Count, E> {
                Ok(Count(None))
            }
            fn visit_u64<E: serde::de::Error>(self, _: u64) -> Result<Count, E> {
                Ok(Count(None))
            }
            fn visit_i64<E: serde::de::Error>(self, _: i64) -> Result<Count, E> {
                Ok(Count(None))
            }
            fn visit_f64<E: serde::de::Error>(self, _: f64) -> Result<Count, E> {
                Ok(Count(None))
            }
        }
        deserializer.deserialize_any(Counted)
    }
}

/// Goes through a list of the document, one element in memory at a time.
pub(super) fn each(
    text: &str,
    key: &str,
    take: impl FnMut(usize, Value) -> Result<(), PackageError>,
) -> Result<(), PackageError> {
    let mut failed = None;
    let mut reader = serde_json::Deserializer::from_str(text);
    let document = Document {
        key,
        take,
        failed: &mut failed,
    };
    let read = document.deserialize(&mut reader);
    match (failed, read) {
        (Some(error), _) => Err(error),
        (None, Err(error)) => Err(PackageError::json(&error)),
        (None, Ok(())) => Ok(()),
    }
}

struct Document<'k, F> {
    key: &'k str,
    take: F,
    failed: &'k mut Option<PackageError>,
}

impl<'de, F: FnMut(usize, Value) -> Result<(), PackageError>> DeserializeSeed<'de>
    for Document<'_, F>
{
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, F: FnMut(usize, Value) -> Result<(), PackageError>> Visitor<'de> for Document<'_, F> {
    type Value = ();
    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a package")
    }
    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            if key == self.key {
                map.next_value_seed(List(&mut self.take, &mut *self.failed))?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

struct List<'l, F>(&'l mut F, &'l mut Option<PackageError>);

impl<'de, F: FnMut(usize, Value) -> Result<(), PackageError>> DeserializeSeed<'de> for List<'_, F> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, F: FnMut(usize, Value) -> Result<(), PackageError>> Visitor<'de> for List<'_, F> {
    type Value = ();
    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list")
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let mut index = 0;
        while let Some(value) = list.next_element::<Value>()? {
            if let Err(error) = (self.0)(index, value) {
                *self.1 = Some(error);
                return Err(A::Error::custom("refused"));
            }
            index += 1;
        }
        Ok(())
    }
}
