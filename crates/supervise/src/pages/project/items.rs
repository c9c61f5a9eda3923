//! Items as pages show them: how each kind of value is written for people, and the fields that it is typed in.

use std::borrow::Cow;

use kandeng_platform::page::{Words, money};

use super::super::projects::Option_;
use super::super::words::pick;
use super::pictures::FileLink;
use crate::filing::{Choice, Column, Field, Filing};
use crate::import::value::{Cell, money as money_value, stands_for_nothing};

/// The first number of rows that are typed in and have none yet: above all that are ever given.
pub(super) const NEW_ROWS: u32 = 1_000_000;

/// How long a text is before it gets a field of several lines.
const LONG: usize = 60;

/// The choice that is typed, under whatever name.
fn chosen<'c>(choices: &'c [Choice], typed: &str) -> Option<&'c Choice> {
    let typed = typed.trim();
    choices.iter().find(|choice| {
        [&choice.key, &choice.zh, &choice.en].contains(&&typed.to_owned())
            || choice.aliases.iter().any(|alias| alias == typed)
    })
}

/// A cell as people read it.
pub(crate) fn written<'t>(
    words: Words,
    filing: &Filing,
    column: &Column,
    typed: &'t str,
) -> Cow<'t, str> {
    match column.field {
        Field::Money => {
            let fen = money_value::read(Cell::text(typed), money_value::YUAN);
            match fen.ok().flatten() {
                Some(fen) => money(words, fen).into(),
                None => typed.into(),
            }
        }
        Field::Choice => match chosen(filing.choices(column), typed) {
            Some(choice) => pick(words, &choice.zh, &choice.en).to_owned().into(),
            None => typed.into(),
        },
        Field::Identity => words.say("hidden-number").into(),
        Field::Boundary => words
            .say_of("boundary-length", typed.len().to_string().as_str())
            .into(),
        _ => typed.into(),
    }
}

/// Something that is said about a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    /// `doubt` where a rule marks it, `note` where it could not be read as it was written.
    pub kind: &'static str,
    /// The sentence.
    pub text: String,
}

/// A field of a form.
pub(super) struct FieldView {
    /// Its name in the form, and its id on the page.
    pub name: String,
    pub label: String,
    /// `text`, `long`, `date`, `decimal`, `choice`, `number`; `fixed` for what a file says and nobody types.
    pub kind: &'static str,
    pub value: String,
    pub options: Vec<Option_>,
    /// What is said about it.
    pub marks: Vec<Mark>,
    /// It holds a number that no page shows.
    pub hidden: bool,
    /// Files that it names and that are kept.
    pub links: Vec<FileLink>,
}

impl FieldView {
    /// Of a column under a name, with what is typed.
    pub fn of(
        words: Words,
        filing: &Filing,
        column: &Column,
        name: String,
        typed: &str,
        marks: Vec<Mark>,
    ) -> Self {
        let is_hidden = column.field == Field::Identity && !typed.is_empty();
        let mut options = Vec::new();
        let kind = match column.field {
            Field::Choice => {
                let choices = filing.choices(column);
                let typed = typed.trim();
                let which = chosen(choices, typed);
                for choice in choices {
                    options.push(Option_ {
                        key: choice.key.clone(),
                        name: pick(words, &choice.zh, &choice.en).to_owned(),
                        chosen: which == Some(choice),
                    });
                }
                if which.is_none() && !typed.is_empty() {
                    options.push(Option_ {
                        key: typed.to_owned(),
                        name: typed.to_owned(),
                        chosen: true,
                    });
                }
                "choice"
            }
            Field::Bool => {
                let yes = ["是", "yes", "true", "1"].contains(&typed.trim());
                let no = ["否", "no", "false", "0"].contains(&typed.trim());
                for (key, name, chosen) in [("是", "yes", yes), ("否", "no", no)] {
                    options.push(Option_ {
                        key: key.to_owned(),
                        name: words.say(name),
                        chosen,
                    });
                }
                if !yes && !no && !stands_for_nothing(typed) {
                    options.push(Option_ {
                        key: typed.to_owned(),
                        name: typed.to_owned(),
                        chosen: true,
                    });
                }
                "choice"
            }
            Field::Date if typed.is_empty() || is_day(typed) => "date",
            Field::Money | Field::Quantity | Field::Percent | Field::Number => "decimal",
            Field::Int => "number",
            Field::Boundary => "long",
            _ if typed.chars().count() > LONG || typed.contains('\n') => "long",
            _ => "text",
        };
        Self {
            name,
            label: label(words, column),
            kind,
            value: if is_hidden {
                String::new()
            } else {
                typed.to_owned()
            },
            options,
            marks,
            hidden: is_hidden,
            links: Vec::new(),
        }
    }

    /// What a file says of itself: shown, and not to be typed over.
    pub fn fixed(self, words: Words, filing: &Filing, column: &Column) -> Self {
        Self {
            value: written(words, filing, column, &self.value).into_owned(),
            kind: "fixed",
            ..self
        }
    }

    /// Whether a rule marks it.
    pub fn is_doubtful(&self) -> bool {
        self.marks.iter().any(|mark| mark.kind == "doubt")
    }
}

/// What a column is called in a form: its header, and the unit that is meant where none is typed.
pub(super) fn label(words: Words, column: &Column) -> String {
    let name = pick(words, &column.zh, &column.en);
    match column.field {
        Field::Money => words.say_of("in-yuan", name),
        Field::Percent => format!("{name} (%)"),
        _ => name.to_owned(),
    }
}

/// Whether a text is a day as a browser's field for days takes it.
fn is_day(typed: &str) -> bool {
    typed.len() == 10 && typed.parse::<jiff::civil::Date>().is_ok()
}
