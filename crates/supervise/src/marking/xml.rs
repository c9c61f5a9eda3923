//! Tags of a part with their byte ranges, so that a part can be changed at a place and nowhere else.
//! Reads with quick-xml; never writes a document anew.

use std::borrow::Cow;
use std::ops::Range;

use quick_xml::Reader;
use quick_xml::events::Event;

use super::MarkError;

/// Namespace of spreadsheet parts in the strict form of the format; all others are read as the usual, transitional form.
pub(super) const STRICT_MAIN: &str = "http://purl.oclc.org/ooxml/spreadsheetml/main";
/// Namespace of spreadsheet parts as all programs write by default.
pub(super) const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";

/// What a tag does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TagKind {
    Open,
    Close,
    /// `<name/>`
    Empty,
}

/// One tag of a part.
#[derive(Clone, Debug)]
pub(super) struct Tag<'a> {
    pub(super) kind: TagKind,
    /// Where the tag stands in the part, from `<` to past `>`.
    pub(super) span: Range<usize>,
    /// All of it, `<x:c r="A1">`.
    pub(super) text: &'a str,
    /// Depth of its element; the root's is 0.
    pub(super) depth: usize,
}

impl<'a> Tag<'a> {
    /// The name with its prefix, `x:c`.
    pub(super) fn full_name(&self) -> &'a str {
        let inner = self.text.trim_start_matches(['<', '/']);
        let end = inner
            .find(|c: char| c.is_ascii_whitespace() || matches!(c, '/' | '>'))
            .unwrap_or(inner.len());
        &inner[..end]
    }

    /// The name without its prefix, `c`.
    pub(super) fn name(&self) -> &'a str {
        let name = self.full_name();
        name.split_once(':').map_or(name, |(_, local)| local)
    }

    /// The prefix with its colon, `x:`, or nothing.
    pub(super) fn prefix(&self) -> &'a str {
        let name = self.full_name();
        name.split_once(':')
            .map_or("", |(prefix, _)| &name[..=prefix.len()])
    }

    pub(super) fn opens(&self) -> bool {
        self.kind != TagKind::Close
    }

    /// Value of an attribute by its full name, entities resolved.
    pub(super) fn attribute(&self, name: &str) -> Option<Cow<'a, str>> {
        let range = self.attribute_range(name)?;
        Some(unescaped(&self.text[range]))
    }

    /// Value of an attribute by its name without prefix, where the prefix may be any but must be there.
    pub(super) fn prefixed_attribute(&self, local: &str) -> Option<Cow<'a, str>> {
        let found = attributes(self.text)
            .find(|(name, _)| name.split_once(':').is_some_and(|(_, rest)| rest == local))?;
        Some(unescaped(&self.text[found.1]))
    }

    /// A number in an attribute.
    pub(super) fn number(&self, name: &str) -> Option<u32> {
        let range = self.attribute_range(name)?;
        self.text[range].trim().parse().ok()
    }

    /// Where the value of an attribute stands, counted from the start of the tag.
    pub(super) fn attribute_range(&self, name: &str) -> Option<Range<usize>> {
        attributes(self.text)
            .find(|(found, _)| *found == name)
            .map(|(_, range)| range)
    }

    /// Where a further attribute can be put in, counted from the start of the tag: right behind the name.
    pub(super) fn after_name(&self) -> usize {
        let slashes = self.text.len() - self.text.trim_start_matches(['<', '/']).len();
        slashes + self.full_name().len()
    }

    /// Prefix (with colon) that the tag binds to a namespace accepted by `is`; the empty prefix counts only when asked.
    pub(super) fn prefix_of(&self, is: impl Fn(&str) -> bool) -> Option<&'a str> {
        attributes(self.text)
            .filter_map(|(name, range)| Some((name.strip_prefix("xmlns:")?, range)))
            .find(|(_, range)| is(&self.text[range.clone()]))
            .map(|(prefix, _)| prefix)
    }

    /// Whether the part that this root opens is written in the strict form.
    pub(super) fn is_strict(&self) -> bool {
        attributes(self.text).any(|(name, range)| {
            name.starts_with("xmlns") && self.text[range].starts_with("http://purl.oclc.org/ooxml/")
        })
    }

    /// An attribute `r:id` as it must be written on a child of this root.
    pub(super) fn relation_attribute(&self, id: &str) -> String {
        let bound = self.prefix_of(|space| space.ends_with("/officeDocument/relationships"));
        match bound {
            Some(prefix) => format!("{prefix}:id=\"{id}\""),
            None => format!(
                "xmlns:r=\"{}\" r:id=\"{id}\"",
                relations_namespace(self.is_strict())
            ),
        }
    }
}

