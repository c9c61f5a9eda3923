//! The notes of a worksheet (legacy comments, which every spreadsheet program shows). The clerk's own notes stay; on a
//! marked cell that has one, ours is added below it.

use std::fmt::Write;

use std::collections::{BTreeMap, BTreeSet};

use super::edit::Edits;
use super::place::{cell_name, parse_cell};
use super::wording::{Labels, MAX_TEXT, clean, escaped, note_text};
use super::xml::{Element, MAIN, STRICT_MAIN, Tags, children, root, unescaped};
use super::{Cells, MarkError};

/// A cell and its note's text.
type Notes = Vec<((u32, u32), String)>;

/// The notes of a sheet after ours were added.
#[derive(Debug)]
pub(super) struct Noted {
    /// The part.
    pub(super) text: String,
    /// Notes that did not exist and need a box.
    pub(super) added: Notes,
    /// Cells that had a note.
    pub(super) existing: BTreeSet<(u32, u32)>,
}

/// A part without notes, for a sheet that has none.
pub(super) fn empty(strict: bool) -> String {
    let space = if strict { STRICT_MAIN } else { MAIN };
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n<comments xmlns=\"{space}\"><authors></authors>\
         <commentList></commentList></comments>"
    )
}

/// Adds the notes of the marked cells to a part.
pub(super) fn add(
    part: &str,
    source: &str,
    cells: &Cells,
    labels: &Labels,
) -> Result<Noted, MarkError> {
    let whole = root(part, source)?;
    let lists = children(part, source, whole.inside.clone(), 1)?;
    let list = |name: &str| {
        let found = lists.iter().find(|list| list.open.name() == name);
        found.ok_or_else(|| MarkError::damaged(part, format!("no {name}")))
    };
    let (authors, notes) = (list("authors")?, list("commentList")?);
    let p = whole.open.prefix();
    let mut edits = Edits::default();
    let mut existing = BTreeMap::new();
    for note in children(part, source, notes.inside.clone(), 2)? {
        if let Some(cell) = note
            .open
            .attribute("ref")
            .and_then(|name| parse_cell(&name))
        {
            existing.entry(cell).or_insert(note);
        }
    }
    let mut added = Vec::new();
    for (cell, texts) in cells {
        if let Some(note) = existing.get(cell) {
            extend(part, source, note, texts, labels, p, &mut edits)?;
            continue;
        }
        let text = note_text(texts, "", MAX_TEXT, labels);
        if !text.is_empty() {
            added.push((*cell, text));
        }
    }
    if !added.is_empty() {
        let author = author(part, source, authors, labels, p, &mut edits)?;
        let mut fresh = String::with_capacity(added.len() * 320);
        for ((row, column), text) in &added {
            let name = cell_name(*row, *column);
            let _ = write!(
                fresh,
                "<{p}comment ref=\"{name}\" authorId=\"{author}\" shapeId=\"0\"><{p}text>"
            );
            push_run(&mut fresh, p, text);
            let _ = write!(fresh, "</{p}text></{p}comment>");
        }
        edits.append(notes, &fresh);
    }
    let text = edits.applied(source);
    Ok(Noted {
        text,
        added,
        existing: existing.into_keys().collect(),
    })
}

/// Index of our author, put in when it is not there.
fn author(
    part: &str,
    source: &str,
    authors: &Element<'_>,
    labels: &Labels,
    p: &str,
    edits: &mut Edits,
) -> Result<usize, MarkError> {
    let name = clean(&labels.author);
    let listed = children(part, source, authors.inside.clone(), 2)?;
    let known = listed
        .iter()
        .position(|author| unescaped(&source[author.inside.clone()]) == name);
    Ok(known.unwrap_or_else(|| {
        edits.append(
            authors,
            &format!("<{p}author>{}</{p}author>", escaped(&name)),
        );
        listed.len()
    }))
}

