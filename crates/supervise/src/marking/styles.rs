//! `styles.xml`: for each style in use on a marked cell one more that is the same but red, and the styles of the
//! sheet of flags. Existing entries keep their places, so no cell changes its look unasked.

use std::collections::HashMap;

use super::MarkError;
use super::edit::Edits;
use super::xml::{Element, MAIN, STRICT_MAIN, children, root};

/// The red of a doubtful cell: dark text on it stays readable.
pub(super) const RED: &str = "FFFF7C80";
/// Light grey behind the headers of the sheet of flags.
const GREY: &str = "FFE7E6E6";
/// Cell formats that Excel opens; one more and it calls the file damaged.
const MAX_FORMATS: usize = 65_490;
/// Order that the format prescribes for the lists of a style sheet.
const ORDER: [&str; 11] = [
    "numFmts",
    "fonts",
    "fills",
    "borders",
    "cellStyleXfs",
    "cellXfs",
    "cellStyles",
    "dxfs",
    "tableStyles",
    "colors",
    "extLst",
];

/// Styles of the sheet of flags, as indices of cell formats.
#[derive(Clone, Copy, Debug)]
pub(super) struct FlagStyles {
    pub(super) header: u32,
    pub(super) text: u32,
    /// Text that would turn into a formula when it is typed again.
    pub(super) guarded: u32,
    pub(super) link: u32,
    pub(super) number: u32,
    pub(super) date: u32,
    pub(super) moment: u32,
    pub(super) duration: u32,
    pub(super) money: u32,
    pub(super) share: u32,
}

/// One list of the style sheet: what is there and what is added.
#[derive(Debug, Default)]
struct List {
    entries: Vec<String>,
    added: Vec<String>,
}

impl List {
    /// Index of an entry with this text, added when there is none.
    fn index_of(&mut self, entry: String) -> u32 {
        let known = self
            .entries
            .iter()
            .chain(&self.added)
            .position(|known| *known == entry);
        known.unwrap_or_else(|| {
            self.added.push(entry);
            self.len() - 1
        }) as u32
    }

    fn len(&self) -> usize {
        self.entries.len() + self.added.len()
    }
}

/// The style sheet of a workbook with what is added to it.
#[derive(Debug)]
pub(super) struct Styles {
    part: String,
    source: String,
    prefix: String,
    fonts: List,
    fills: List,
    formats: List,
    number_formats: Vec<String>,
    /// Number formats of the workbook's own by their code.
    known_number_formats: HashMap<String, u32>,
    next_number_format: u32,
    has_style_formats: bool,
    red: HashMap<u32, u32>,
}

impl Styles {
    /// Reads a style sheet.
    pub(super) fn parse(part: &str, source: String) -> Result<Self, MarkError> {
        let whole = root(part, &source)?;
        let lists = children(part, &source, whole.inside.clone(), 1)?;
        let entries = |name: &str| -> Result<List, MarkError> {
            let mut list = List::default();
            if let Some(found) = lists.iter().find(|list| list.open.name() == name) {
                for entry in children(part, &source, found.inside.clone(), 2)? {
                    list.entries.push(source[entry.span].to_owned());
                }
            }
            Ok(list)
        };
        let mut next_number_format = 164;
        let mut known_number_formats = HashMap::new();
        for list in lists.iter().filter(|list| list.open.name() == "numFmts") {
            for entry in children(part, &source, list.inside.clone(), 2)? {
                let id = entry.open.number("numFmtId").unwrap_or(0);
                next_number_format = next_number_format.max(id.saturating_add(1));
                if let Some(code) = entry.open.attribute("formatCode") {
                    known_number_formats.insert(code.into_owned(), id);
                }
            }
        }
        let mut styles = Self {
            part: part.to_owned(),
            prefix: whole.open.prefix().to_owned(),
            fonts: entries("fonts")?,
            fills: entries("fills")?,
            formats: entries("cellXfs")?,
            number_formats: Vec::new(),
            known_number_formats,
            next_number_format,
            has_style_formats: lists.iter().any(|list| list.open.name() == "cellStyleXfs"),
            red: HashMap::new(),
            source: String::new(),
        };
        styles.source = source;
        styles.add_what_excel_presumes();
        Ok(styles)
    }

