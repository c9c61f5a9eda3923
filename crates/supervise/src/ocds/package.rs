//! Documents that are not one release: packages, records, lists. Read twice, first for their shape,
//! because a record may name its compiled release after the releases it makes superfluous.

use std::fmt;

use serde::de::{DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::merge::merged;
use super::oddities::Fault;
use super::release::Release;
use super::rows::Rows;

/// What is in a document, as far as it decides how to read it.
#[derive(Default, Debug)]
pub(super) struct Shape {
    ocid: bool,
    compiled: bool,
    versioned: bool,
    releases: Option<Embedded>,
    records: Option<Vec<Shape>>,
    list: Option<Vec<Shape>>,
    /// A link to a release that stands elsewhere.
    url: bool,
}

/// How much of a list of releases is there in full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Embedded {
    All,
    Some,
    None,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Release,
    ReleasePackage,
    Record,
    RecordPackage,
    List,
    Other,
}

impl Shape {
    fn kind(&self) -> Kind {
        if self.list.is_some() {
            Kind::List
        } else if self.records.is_some() {
            Kind::RecordPackage
        } else if self.compiled || self.versioned || (self.releases.is_some() && self.ocid) {
            Kind::Record
        } else if self.releases.is_some() {
            Kind::ReleasePackage
        } else if self.ocid {
            Kind::Release
        } else {
            Kind::Other
        }
    }
}

impl<'de> Deserialize<'de> for Shape {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ShapeVisitor)
    }
}

struct ShapeVisitor;

impl<'de> Visitor<'de> for ShapeVisitor {
    type Value = Shape;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a release, a record or a package")
    }
    fn visit_unit<E: Error>(self) -> Result<Shape, E> {
        Ok(Shape::default())
    }
    fn visit_bool<E: Error>(self, _: bool) -> Result<Shape, E> {
        Ok(Shape::default())
    }
    fn visit_i64<E: Error>(self, _: i64) -> Result<Shape, E> {
        Ok(Shape::default())
    }
    fn visit_u64<E: Error>(self, _: u64) -> Result<Shape, E> {
        Ok(Shape::default())
    }
    fn visit_f64<E: Error>(self, _: f64) -> Result<Shape, E> {
        Ok(Shape::default())
    }
    fn visit_str<E: Error>(self, _: &str) -> Result<Shape, E> {
        Ok(Shape::default())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Shape, A::Error> {
        let mut shapes = Vec::new();
        while let Some(shape) = list.next_element()? {
            shapes.push(shape);
        }
        Ok(Shape {
            list: Some(shapes),
            ..Shape::default()
        })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Shape, A::Error> {
        let mut shape = Shape::default();
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "ocid" => {
                    shape.ocid = true;
                    map.next_value::<IgnoredAny>()?;
                }
                "url" => {
                    shape.url = true;
                    map.next_value::<IgnoredAny>()?;
                }
                "compiledRelease" => {
                    shape.compiled = map.next_value::<Option<IgnoredAny>>()?.is_some()
                }
                "versionedRelease" => {
                    shape.versioned = map.next_value::<Option<IgnoredAny>>()?.is_some()
                }
                "releases" => {
                    let releases: Shape = map.next_value()?;
                    let releases = releases.list.unwrap_or_default();
                    let in_full = releases
                        .iter()
                        .filter(|release| release.ocid || !release.url)
                        .count();
                    shape.releases = Some(match in_full {
                        0 => Embedded::None,
                        count if count == releases.len() => Embedded::All,
                        _ => Embedded::Some,
                    });
                }
                "records" => {
                    shape.records = Some(map.next_value::<Shape>()?.list.unwrap_or_default())
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(shape)
    }
}

/// Reads a document of a known shape.
pub(super) struct Document<'r>(pub &'r mut Rows, pub &'r Shape);

impl<'de> DeserializeSeed<'de> for Document<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        match self.1.kind() {
            Kind::Release => Release(self.0).deserialize(deserializer),
            Kind::Other => {
                self.0.odd("document", Fault::NotOcds, "");
                IgnoredAny::deserialize(deserializer).map(|_| ())
            }
            _ => deserializer.deserialize_any(self),
        }
    }
}

