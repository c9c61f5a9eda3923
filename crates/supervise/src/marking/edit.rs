//! Changes to a part, kept as byte ranges and their new text, and applied while writing.
//! A part between two changes is passed on as it stands.

use std::io::{self, Write};
use std::ops::Range;

use super::xml::{Element, Tag, TagKind};

/// The changes to one part.
#[derive(Debug, Default)]
pub(super) struct Edits {
    changes: Vec<(Range<usize>, String)>,
}

impl Edits {
    pub(super) fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// Puts text in; texts for the same place follow one another in the order given.
    pub(super) fn insert(&mut self, at: usize, text: impl Into<String>) {
        self.changes.push((at..at, text.into()));
    }

    /// Puts other text in the place of what stands there.
    pub(super) fn replace(&mut self, range: Range<usize>, text: impl Into<String>) {
        self.changes.push((range, text.into()));
    }

    /// Gives a tag an attribute, or another value for it.
    pub(super) fn set_attribute(&mut self, tag: &Tag<'_>, name: &str, value: &str) {
        let start = tag.span.start;
        match tag.attribute_range(name) {
            Some(range) => self.replace(start + range.start..start + range.end, value),
            None => self.insert(start + tag.after_name(), format!(" {name}=\"{value}\"")),
        }
    }

    /// Puts text at the end of what is inside an element, opening a `<name/>` for it.
    pub(super) fn append(&mut self, element: &Element<'_>, text: &str) {
        if element.open.kind == TagKind::Empty {
            let slash = element.span.start + element.open.text.rfind('/').unwrap_or(0);
            let name = element.open.full_name();
            self.replace(slash..element.span.end, format!(">{text}</{name}>"));
        } else {
            self.insert(element.inside.end, text);
        }
    }

    /// Writes the part with its changes. Changes that overlap would be a fault of this module: the later is dropped.
    pub(super) fn write(mut self, source: &str, output: &mut impl Write) -> io::Result<()> {
        self.changes
            .sort_by_key(|(range, _)| (range.start, range.end));
        let mut done = 0;
        for (range, text) in &self.changes {
            debug_assert!(range.start >= done, "changes overlap at {range:?}");
            if range.start < done {
                continue;
            }
            output.write_all(&source.as_bytes()[done..range.start])?;
            output.write_all(text.as_bytes())?;
            done = range.end;
        }
        output.write_all(&source.as_bytes()[done..])
    }

    /// The part with its changes, for small parts.
    pub(super) fn applied(self, source: &str) -> String {
        let mut output = Vec::with_capacity(source.len() + 1024);
        // Cannot fail: a vector takes all bytes, and they are pieces of strings cut at tags.
        let _ = self.write(source, &mut output);
        String::from_utf8(output).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::marking::xml::root;

    #[test]
    fn changes_touch_nothing_around_them() {
        let text = "<a k='1' ><b/>\r\n</a >";
        let whole = root("p", text).expect("reads");
        let mut edits = Edits::default();
        edits.set_attribute(&whole.open, "k", "22");
        edits.set_attribute(&whole.open, "new", "x");
        edits.append(&whole, "<c/>");
        edits.append(&whole, "<d/>");
        assert_eq!(
            edits.applied(text),
            "<a new=\"x\" k='22' ><b/>\r\n<c/><d/></a >"
        );
    }

    #[test]
    fn an_empty_element_is_opened_for_what_goes_inside() {
        let text = "<x:a k=\"/\" />";
        let whole = root("p", text).expect("reads");
        let mut edits = Edits::default();
        edits.append(&whole, "<x:b/>");
        assert_eq!(edits.applied(text), "<x:a k=\"/\" ><x:b/></x:a>");
    }
}