    /// For a workbook that has no style sheet.
    pub(super) fn none(part: &str, strict: bool) -> Result<Self, MarkError> {
        let space = if strict { STRICT_MAIN } else { MAIN };
        let source = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n<styleSheet xmlns=\"{space}\"></styleSheet>"
        );
        Self::parse(part, source)
    }

    /// The first font, two fills and the first cell format have meanings of their own.
    fn add_what_excel_presumes(&mut self) {
        let p = self.prefix.clone();
        if self.fonts.len() == 0 {
            self.fonts.added.push(format!(
                "<{p}font><{p}sz val=\"11\"/><{p}name val=\"Calibri\"/></{p}font>"
            ));
        }
        if self.fills.len() == 0 {
            for pattern in ["none", "gray125"] {
                self.fills.added.push(format!(
                    "<{p}fill><{p}patternFill patternType=\"{pattern}\"/></{p}fill>"
                ));
            }
        }
        if self.formats.len() == 0 {
            self.formats
                .added
                .push(format!("<{p}xf numFmtId=\"0\" fontId=\"0\" fillId=\"0\"/>"));
        }
    }

    fn fill(&mut self, colour: &str) -> u32 {
        let p = &self.prefix;
        self.fills.index_of(format!(
            "<{p}fill><{p}patternFill patternType=\"solid\"><{p}fgColor rgb=\"{colour}\"/><{p}bgColor \
             indexed=\"64\"/></{p}patternFill></{p}fill>"
        ))
    }

    /// The style that is like this one but red; the same one when it is red already.
    pub(super) fn red(&mut self, style: u32) -> Result<u32, MarkError> {
        if let Some(red) = self.red.get(&style) {
            return Ok(*red);
        }
        let fill = self.fill(RED).to_string();
        let mut formats = self.formats.entries.iter().chain(&self.formats.added);
        // The first format stands for one that is not there; `parse` saw to it that there is a first.
        let known = formats
            .clone()
            .nth(style as usize)
            .or_else(|| formats.next());
        let format = known.cloned().unwrap_or_default();
        let whole = root(&self.part, &format)?;
        let is_red = whole.open.attribute("fillId").is_some_and(|id| *id == fill)
            && whole
                .open
                .attribute("applyFill")
                .is_none_or(|apply| apply != "0" && apply != "false");
        let red = if is_red && (style as usize) < self.formats.len() {
            style
        } else if self.formats.len() >= MAX_FORMATS {
            // Full: any red style is better than a workbook that does not open.
            self.red.values().copied().min().unwrap_or(style)
        } else {
            let mut edits = Edits::default();
            edits.set_attribute(&whole.open, "fillId", &fill);
            edits.set_attribute(&whole.open, "applyFill", "1");
            self.formats.index_of(edits.applied(&format))
        };
        self.red.insert(style, red);
        Ok(red)
    }

    /// The styles of the sheet of flags, in the workbook's own first font.
    pub(super) fn flag_styles(&mut self) -> Result<FlagStyles, MarkError> {
        let bold = self.font(true)?;
        let blue = self.font(false)?;
        let grey = self.fill(GREY);
        let day = self.number_format("yyyy-mm-dd");
        let moment = self.number_format("yyyy-mm-dd hh:mm");
        Ok(FlagStyles {
            header: self.format(0, bold, grey, ""),
            text: self.format(0, 0, 0, ""),
            guarded: self.format(0, 0, 0, " quotePrefix=\"1\""),
            link: self.format(0, blue, 0, ""),
            number: self.format(0, 0, 0, " applyNumberFormat=\"1\""),
            date: self.format(day, 0, 0, " applyNumberFormat=\"1\""),
            moment: self.format(moment, 0, 0, " applyNumberFormat=\"1\""),
            duration: self.format(46, 0, 0, " applyNumberFormat=\"1\""),
            money: self.format(4, 0, 0, " applyNumberFormat=\"1\""),
            share: self.format(10, 0, 0, " applyNumberFormat=\"1\""),
        })
    }

    fn format(&mut self, number_format: u32, font: u32, fill: u32, more: &str) -> u32 {
        let p = &self.prefix;
        let base = if self.has_style_formats {
            " borderId=\"0\" xfId=\"0\""
        } else {
            ""
        };
        self.formats.index_of(format!(
            "<{p}xf numFmtId=\"{number_format}\" fontId=\"{font}\" fillId=\"{fill}\"{base}{more} applyFont=\"1\" \
             applyFill=\"1\" applyAlignment=\"1\"><{p}alignment vertical=\"top\" wrapText=\"1\"/></{p}xf>"
        ))
    }

    fn number_format(&mut self, code: &str) -> u32 {
        if let Some(id) = self.known_number_formats.get(code) {
            return *id;
        }
        let id = self.next_number_format;
        self.next_number_format += 1;
        let p = &self.prefix;
        self.number_formats.push(format!(
            "<{p}numFmt numFmtId=\"{id}\" formatCode=\"{code}\"/>"
        ));
        id
    }

    /// The first font, made bold, or blue and underlined as links are.
    fn font(&mut self, bold: bool) -> Result<u32, MarkError> {
        let p = self.prefix.clone();
        let first = self
            .fonts
            .entries
            .first()
            .or(self.fonts.added.first())
            .cloned()
            .unwrap_or_default();
        let whole = root(&self.part, &first)?;
        let parts = children(&self.part, &first, whole.inside, 1)?;
        let part = |name: &str| {
            let found = parts.iter().find(|part| part.open.name() == name);
            found.map_or("", |part| &first[part.span.clone()])
        };
        let (before, colour) = if bold {
            (format!("<{p}b/>"), part("color").to_owned())
        } else {
            (format!("<{p}u/>"), format!("<{p}color rgb=\"FF0563C1\"/>"))
        };
        let (size, name, family, charset) =
            (part("sz"), part("name"), part("family"), part("charset"));
        let scheme = part("scheme");
        Ok(self.fonts.index_of(format!(
            "<{p}font>{before}{size}{colour}{name}{family}{charset}{scheme}</{p}font>"
        )))
    }

    /// The changed part as `(name, text)`.
    pub(super) fn written(self) -> Result<(String, String), MarkError> {
        let whole = root(&self.part, &self.source)?;
        let lists = children(&self.part, &self.source, whole.inside.clone(), 1)?;
        let mut edits = Edits::default();
        let mut at_end = String::new();
        for (name, added) in [
            ("numFmts", &self.number_formats),
            ("fonts", &self.fonts.added),
            ("fills", &self.fills.added),
            ("cellXfs", &self.formats.added),
        ] {
            if added.is_empty() {
                continue;
            }
            if let Some(list) = lists.iter().find(|list| list.open.name() == name) {
                self.append(&mut edits, list, added)?;
                continue;
            }
            let p = &self.prefix;
            let text = format!(
                "<{p}{name} count=\"{}\">{}</{p}{name}>",
                added.len(),
                added.concat()
            );
            match lists
                .iter()
                .find(|list| rank(list.open.name()) > rank(name))
            {
                Some(later) => edits.insert(later.span.start, text),
                None => at_end.push_str(&text),
            }
        }
        if !at_end.is_empty() {
            edits.append(&whole, &at_end);
        }
        let text = edits.applied(&self.source);
        Ok((self.part, text))
    }

    fn append(
        &self,
        edits: &mut Edits,
        list: &Element<'_>,
        added: &[String],
    ) -> Result<(), MarkError> {
        let there = children(&self.part, &self.source, list.inside.clone(), 2)?.len();
        if list.open.attribute_range("count").is_some() {
            edits.set_attribute(&list.open, "count", &(there + added.len()).to_string());
        }
        edits.append(list, &added.concat());
        Ok(())
    }
}