impl<'de> Visitor<'de> for Document<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a package, a record or a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let shapes = self.1.list.as_deref().unwrap_or_default();
        for shape in shapes {
            if list
                .next_element_seed(Document(&mut *self.0, shape))?
                .is_none()
            {
                break;
            }
        }
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Self(rows, shape) = self;
        match shape.kind() {
            Kind::Record => read_record(rows, shape, map),
            Kind::RecordPackage => {
                rows.counts.record_packages += 1;
                let none = Vec::new();
                let records = shape.records.as_ref().unwrap_or(&none);
                while let Some(key) = map.next_key::<String>()? {
                    if key == "records" {
                        map.next_value_seed(Records(&mut *rows, records))?;
                    } else {
                        map.next_value::<IgnoredAny>()?;
                    }
                }
                Ok(())
            }
            _ => {
                rows.counts.release_packages += 1;
                while let Some(key) = map.next_key::<String>()? {
                    if key == "releases" {
                        map.next_value_seed(Releases(&mut *rows))?;
                    } else {
                        map.next_value::<IgnoredAny>()?;
                    }
                }
                Ok(())
            }
        }
    }
}

/// The list of releases of a package.
struct Releases<'r>(&'r mut Rows);

impl<'de> DeserializeSeed<'de> for Releases<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Releases<'_> {
    type Value = ();
    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list of releases")
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while list.next_element_seed(Release(&mut *self.0))?.is_some() {}
        Ok(())
    }
}

/// The list of records of a package, with the shape of each.
struct Records<'r>(&'r mut Rows, &'r [Shape]);

impl<'de> DeserializeSeed<'de> for Records<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Records<'_> {
    type Value = ();
    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list of records")
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        for shape in self.1 {
            if list
                .next_element_seed(Record(&mut *self.0, shape))?
                .is_none()
            {
                break;
            }
        }
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }
}

struct Record<'r>(&'r mut Rows, &'r Shape);

impl<'de> DeserializeSeed<'de> for Record<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        if self.1.kind() == Kind::Other && !self.1.ocid {
            self.0.odd("records", Fault::NoOcid, "");
            return IgnoredAny::deserialize(deserializer).map(|_| ());
        }
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Record<'_> {
    type Value = ();
    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a record")
    }
    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        read_record(self.0, self.1, map)
    }
}

/// The compiled release, else the releases merged when all are there, else the versioned release, else
/// only links: a part of the releases would pass for the whole.
fn read_record<'de, A: MapAccess<'de>>(
    rows: &mut Rows,
    shape: &Shape,
    mut map: A,
) -> Result<(), A::Error> {
    rows.counts.records += 1;
    let embedded = shape.releases == Some(Embedded::All);
    let mut ocid: Option<Value> = None;
    let mut read = false;
    while let Some(key) = map.next_key::<String>()? {
        match key.as_str() {
            "ocid" => ocid = Some(map.next_value()?),
            "compiledRelease" if shape.compiled => {
                map.next_value_seed(Release(&mut *rows))?;
                read = true;
            }
            "releases" if !shape.compiled && embedded => {
                let releases: Vec<Value> = map.next_value()?;
                let merged = merged(releases);
                Release(&mut *rows)
                    .deserialize(&merged)
                    .map_err(A::Error::custom)?;
                rows.counts.merged += 1;
                read = true;
            }
            "versionedRelease" if !shape.compiled && !embedded && shape.versioned => {
                map.next_value_seed(Release(&mut *rows))?;
                read = true;
            }
            _ => {
                map.next_value::<IgnoredAny>()?;
            }
        }
    }
    if !read {
        match ocid {
            Some(Value::String(ocid)) => {
                if shape.releases == Some(Embedded::Some) {
                    rows.odd("records.releases", Fault::PartlyLinked, &ocid);
                }
                rows.push_linked_only(&ocid);
            }
            _ => rows.odd("records.ocid", Fault::NoOcid, ""),
        }
    }
    Ok(())
}
