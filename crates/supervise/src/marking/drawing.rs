//! The boxes of notes: a VML drawing, which Excel, WPS and `LibreOffice` need to show a note.
//! VML of form controls is often no valid XML, so an existing drawing is searched as bytes and only added to.

use std::fmt::Write;

use super::MarkError;
use super::place::{MAX_COLUMN, MAX_ROW};
use super::wording::lines;

/// Shapes that share one cluster of numbers.
const CLUSTER: usize = 1_024;
/// Narrow characters in a line of a box as wide as three usual columns.
const LINE: usize = 30;
/// Rows of the tallest box.
const TALLEST: u32 = 30;

const NAMESPACES: [(&str, &str); 3] = [
    ("v", "urn:schemas-microsoft-com:vml"),
    ("o", "urn:schemas-microsoft-com:office:office"),
    ("x", "urn:schemas-microsoft-com:office:excel"),
];

/// The highest cluster of shape numbers that a drawing uses; clusters must differ between the drawings of a workbook.
pub(super) fn highest_cluster(drawing: &[u8]) -> u32 {
    let declared = each(drawing, b"data=").filter_map(|at| {
        let rest = drawing.get(at + 6..)?;
        let end = rest.iter().position(|byte| matches!(byte, b'"' | b'\''))?;
        let list = std::str::from_utf8(&rest[..end]).ok()?;
        list.split(',')
            .filter_map(|id| id.trim().parse::<u32>().ok())
            .max()
    });
    let used = each(drawing, b"_x0000_s").filter_map(|at| {
        let digits = drawing[at + 8..]
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        let number = std::str::from_utf8(&drawing[at + 8..at + 8 + digits])
            .ok()?
            .parse::<u32>()
            .ok()?;
        Some(number / CLUSTER as u32)
    });
    declared.chain(used).max().unwrap_or(0)
}

/// A drawing without boxes.
pub(super) fn empty() -> Vec<u8> {
    let spaces = missing_namespaces(b"");
    format!("<xml{spaces}><o:shapelayout v:ext=\"edit\"><o:idmap v:ext=\"edit\" data=\"\"/></o:shapelayout></xml>")
        .into_bytes()
}

/// Adds a box for each note. `cluster` is the last one in use and is moved on.
pub(super) fn add(
    part: &str,
    drawing: &[u8],
    notes: &[((u32, u32), String)],
    cluster: &mut u32,
) -> Result<Vec<u8>, MarkError> {
    let end = each(drawing, b"</xml>")
        .last()
        .ok_or_else(|| MarkError::damaged(part, "no end"))?;
    let first = *cluster + 1;
    let per_cluster = CLUSTER - 1;
    let mut shapes = String::with_capacity(notes.len() * 700);
    let root = &drawing[..end];
    if each(root, b"_x0000_t202\"").next().is_none() && each(root, b"_x0000_t202'").next().is_none()
    {
        let _ = write!(
            shapes,
            "<v:shapetype id=\"_x0000_t202\"{} coordsize=\"21600,21600\" o:spt=\"202\" \
             path=\"m,l,21600r21600,l21600,xe\"><v:stroke joinstyle=\"miter\"/><v:path gradientshapeok=\"t\" \
             o:connecttype=\"rect\"/></v:shapetype>",
            missing_namespaces(root)
        );
    }
    let spaces = missing_namespaces(root);
    for (index, ((row, column), text)) in notes.iter().enumerate() {
        *cluster = first + (index / per_cluster) as u32;
        let number = *cluster as usize * CLUSTER + 1 + index % per_cluster;
        shapes.push_str(&shape(number, index + 1, (*row, *column), text, &spaces));
    }
    let clusters: Vec<String> = (first..=*cluster).map(|id| id.to_string()).collect();
    let mut output = Vec::with_capacity(drawing.len() + shapes.len() + 64);
    output.extend_from_slice(&with_clusters(root, &clusters.join(",")));
    output.extend_from_slice(shapes.as_bytes());
    output.extend_from_slice(&drawing[end..]);
    Ok(output)
}

/// Declares clusters in the list of those that the drawing uses, when it has such a list.
fn with_clusters(root: &[u8], clusters: &str) -> Vec<u8> {
    let mut output = root.to_vec();
    let Some(idmap) = each(root, b"idmap ").next() else {
        return output;
    };
    let Some(data) = each(&root[idmap..], b"data=")
        .next()
        .map(|at| idmap + at + 6)
    else {
        return output;
    };
    let Some(length) = root[data..]
        .iter()
        .position(|byte| matches!(byte, b'"' | b'\''))
    else {
        return output;
    };
    let text = if length == 0 {
        clusters.to_owned()
    } else {
        format!(",{clusters}")
    };
    output.splice(data + length..data + length, text.into_bytes());
    output
}

