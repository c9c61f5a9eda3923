//! The `.rels` parts of a package: which part a part points to, and one more of them.

use std::fmt::Write;

use super::MarkError;
use super::edit::Edits;
use super::xml::{children, relations_namespace, root};

/// One pointer.
#[derive(Clone, Debug)]
pub(super) struct Relation {
    pub(super) id: String,
    /// Full URI of its type; compare its last word with [`Relation::is`].
    pub(super) kind: String,
    /// Name of the part pointed to, without a leading slash; `None` for a target outside the package.
    pub(super) target: Option<String>,
}

impl Relation {
    /// Whether the type's last word is this (`worksheet`, `comments` …), in either form of the format.
    pub(super) fn is(&self, word: &str) -> bool {
        self.kind.rsplit('/').next() == Some(word)
    }
}

/// All pointers of one part, with the additions to be written.
#[derive(Debug)]
pub(super) struct Relations {
    /// The part they belong to; empty for the package itself.
    owner: String,
    pub(super) list: Vec<Relation>,
    source: Option<String>,
    added: Vec<(String, String, String)>,
}

impl Relations {
    /// Name of the part that holds the pointers of `owner`.
    pub(super) fn part_of(owner: &str) -> String {
        let (folder, name) = owner.rsplit_once('/').unwrap_or(("", owner));
        if folder.is_empty() {
            format!("_rels/{name}.rels")
        } else {
            format!("{folder}/_rels/{name}.rels")
        }
    }

    /// Reads the pointers of a part that has some.
    pub(super) fn parse(owner: &str, source: String) -> Result<Self, MarkError> {
        let part = Self::part_of(owner);
        let whole = root(&part, &source)?;
        let mut list = Vec::new();
        for child in children(&part, &source, whole.inside, 1)? {
            let (Some(id), Some(kind)) = (child.open.attribute("Id"), child.open.attribute("Type"))
            else {
                continue;
            };
            let outside = child
                .open
                .attribute("TargetMode")
                .is_some_and(|mode| mode == "External");
            let target = child.open.attribute("Target").filter(|_| !outside);
            list.push(Relation {
                id: id.into_owned(),
                kind: kind.into_owned(),
                target: target.map(|target| resolve(owner, &target)),
            });
        }
        Ok(Self {
            owner: owner.to_owned(),
            list,
            source: Some(source),
            added: Vec::new(),
        })
    }

    /// For a part that points nowhere yet.
    pub(super) fn none(owner: &str) -> Self {
        Self {
            owner: owner.to_owned(),
            list: Vec::new(),
            source: None,
            added: Vec::new(),
        }
    }

    /// The first pointer of a type.
    pub(super) fn first(&self, word: &str) -> Option<&Relation> {
        self.list.iter().find(|relation| relation.is(word))
    }

    /// The pointer with this id.
    pub(super) fn by_id(&self, id: &str) -> Option<&Relation> {
        self.list.iter().find(|relation| relation.id == id)
    }

    /// Points to one more part; its id.
    pub(super) fn add(&mut self, word: &str, target: &str, strict: bool) -> String {
        let highest = self
            .list
            .iter()
            .filter_map(|relation| {
                relation
                    .id
                    .trim_start_matches(|c: char| !c.is_ascii_digit())
                    .parse()
                    .ok()
            })
            .max()
            .unwrap_or(0_u64);
        let id = format!("rId{}", highest.saturating_add(1));
        let kind = format!("{}/{word}", relations_namespace(strict));
        self.added
            .push((id.clone(), kind.clone(), relative(&self.owner, target)));
        self.list.push(Relation {
            id: id.clone(),
            kind,
            target: Some(target.to_owned()),
        });
        id
    }

    /// The changed part as `(name, text)`; nothing when nothing was added.
    pub(super) fn written(self) -> Result<Option<(String, String)>, MarkError> {
        if self.added.is_empty() {
            return Ok(None);
        }
        let part = Self::part_of(&self.owner);
        let source = self.source.unwrap_or_else(|| {
            "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n<Relationships \
             xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\"></Relationships>"
                .to_owned()
        });
        let whole = root(&part, &source)?;
        let prefix = whole.open.prefix();
        let mut text = String::new();
        for (id, kind, target) in &self.added {
            let _ = write!(
                text,
                "<{prefix}Relationship Id=\"{id}\" Type=\"{kind}\" Target=\"{target}\"/>"
            );
        }
        let mut edits = Edits::default();
        edits.append(&whole, &text);
        Ok(Some((part, edits.applied(&source))))
    }
}

/// A target as written, seen from the part that points, as the name of a part.
fn resolve(owner: &str, target: &str) -> String {
    let target = target.replace('\\', "/");
    if let Some(absolute) = target.strip_prefix('/') {
        return absolute.to_owned();
    }
    let mut path: Vec<&str> = owner.split('/').collect();
    path.pop();
    for step in target.split('/') {
        match step {
            "" | "." => {}
            ".." => {
                path.pop();
            }
            _ => path.push(step),
        }
    }
    path.join("/")
}

/// A part's name as it is written in a pointer of `owner`.
fn relative(owner: &str, target: &str) -> String {
    let mut from: Vec<&str> = owner.split('/').collect();
    from.pop();
    let to: Vec<&str> = target.split('/').collect();
    let shared = from
        .iter()
        .zip(&to[..to.len() - 1])
        .take_while(|(a, b)| a == b)
        .count();
    let mut path = vec![".."; from.len() - shared];
    path.extend(&to[shared..]);
    path.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_read_as_programs_write_them() {
        let sheet = "xl/worksheets/sheet1.xml";
        for written in [
            "../comments1.xml",
            "/xl/comments1.xml",
            "..\\comments1.xml",
            "./../comments1.xml",
        ] {
            assert_eq!(resolve(sheet, written), "xl/comments1.xml", "{written}");
        }
        assert_eq!(resolve("", "xl/workbook.xml"), "xl/workbook.xml");
        assert_eq!(resolve("xl/workbook.xml", "worksheets/sheet1.xml"), sheet);
    }

    #[test]
    fn a_written_target_resolves_to_the_same_part() {
        for (owner, target) in [
            ("xl/worksheets/sheet1.xml", "xl/comments1.xml"),
            ("xl/worksheets/sheet1.xml", "xl/drawings/vmlDrawing1.vml"),
            ("xl/workbook.xml", "xl/worksheets/sheet2.xml"),
            ("workbook.xml", "styles.xml"),
            ("a/b/c.xml", "d.xml"),
        ] {
            assert_eq!(resolve(owner, &relative(owner, target)), target);
        }
    }

    #[test]
    fn a_new_pointer_has_an_id_of_its_own() {
        let source = "<p:Relationships xmlns:p=\"x\"><p:Relationship Id=\"rId7\" Type=\"http://a/styles\" \
                      Target=\"styles.xml\"/></p:Relationships>";
        let mut relations = Relations::parse("xl/workbook.xml", source.to_owned()).expect("reads");
        assert_eq!(
            relations.add("worksheet", "xl/worksheets/sheet9.xml", false),
            "rId8"
        );
        let (name, text) = relations.written().expect("writes").expect("changed");
        assert_eq!(name, "xl/_rels/workbook.xml.rels");
        assert!(
            text.ends_with("Target=\"worksheets/sheet9.xml\"/></p:Relationships>"),
            "{text}"
        );
        assert!(text.contains("<p:Relationship Id=\"rId8\""));
    }
}