/// Namespace of `r:id`, which is also the stem of relation types.
pub(super) fn relations_namespace(strict: bool) -> &'static str {
    if strict {
        "http://purl.oclc.org/ooxml/officeDocument/relationships"
    } else {
        "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    }
}

/// Entities resolved; a broken one is left as it stands.
pub(super) fn unescaped(text: &str) -> Cow<'_, str> {
    quick_xml::escape::unescape(text).unwrap_or(Cow::Borrowed(text))
}

/// Names and value ranges of the attributes of a tag.
fn attributes(tag: &str) -> impl Iterator<Item = (&str, Range<usize>)> {
    let bytes = tag.as_bytes();
    let mut at = bytes
        .iter()
        .position(u8::is_ascii_whitespace)
        .unwrap_or(bytes.len());
    std::iter::from_fn(move || {
        while bytes.get(at).is_some_and(u8::is_ascii_whitespace) {
            at += 1;
        }
        let equals = at + bytes.get(at..)?.iter().position(|byte| *byte == b'=')?;
        let name = tag[at..equals].trim_end();
        let open = equals
            + bytes[equals..]
                .iter()
                .position(|byte| matches!(byte, b'"' | b'\''))?;
        let quote = bytes[open];
        let close = open + 1 + bytes[open + 1..].iter().position(|byte| *byte == quote)?;
        at = close + 1;
        Some((name, open + 1..close))
    })
}

/// Walks the tags of a part in order.
pub(super) struct Tags<'a> {
    part: &'a str,
    text: &'a str,
    reader: Reader<&'a [u8]>,
    /// Where `text` begins in the part, and the depth there.
    base: usize,
    depth: usize,
}

impl<'a> Tags<'a> {
    /// All tags of a part; `text` must not begin with a byte order mark.
    pub(super) fn of(part: &'a str, text: &'a str) -> Self {
        Self::within(part, text, 0..text.len(), 0)
    }

    /// The tags of a stretch of a part that holds whole elements of the depth given.
    pub(super) fn within(part: &'a str, text: &'a str, range: Range<usize>, depth: usize) -> Self {
        let base = range.start;
        let slice = &text[range];
        Self {
            part,
            text: slice,
            reader: Reader::from_str(slice),
            base,
            depth,
        }
    }