/// Place of a list in the prescribed order; unknown ones come last.
fn rank(name: &str) -> usize {
    ORDER
        .iter()
        .position(|known| *known == name)
        .unwrap_or(ORDER.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHEET: &str = "<styleSheet xmlns=\"m\"><fonts count=\"1\"><font><sz val=\"12\"/><name val=\"宋体\"/></font></fonts>\
        <fills count=\"2\"><fill><patternFill patternType=\"none\"/></fill><fill><patternFill patternType=\"gray125\"/></fill></fills>\
        <borders count=\"1\"><border/></borders><cellStyleXfs count=\"1\"><xf/></cellStyleXfs>\
        <cellXfs count=\"2\"><xf numFmtId=\"0\" fillId=\"0\"/><xf numFmtId=\"14\" fillId=\"1\" applyFill=\"0\"><protection locked=\"0\"/></xf></cellXfs>\
        <dxfs count=\"0\"/></styleSheet>";

    #[test]
    fn a_red_style_is_the_same_style_with_a_fill() {
        let mut styles = Styles::parse("s", SHEET.to_owned()).expect("reads");
        assert_eq!(styles.red(1).expect("red"), 2);
        assert_eq!(styles.red(1).expect("red"), 2);
        assert_eq!(styles.red(0).expect("red"), 3);
        let (_, text) = styles.written().expect("writes");
        assert!(text.contains(
            "<xf numFmtId=\"14\" fillId=\"2\" applyFill=\"1\"><protection locked=\"0\"/></xf>"
        ));
        assert!(
            text.contains("<cellXfs count=\"4\">") && text.contains("<fills count=\"3\">"),
            "{text}"
        );
        let mut again = Styles::parse("s", text).expect("reads its own");
        assert_eq!(again.red(2).expect("red"), 2, "what is red stays as it is");
        assert_eq!(again.red(1).expect("red"), 2, "and is used again");
    }

    #[test]
    fn lists_that_are_missing_are_made_in_the_order_of_the_format() {
        let source = "<x:styleSheet xmlns:x=\"m\"><x:borders/><x:dxfs/></x:styleSheet>";
        let mut styles = Styles::parse("s", source.to_owned()).expect("reads");
        assert_eq!(
            styles.red(7).expect("red"),
            1,
            "a style that is not there counts as the first"
        );
        styles.flag_styles().expect("styles");
        let (_, text) = styles.written().expect("writes");
        let places: Vec<_> = [
            "<x:numFmts",
            "<x:fonts",
            "<x:fills",
            "<x:borders",
            "<x:cellXfs",
            "<x:dxfs",
        ]
        .iter()
        .map(|name| text.find(name).expect("is there"))
        .collect();
        assert!(places.is_sorted(), "{text}");
    }

    #[test]
    fn an_empty_style_sheet_gets_all_it_needs() {
        let mut styles = Styles::parse("s", "<styleSheet xmlns=\"m\"/>".to_owned()).expect("reads");
        assert_eq!(styles.red(0).expect("red"), 1);
        let (_, text) = styles.written().expect("writes");
        assert!(
            text.contains("<fills count=\"3\">") && text.ends_with("</cellXfs></styleSheet>"),
            "{text}"
        );
    }
}
