//! The history of an item: who, when, from, to.

use askama::Template;
use axum::Extension;
use axum::response::Response;
use kandeng_platform::page::{Asked, Frame, Problem, Shell, Site, html, moment};

use super::super::words::{pick, words};
use super::items::{label, written};
use super::read;
use crate::project::history;
use crate::scene::Supervise;

struct Change {
    at: String,
    who: String,
    what: String,
    from: String,
    to: String,
    edition: u32,
    /// Whether it came from a file.
    imported: bool,
}

#[derive(Template)]
#[template(path = "history.html")]
struct HistoryPage {
    shell: Shell,
    id: String,
    code: String,
    changes: Vec<Change>,
}

pub(super) async fn of_item(
    site: Site,
    asked: Asked,
    Extension(scene): Extension<Supervise>,
    Extension(frame): Extension<Frame>,
) -> Result<Response, Problem> {
    let (page, declared) = read(&site, &scene, &asked.params)?;
    let filing = &declared.filing;
    let key = asked.params.get("item").unwrap_or_default();
    let item = filing.item(key).ok_or_else(Problem::not_found)?;
    let words = words(asked.viewer.language);
    let own = filing.sheets[0].table.as_str();
    let mut changes = Vec::new();
    for change in history(site.platform(), filing, page.row.id, key)? {
        let table = change.row.as_ref().map_or(own, |(table, _)| table);
        let Some(column) = filing.column(table, &change.column) else {
            continue;
        };
        let value = |typed: &Option<String>| {
            typed.as_deref().map_or_else(String::new, |typed| {
                written(words, filing, column, &page.shown(typed)).into_owned()
            })
        };
        let mut what = label(words, column);
        if let Some((_, row)) = &change.row {
            what = words.say_with("of-row", &[("what", what), ("row", row.to_string())]);
        }
        changes.push(Change {
            at: moment(change.at.as_millisecond()),
            who: site
                .people()
                .name(change.by)?
                .unwrap_or_else(|| words.say("somebody")),
            what,
            from: value(&change.from),
            to: value(&change.to),
            edition: change.edition,
            imported: change.file.is_some(),
        });
    }
    changes.reverse();
    let title = words.say_of("history-of", pick(words, &item.zh, &item.en));
    let page = HistoryPage {
        id: page.row.id.to_string(),
        code: page.row.code.clone(),
        changes,
        shell: Shell::of(&site, &asked.viewer, frame, words, title),
    };
    Ok(html(&page))
}