/// Declarations of those namespaces that the root has not bound to their usual prefixes.
fn missing_namespaces(root: &[u8]) -> String {
    let mut text = String::new();
    for (prefix, space) in NAMESPACES {
        let declaration = format!("xmlns:{prefix}=\"{space}\"");
        if each(root, declaration.as_bytes()).next().is_none() {
            let _ = write!(text, " {declaration}");
        }
    }
    text
}

/// One hidden box to the right of its cell, tall enough for its text.
fn shape(
    number: usize,
    order: usize,
    (row, column): (u32, u32),
    text: &str,
    spaces: &str,
) -> String {
    let (row, column) = (row - 1, column - 1);
    let tall = ((lines(text, LINE) * 13).div_ceil(18) as u32 + 2).clamp(4, TALLEST);
    let left = (column + 1).min(MAX_COLUMN - 4);
    let top = row.saturating_sub(1).min(MAX_ROW - TALLEST - 1);
    format!(
        "<v:shape id=\"_x0000_s{number}\"{spaces} type=\"#_x0000_t202\" style=\"position:absolute;margin-left:80pt;\
         margin-top:2pt;width:150pt;height:{}pt;z-index:{order};visibility:hidden\" fillcolor=\"#ffffe1\" \
         o:insetmode=\"auto\"><v:fill color2=\"#ffffe1\"/><v:shadow on=\"t\" color=\"black\" obscured=\"t\"/><v:path \
         o:connecttype=\"none\"/><v:textbox style=\"mso-direction-alt:auto\"><div style=\"text-align:left\"></div>\
         </v:textbox><x:ClientData ObjectType=\"Note\"><x:MoveWithCells/><x:SizeWithCells/><x:Anchor>{left}, 15, {top}, \
         4, {}, 15, {}, 4</x:Anchor><x:AutoFill>False</x:AutoFill><x:Row>{row}</x:Row><x:Column>{column}</x:Column>\
         </x:ClientData></v:shape>",
        tall * 14,
        left + 3,
        top + tall,
    )
}

/// Where a word stands in bytes.
fn each<'a>(bytes: &'a [u8], word: &'a [u8]) -> impl Iterator<Item = usize> + 'a {
    bytes
        .windows(word.len())
        .enumerate()
        .filter(move |(_, window)| *window == word)
        .map(|(at, _)| at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boxes_are_added_behind_what_is_there() {
        let drawing = b"<xml xmlns:v=\"urn:schemas-microsoft-com:vml\" xmlns:o='o'><o:shapelayout><o:idmap v:ext=\"edit\" \
            data=\"3\"/></o:shapelayout><v:shape id=\"_x0000_s3073\"><font>\xB0\xB4<br></font></v:shape></xml>\r\n";
        assert_eq!(highest_cluster(drawing), 3);
        let mut cluster = 3;
        let notes = [((5, 2), "a".to_owned())];
        let output = add("p", drawing, &notes, &mut cluster).expect("adds");
        let text = String::from_utf8_lossy(&output);
        assert!(
            text.contains("data=\"3,4\"") && text.contains("id=\"_x0000_s4097\""),
            "{text}"
        );
        assert!(text.contains("<x:Row>4</x:Row><x:Column>1</x:Column>"));
        assert!(
            text.contains("xmlns:x=\"urn:schemas-microsoft-com:office:excel\" type="),
            "{text}"
        );
        assert!(
            output.windows(2).any(|pair| pair == b"\xB0\xB4"),
            "bytes in other encodings stay"
        );
        assert!(text.ends_with("</v:shape></xml>\r\n"));
    }

    #[test]
    fn many_boxes_take_several_clusters() {
        let notes: Vec<_> = (1..=3_000).map(|row| ((row, 1), "x".to_owned())).collect();
        let mut cluster = 0;
        let output = add("p", &empty(), &notes, &mut cluster).expect("adds");
        let text = String::from_utf8(output).expect("is text");
        assert_eq!(cluster, 3);
        assert!(text.contains("data=\"1,2,3\""));
        let ids: std::collections::HashSet<_> = text
            .split("id=\"_x0000_s")
            .skip(1)
            .map(|rest| rest.split('"').next())
            .collect();
        assert_eq!(ids.len(), 3_000);
        assert_eq!(highest_cluster(text.as_bytes()), 3);
    }
}
