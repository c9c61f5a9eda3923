//! `[Content_Types].xml`: what kind of part each part is.

use std::fmt::Write;

use super::MarkError;
use super::edit::Edits;
use super::xml::{children, root};

/// Name of the part.
pub(super) const PART: &str = "[Content_Types].xml";
/// A worksheet.
pub(super) const WORKSHEET: &str =
    "application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml";
/// The notes of a worksheet.
pub(super) const COMMENTS: &str =
    "application/vnd.openxmlformats-officedocument.spreadsheetml.comments+xml";
/// The styles of a workbook.
pub(super) const STYLES: &str =
    "application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml";
/// The boxes of notes.
pub(super) const DRAWING: &str = "application/vnd.openxmlformats-officedocument.vmlDrawing";

/// Adds the kinds of new parts (names without a leading slash).
pub(super) fn with_parts(source: &str, parts: &[(String, &str)]) -> Result<String, MarkError> {
    let whole = root(PART, source)?;
    let prefix = whole.open.prefix();
    let listed = children(PART, source, whole.inside.clone(), 1)?;
    let vml_known = listed.iter().any(|child| {
        child.open.name() == "Default"
            && child
                .open
                .attribute("Extension")
                .is_some_and(|extension| extension.eq_ignore_ascii_case("vml"))
            && child
                .open
                .attribute("ContentType")
                .is_some_and(|kind| kind == DRAWING)
    });
    let mut text = String::new();
    for (name, kind) in parts {
        if *kind == DRAWING && vml_known {
            continue;
        }
        let _ = write!(
            text,
            "<{prefix}Override PartName=\"/{name}\" ContentType=\"{kind}\"/>"
        );
    }
    let mut edits = Edits::default();
    if !text.is_empty() {
        edits.append(&whole, &text);
    }
    Ok(edits.applied(source))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_that_is_known_by_its_extension_is_not_said_again() {
        let source =
            format!("<Types><Default Extension=\"VML\" ContentType=\"{DRAWING}\"/></Types>");
        let parts = [
            ("xl/a.vml".to_owned(), DRAWING),
            ("xl/c.xml".to_owned(), COMMENTS),
        ];
        let text = with_parts(&source, &parts).expect("edits");
        assert!(!text.contains("/xl/a.vml"));
        assert!(text.contains("<Override PartName=\"/xl/c.xml\""));
        let text = with_parts("<Types/>", &parts).expect("edits");
        assert!(text.starts_with("<Types><Override PartName=\"/xl/a.vml\""));
    }
}