    /// The next tag, or nothing at the end.
    pub(super) fn next(&mut self) -> Result<Option<Tag<'a>>, MarkError> {
        loop {
            let start = self.reader.buffer_position() as usize;
            let event = self
                .reader
                .read_event()
                .map_err(|error| MarkError::damaged(self.part, error))?;
            let kind = match event {
                Event::Start(_) => TagKind::Open,
                Event::End(_) => TagKind::Close,
                Event::Empty(_) => TagKind::Empty,
                Event::Eof => {
                    return Ok(None);
                }
                _ => continue,
            };
            let end = self.reader.buffer_position() as usize;
            if kind == TagKind::Close {
                self.depth = self.depth.saturating_sub(1);
            }
            let depth = self.depth;
            if kind == TagKind::Open {
                self.depth += 1;
            }
            return Ok(Some(Tag {
                kind,
                span: self.base + start..self.base + end,
                text: &self.text[start..end],
                depth,
            }));
        }
    }

    /// Passes over what is inside an element that was just opened; where its closing tag stands.
    pub(super) fn skip(&mut self, open: &Tag<'a>) -> Result<Range<usize>, MarkError> {
        if open.kind == TagKind::Empty {
            return Ok(open.span.end..open.span.end);
        }
        while let Some(tag) = self.next()? {
            if tag.kind == TagKind::Close && tag.depth == open.depth {
                return Ok(tag.span);
            }
        }
        Err(self.unclosed(open))
    }

    /// The first tag, which opens the root.
    pub(super) fn root(&mut self) -> Result<Tag<'a>, MarkError> {
        self.next()?
            .filter(Tag::opens)
            .ok_or_else(|| MarkError::damaged(self.part, "no root element"))
    }

    /// The error for an element that never ends.
    pub(super) fn unclosed(&self, open: &Tag<'_>) -> MarkError {
        MarkError::damaged(self.part, format!("<{}> is not closed", open.full_name()))
    }
}

/// A direct child of the root with its place and what is inside it.
#[derive(Clone, Debug)]
pub(super) struct Element<'a> {
    pub(super) open: Tag<'a>,
    /// Everything from `<` of the opening to past `>` of the closing tag.
    pub(super) span: Range<usize>,
    /// Between the tags; empty for `<name/>`.
    pub(super) inside: Range<usize>,
}

/// The elements directly inside a stretch that holds whole elements.
pub(super) fn children<'a>(
    part: &'a str,
    text: &'a str,
    range: Range<usize>,
    depth: usize,
) -> Result<Vec<Element<'a>>, MarkError> {
    let mut tags = Tags::within(part, text, range, depth);
    let mut found = Vec::new();
    while let Some(open) = tags.next()? {
        let close = tags.skip(&open)?;
        found.push(Element {
            span: open.span.start..close.end,
            inside: open.span.end..close.start,
            open,
        });
    }
    Ok(found)
}

/// The root of a part with its children's range.
pub(super) fn root<'a>(part: &'a str, text: &'a str) -> Result<Element<'a>, MarkError> {
    let mut tags = Tags::of(part, text);
    let open = tags.root()?;
    let close = tags.skip(&open)?;
    Ok(Element {
        span: open.span.start..close.end,
        inside: open.span.end..close.start,
        open,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_tells_its_name_and_attributes() {
        let text = "<x:c r='A1' s = \"4\" t=\"a&amp;b\"/>";
        let tag = Tags::of("p", text).root().expect("reads");
        assert_eq!(
            (tag.kind, tag.name(), tag.prefix()),
            (TagKind::Empty, "c", "x:")
        );
        assert_eq!(tag.attribute("r").as_deref(), Some("A1"));
        assert_eq!(tag.number("s"), Some(4));
        assert_eq!(tag.attribute("t").as_deref(), Some("a&b"));
        assert_eq!(tag.attribute("u"), None);
        assert_eq!(tag.after_name(), 4);
    }

    #[test]
    fn ranges_point_into_the_part() {
        let text = "<?xml version=\"1.0\"?>\n<a><!-- <b> --><b k=\"<\"><![CDATA[</b>]]></b> &amp; <c/></a>";
        let root = root("p", text).expect("reads");
        let inside = children("p", text, root.inside.clone(), 1).expect("reads");
        let texts: Vec<_> = inside
            .iter()
            .map(|child| &text[child.span.clone()])
            .collect();
        assert_eq!(texts, ["<b k=\"<\"><![CDATA[</b>]]></b>", "<c/>"]);
    }

    #[test]
    fn an_element_that_never_ends_is_damage() {
        assert!(matches!(
            root("p", "<a><b></b>"),
            Err(MarkError::Damaged { .. })
        ));
        assert!(matches!(root("p", ""), Err(MarkError::Damaged { .. })));
        assert!(matches!(
            root("p", "<a></b>"),
            Err(MarkError::Damaged { .. })
        ));
    }
}