/// Adds our text below what a note says already.
fn extend(
    part: &str,
    source: &str,
    note: &Element<'_>,
    texts: &[String],
    labels: &Labels,
    p: &str,
    edits: &mut Edits,
) -> Result<(), MarkError> {
    let inside = children(part, source, note.inside.clone(), 3)?;
    let Some(text) = inside.iter().find(|child| child.open.name() == "text") else {
        return Err(MarkError::damaged(part, "a note without text"));
    };
    let told = plain_text(part, source, text)?;
    let room = MAX_TEXT.saturating_sub(told.encode_utf16().count() + 2);
    let ours = note_text(texts, &told, room, labels);
    if ours.is_empty() {
        return Ok(());
    }
    let ours = if told.is_empty() {
        ours
    } else {
        format!("\n\n{ours}")
    };
    let mut run = String::new();
    push_run(&mut run, p, &ours);
    let runs = children(part, source, text.inside.clone(), 4)?;
    if let Some(last) = runs.iter().rfind(|child| child.open.name() == "r") {
        edits.insert(last.span.end, run);
    } else if let Some(plain) = runs.iter().find(|child| child.open.name() == "t") {
        // Programs read either plain text or runs: the clerk's text becomes the first run.
        edits.insert(plain.span.start, format!("<{p}r>"));
        edits.insert(plain.span.end, format!("</{p}r>{run}"));
    } else {
        edits.append(text, &run);
    }
    Ok(())
}

/// What a note says.
fn plain_text(part: &str, source: &str, text: &Element<'_>) -> Result<String, MarkError> {
    let mut tags = Tags::within(part, source, text.inside.clone(), 4);
    let mut told = String::new();
    while let Some(tag) = tags.next()? {
        if tag.opens() && tag.name() == "t" {
            let close = tags.skip(&tag)?;
            told.push_str(&unescaped(&source[tag.span.end..close.start]));
        }
    }
    Ok(told
        .replace("\r\n", "\n")
        .replace("_x000a_", "\n")
        .replace("_x000D_", ""))
}

fn push_run(output: &mut String, p: &str, text: &str) {
    let _ = write!(
        output,
        "<{p}r><{p}rPr><{p}sz val=\"9\"/><{p}rFont val=\"Tahoma\"/><{p}family val=\"2\"/></{p}rPr><{p}t \
         xml:space=\"preserve\">{}</{p}t></{p}r>",
        escaped(text)
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(notes: &[((u32, u32), &str)]) -> Cells {
        notes
            .iter()
            .map(|(cell, note)| (*cell, vec![(*note).to_owned()]))
            .collect()
    }

    #[test]
    fn a_clerks_note_stays_and_ours_follows_it() {
        for (before, after) in [
            ("<text><t>待核</t></text>", "<text><r><t>待核</t></r><r>"),
            (
                "<text><r><t>待核</t></r><phoneticPr/></text>",
                "<text><r><t>待核</t></r><r>",
            ),
            ("<text/>", "<text><r>"),
        ] {
            let source = format!(
                "<comments><authors><author>李</author></authors><commentList><comment ref=\"B2\" \
                 authorId=\"0\">{before}</comment></commentList></comments>"
            );
            let noted = add(
                "p",
                &source,
                &cells(&[((2, 2), "金额 > 预算")]),
                &Labels::zh(),
            )
            .expect("adds");
            assert!(noted.text.contains(after), "{}", noted.text);
            assert!(noted.text.contains("金额 &gt; 预算</t></r>"));
            assert!(noted.added.is_empty() && !noted.text.contains("看灯"));
            let again = add(
                "p",
                &noted.text,
                &cells(&[((2, 2), "金额 > 预算")]),
                &Labels::zh(),
            )
            .expect("adds");
            assert_eq!(again.text, noted.text, "the same flag is told once");
        }
    }

    #[test]
    fn new_notes_have_our_author() {
        let noted = add(
            "p",
            &empty(false),
            &cells(&[((1, 1), "a"), ((3, 2), "b"), ((4, 4), "")]),
            &Labels::zh(),
        )
        .expect("adds");
        assert!(
            noted
                .text
                .contains("<authors><author>看灯</author></authors>")
        );
        assert!(noted.text.contains("<comment ref=\"B3\" authorId=\"0\""));
        assert_eq!(noted.added.len(), 2);
        let more = add("p", &noted.text, &cells(&[((9, 9), "c")]), &Labels::zh()).expect("adds");
        assert_eq!(more.text.matches("看灯").count(), 1);
    }
}
