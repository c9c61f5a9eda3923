//! XML as other programs may write it: prefixes, no names on cells, the strict form, macros, threaded comments.

use kandeng_supervise::marking::{Labels, mark_workbook};
use tempfile::tempdir;

use crate::opened::{differences, flags, mark, package, part, values};

const TYPES: &str = "<?xml version=\"1.0\"?><Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\"><Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/><Default Extension=\"xml\" ContentType=\"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml\"/><Override PartName=\"/xl/s1.xml\" ContentType=\"application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml\"/></Types>";

fn rels(kinds: &[(&str, &str, &str)], strict: bool) -> String {
    let stem = if strict {
        "http://purl.oclc.org/ooxml/officeDocument/relationships"
    } else {
        "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    };
    let list: String = kinds
        .iter()
        .map(|(id, kind, target)| {
            let stem = if *kind == "threadedComment" {
                "http://schemas.microsoft.com/office/2017/10/relationships"
            } else {
                stem
            };
            format!("<Relationship Id=\"{id}\" Type=\"{stem}/{kind}\" Target=\"{target}\"/>")
        })
        .collect();
    format!(
        "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">{list}</Relationships>"
    )
}

#[test]
fn prefixes_missing_names_and_missing_parts_are_no_obstacle() {
    let folder = tempdir().unwrap();
    let (from, to) = (folder.path().join("a.xlsx"), folder.path().join("b.xlsx"));
    let main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    let r = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    package(
        &from,
        &[
            ("[Content_Types].xml", TYPES),
            (
                "_rels/.rels",
                &rels(&[("a", "officeDocument", "/xl/workbook.xml")], false),
            ),
            (
                "xl/workbook.xml",
                &format!(
                    "\u{FEFF}<x:workbook xmlns:x=\"{main}\"><x:sheets><x:sheet name=\"A&amp;B\" sheetId=\"4\" q:id=\"one\" xmlns:q=\"{r}\"/></x:sheets></x:workbook>"
                ),
            ),
            (
                "xl/_rels/workbook.xml.rels",
                &rels(&[("one", "worksheet", "/xl/s1.xml")], false),
            ),
            (
                "xl/s1.xml",
                &format!(
                    "<x:worksheet xmlns:x=\"{main}\"><x:sheetData><x:row><x:c><x:v>1</x:v></x:c><x:c t=\"inlineStr\"><x:is><x:t>a</x:t></x:is></x:c></x:row><x:row/><x:row r=\"7\"><x:c><x:v>3</x:v></x:c></x:row></x:sheetData><x:pageMargins left=\"1\"/></x:worksheet>"
                ),
            ),
        ],
    );
    let marks = [
        mark("A&B", 1, 2, "甲"),
        mark("A&B", 2, 2, "乙"),
        mark("A&B", 5, 1, "丙"),
        mark("A&B", 9, 1, "丁"),
    ];
    let done = mark_workbook(&from, &marks, &flags("A&B"), &Labels::zh(), &to).unwrap();
    assert_eq!(done.cells, 4);
    let sheet = part(&to, "xl/s1.xml");
    let head = format!(
        "<x:worksheet xmlns:x=\"{main}\"><x:sheetData><x:row><x:c><x:v>1</x:v></x:c><x:c s=\"1\" t=\"inlineStr\"><x:is><x:t>a</x:t></x:is></x:c></x:row><x:row><x:c r=\"B2\" s=\"1\"/></x:row><x:row r=\"5\"><x:c r=\"A5\" s=\"1\"/></x:row><x:row r=\"7\"><x:c><x:v>3</x:v></x:c></x:row><x:row r=\"9\"><x:c r=\"A9\" s=\"1\"/></x:row></x:sheetData><x:pageMargins left=\"1\"/><x:legacyDrawing xmlns:r=\"{r}\" r:id=\"rId2\"/></x:worksheet>"
    );
    assert_eq!(sheet, head);
    assert!(part(&to, "xl/styles.xml").contains("FFFF7C80"));
    assert!(part(&to, "xl/workbook.xml").contains("<x:sheet name=\"疑点\" sheetId=\"5\" xmlns:r="));
    assert!(part(&to, "[Content_Types].xml").contains("/xl/styles.xml"));
    assert!(part(&to, "xl/_rels/s1.xml.rels").contains("Target=\"comments1.xml\""));
}

#[test]
fn the_strict_form_stays_strict() {
    let folder = tempdir().unwrap();
    let (from, to) = (folder.path().join("a.xlsx"), folder.path().join("b.xlsx"));
    let main = "http://purl.oclc.org/ooxml/spreadsheetml/main";
    let r = "http://purl.oclc.org/ooxml/officeDocument/relationships";
    package(
        &from,
        &[
            ("[Content_Types].xml", TYPES),
            (
                "_rels/.rels",
                &rels(&[("rId1", "officeDocument", "xl/workbook.xml")], true),
            ),
            (
                "xl/workbook.xml",
                &format!(
                    "<workbook xmlns=\"{main}\" xmlns:r=\"{r}\" conformance=\"strict\"><workbookPr date1904=\"1\"/><sheets><sheet name=\"项目\" sheetId=\"1\" r:id=\"rId1\"/></sheets></workbook>"
                ),
            ),
            (
                "xl/_rels/workbook.xml.rels",
                &rels(&[("rId1", "worksheet", "s1.xml")], true),
            ),
            (
                "xl/s1.xml",
                &format!(
                    "<worksheet xmlns=\"{main}\" xmlns:r=\"{r}\"><sheetData/><drawing r:id=\"none\"/><extLst/></worksheet>"
                ),
            ),
        ],
    );
    mark_workbook(
        &from,
        &[mark("项目", 2, 1, "甲")],
        &flags("项目"),
        &Labels::zh(),
        &to,
    )
    .unwrap();
    let sheet = part(&to, "xl/s1.xml");
    assert!(sheet.ends_with("<sheetData><row r=\"2\"><c r=\"A2\" s=\"1\"/></row></sheetData><drawing r:id=\"none\"/><legacyDrawing r:id=\"rId2\"/><extLst/></worksheet>"), "{sheet}");
    for name in [
        "xl/comments1.xml",
        "xl/styles.xml",
        "xl/worksheets/sheet1.xml",
    ] {
        assert!(part(&to, name).contains(main), "{name}");
    }
    assert!(part(&to, "xl/_rels/s1.xml.rels").contains(&format!("{r}/comments")));
    let flags = part(&to, "xl/worksheets/sheet1.xml");
    assert!(
        flags.contains(&format!("<v>{}</v>", 45_365 - 1_462)),
        "dates count from 1904 here"
    );
}

#[test]
fn macros_and_threaded_comments_survive() {
    let folder = tempdir().unwrap();
    let (from, to) = (folder.path().join("a.xlsm"), folder.path().join("b.xlsm"));
    let main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    let r = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    package(
        &from,
        &[
            ("[Content_Types].xml", TYPES),
            (
                "_rels/.rels",
                &rels(&[("rId1", "officeDocument", "xl/workbook.xml")], false),
            ),
            (
                "xl/workbook.xml",
                &format!(
                    "<workbook xmlns=\"{main}\" xmlns:r=\"{r}\"><sheets><sheet name=\"项目\" sheetId=\"1\" r:id=\"rId1\"/><sheet name=\"图\" sheetId=\"2\" r:id=\"rId2\"/></sheets></workbook>"
                ),
            ),
            (
                "xl/_rels/workbook.xml.rels",
                &rels(
                    &[
                        ("rId1", "worksheet", "s1.xml"),
                        ("rId2", "chartsheet", "c.xml"),
                        ("rId3", "vbaProject", "vbaProject.bin"),
                    ],
                    false,
                ),
            ),
            (
                "xl/s1.xml",
                &format!(
                    "<worksheet xmlns=\"{main}\" xmlns:r=\"{r}\"><sheetData><row r=\"1\"><c r=\"A1\"><f>1+1</f><v>2</v></c></row></sheetData><legacyDrawing r:id=\"rId7\"/></worksheet>"
                ),
            ),
            (
                "xl/_rels/s1.xml.rels",
                &rels(
                    &[
                        ("rId7", "vmlDrawing", "drawing.vml"),
                        ("rId8", "comments", "notes.xml"),
                        ("rId9", "threadedComment", "threads.xml"),
                    ],
                    false,
                ),
            ),
            (
                "xl/drawing.vml",
                "<xml xmlns:v=\"urn:schemas-microsoft-com:vml\" xmlns:o=\"urn:schemas-microsoft-com:office:office\" xmlns:x=\"urn:schemas-microsoft-com:office:excel\"><o:shapelayout v:ext=\"edit\"><o:idmap v:ext=\"edit\" data=\"1\"/></o:shapelayout><v:shape id=\"_x0000_s1025\"><br></v:shape></xml>",
            ),
            (
                "xl/notes.xml",
                &format!(
                    "<comments xmlns=\"{main}\"><authors><author>tc={{1}}</author></authors><commentList><comment ref=\"A1\" authorId=\"0\"><text><t>[Threaded comment] 请核</t></text></comment></commentList></comments>"
                ),
            ),
            (
                "xl/threads.xml",
                "<ThreadedComments><threadedComment ref=\"A1\"><text>请核</text></threadedComment></ThreadedComments>",
            ),
            ("xl/vbaProject.bin", "\u{1}binary\u{2}"),
            ("xl/c.xml", "<chartsheet/>"),
        ],
    );
    mark_workbook(
        &from,
        &[mark("项目", 1, 1, "甲"), mark("项目", 1, 2, "乙")],
        &flags("项目"),
        &Labels::zh(),
        &to,
    )
    .unwrap();
    let (changed, _, gone) = differences(&from, &to);
    assert!(gone.is_empty());
    for kept in [
        "xl/vbaProject.bin",
        "xl/threads.xml",
        "xl/c.xml",
        "xl/_rels/s1.xml.rels",
    ] {
        assert!(!changed.iter().any(|name| name == kept), "{kept}");
    }
    let notes = part(&to, "xl/notes.xml");
    assert!(
        notes.contains("<r><t>[Threaded comment] 请核</t></r><r>")
            && notes.contains("<author>看灯</author>"),
        "{notes}"
    );
    let drawing = part(&to, "xl/drawing.vml");
    assert!(
        drawing.contains("<br></v:shape><v:shapetype") && drawing.contains("data=\"1,2\""),
        "{drawing}"
    );
    assert_eq!(values(&to)["项目"][&(1, 1)], "Float(2.0) =1+1");
}
