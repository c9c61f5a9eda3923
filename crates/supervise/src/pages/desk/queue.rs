//! The queue: subjects with doubts, the gravest, dearest and surest first, every tenth place drawn.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::extract::Query;
use axum::response::Response;
use kandeng_platform::account::Viewer;
use kandeng_platform::authority::Action;
use kandeng_platform::page::{
    Asked, Frame, Part, Problem, Shell, Site, Words, framed, moment, money as written,
};
use kandeng_platform::{Language, Remembered, jurisdiction};
use kandeng_screening::pack::Pack;
use serde::Deserialize;
use uuid::Uuid;

use super::super::projects::{NOWHERE, Option_, choices, places, stages};
use super::super::telling::Telling;
use super::super::words::{pick, words};
use super::counts::figures;
use super::flag::reasons;
use super::ranked::{Narrowed, Subject, case_of, ranked};
use super::views::{Kept, kept};
use crate::filing::Filing;
use crate::import::value::{Cell, money};
use crate::scene::Supervise;
use crate::watch::last_run;

/// Places on one page.
const ON_PAGE: usize = 50;

/// The most lists that are remembered.
const MOST_LISTED: usize = 128;

/// The most bytes of pages that are remembered.
const MOST_BYTES: usize = 16 << 20;

/// What the address says.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Wanted {
    place: String,
    rule: String,
    stage: String,
    year: String,
    severity: String,
    from: String,
    to: String,
    state: String,
    pub(super) page: usize,
}

/// An amount as people write it, in fen: in yuan where it names no unit.
fn fen(text: &str) -> Option<i64> {
    money::read(Cell::text(text), money::YUAN).ok().flatten()
}

/// What was chosen to be dismissed and refused, and why.
#[derive(Default, PartialEq, Eq)]
pub(super) struct Typed {
    pub told: Option<String>,
    pub reason: String,
    pub note: String,
    pub chosen: Vec<Uuid>,
    /// The name of a view that was refused.
    pub view: String,
}

impl Typed {
    /// Whether one of them was chosen.
    fn has_chosen(&self, flags: &[String]) -> bool {
        let is_chosen = |flag: &String| self.chosen.iter().any(|one| one.to_string() == *flag);
        !self.chosen.is_empty() && flags.iter().any(is_chosen)
    }
}

impl Wanted {
    /// As a form carries it along.
    pub fn sent<'a>(of: impl Fn(&str) -> &'a str) -> Self {
        let text = |name: &str| of(name).to_owned();
        Self {
            place: text("place"),
            rule: text("rule"),
            stage: text("stage"),
            year: text("year"),
            severity: text("severity"),
            from: text("from"),
            to: text("to"),
            state: text("state"),
            page: of("page").parse().unwrap_or_default(),
        }
    }

    /// What it narrows the queue to.
    fn narrowed(&self) -> Narrowed {
        let some = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        Narrowed {
            place: some(&self.place).filter(|place| jurisdiction::is_code(place)),
            nowhere: self.place == NOWHERE,
            rule: some(&self.rule),
            stage: some(&self.stage),
            severity: some(&self.severity),
            year: self.year.trim().parse().ok(),
            least_fen: fen(&self.from),
            most_fen: fen(&self.to),
            state: some(&self.state),
        }
    }

    /// Whether a filter says something that cannot be read: it narrows nothing, which somebody has to be told.
    fn is_unreadable(&self) -> bool {
        let is_said = |text: &str| !text.trim().is_empty();
        let is_place = self.place == NOWHERE || jurisdiction::is_code(self.place.trim());
        is_said(&self.place) && !is_place
            || is_said(&self.year) && self.year.trim().parse::<i64>().is_err()
            || [&self.from, &self.to]
                .iter()
                .any(|text| is_said(text) && fen(text).is_none())
    }

    fn fields(&self) -> [(&'static str, &str); 8] {
        [
            ("place", &self.place),
            ("rule", &self.rule),
            ("stage", &self.stage),
            ("year", &self.year),
            ("severity", &self.severity),
            ("from", &self.from),
            ("to", &self.to),
            ("state", &self.state),
        ]
    }

    pub(super) fn address(&self, page: usize) -> String {
        let mut form = form_urlencoded::Serializer::new(String::new());
        for (name, value) in self.fields() {
            if !value.is_empty() {
                form.append_pair(name, value);
            }
        }
        form.append_pair("page", &page.to_string());
        format!("/supervise/desk?{}", form.finish())
    }

    /// The filters that are set.
    pub(super) fn filters(&self) -> BTreeMap<String, String> {
        let set = self
            .fields()
            .into_iter()
            .filter(|(_, value)| !value.is_empty());
        set.map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect()
    }

    pub(super) fn is_narrowed(&self) -> bool {
        self.fields().iter().any(|(_, value)| !value.is_empty())
    }
}

struct Line {
    /// Where it leads: the project, or the flag of another subject.
    href: String,
    name: String,
    code: String,
    place: String,
    items: Vec<String>,
    money: String,
    says: String,
    flag: String,
    flags: Vec<String>,
    more: usize,
    due: Option<(String, bool)>,
    who: String,
    by_draw: bool,
    rule_changed: bool,
    proposed: bool,
}

#[derive(Template)]
#[template(path = "desk.html")]
struct DeskPage {
    words: Words,
    token: String,
    typed: Typed,
    /// A filter cannot be read.
    unreadable: bool,
    reasons: Vec<Option_>,
    ran: Option<String>,
    running: Option<(usize, usize)>,
    failing: bool,
    figures: Vec<(String, String, String, String)>,
    listed: Arc<Listed>,
    total: usize,
    wanted: Wanted,
    places: Vec<Option_>,
    stages: Vec<Option_>,
    states: Vec<Option_>,
    severities: Vec<Option_>,
    rules: Vec<String>,
    before: Option<String>,
    after: Option<String>,
    views: Vec<Kept>,
    may_keep: bool,
    may_dismiss: bool,
    may_screen: bool,
}

/// The jurisdictions whose doubts somebody may see.
pub(crate) fn within(site: &Site, viewer: &Viewer) -> Vec<String> {
    site.places_for(
        viewer,
        Action::ViewDesk,
        kandeng_platform::authority::Resource::desk,
    )
}

pub(super) async fn shown(
    site: Site,
    asked: Asked,
    Extension(scene): Extension<Supervise>,
    Extension(frame): Extension<Frame>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Problem> {
    let typed = Typed::default();
    show(&site, &asked.viewer, &scene, frame, wanted, typed)
}

/// What a page of the queue shows, and to whom: everything that it depends on but what the ledger says.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Look {
    within: Vec<String>,
    address: String,
    language: Language,
    /// The viewer's own, which nobody else sees.
    views: Vec<Kept>,
    may_keep: bool,
    may_screen: bool,
    running: Option<(usize, usize)>,
    failing: bool,
}

/// Pages of the queue, and what is listed on them.
pub(crate) struct Queue {
    pages: Remembered<Look, Arc<Part>>,
    /// The same list stands on the pages of many.
    listed: Remembered<(Vec<String>, String, Language), Arc<Listed>>,
}

impl Default for Queue {
    fn default() -> Self {
        Self {
            pages: Remembered::weighing(MOST_BYTES, |page| page.bytes()),
            listed: Remembered::new(MOST_LISTED),
        }
    }
}

pub(super) fn show(
    site: &Site,
    viewer: &Viewer,
    scene: &Supervise,
    frame: Frame,
    wanted: Wanted,
    typed: Typed,
) -> Result<Response, Problem> {
    let words = words(viewer.language);
    let progress = scene.board().read();
    let look = Look {
        within: within(site, viewer),
        address: wanted.address(wanted.page),
        language: viewer.language,
        views: kept(site, viewer, &wanted)?,
        may_keep: site.widest(viewer, Action::KeepViews).is_some(),
        may_screen: site.widest(viewer, Action::ScreenNow).is_some(),
        running: progress.running,
        failing: progress.failing,
    };
    let part = if typed == Typed::default() {
        let key = look.clone();
        let write = || write(site, scene, words, look, wanted, typed);
        scene.queue().pages.of(site.platform(), key, write)?
    } else {
        write(site, scene, words, look, wanted, typed)?
    };
    let shell = Shell::of(site, viewer, frame, words, part.title());
    Ok(framed(shell, &part))
}

/// Writes what stands within the frame.
fn write(
    site: &Site,
    scene: &Supervise,
    words: Words,
    look: Look,
    wanted: Wanted,
    typed: Typed,
) -> Result<Arc<Part>, Problem> {
    let filing = scene.newest(site)?.filing;
    let pack = scene.pack(site)?;
    let key = (look.within.clone(), look.address, look.language);
    let listed = scene.queue().listed.of(site.platform(), key, || {
        let telling = Telling::new(site, scene, words)?;
        let within = &look.within;
        list(site, (words, &telling), &filing, &pack, within, &wanted).map(Arc::new)
    })?;
    let Listed { total, .. } = *listed;
    let ran = site.platform().query(last_run)?.map(|ran| {
        words.say_with(
            "screened",
            &[
                ("at", moment(ran.at)),
                ("projects", ran.projects.to_string()),
                ("rules", ran.rules.to_string()),
                (
                    "seconds",
                    format!("{:.1}", ran.milliseconds as f64 / 1_000.0),
                ),
                ("position", ran.position.to_string()),
            ],
        )
    });
    let counted = scene.counts().of(site, &look.within)?;
    Part::write(site, words.say("desk-title"), |token| DeskPage {
        words,
        token,
        reasons: reasons(words, &typed.reason),
        unreadable: wanted.is_unreadable(),
        typed,
        ran,
        running: look.running,
        failing: look.failing,
        figures: figures(words, counted),
        listed,
        total,
        places: places(site, words, &look.within, &wanted.place),
        stages: stages(words, &filing, &wanted.stage),
        states: choices(
            words,
            &[
                ("open", "待核", "open"),
                ("confirmed", "属实", "confirmed"),
                ("dismissed", "已排除", "dismissed"),
                ("cleared", "已消除", "cleared"),
            ],
            if wanted.state.is_empty() {
                "open"
            } else {
                &wanted.state
            },
        ),
        severities: choices(
            words,
            &[
                ("high", "高", "high"),
                ("medium", "中", "medium"),
                ("low", "低", "low"),
            ],
            &wanted.severity,
        ),
        rules: pack.rules.iter().map(|rule| rule.id.clone()).collect(),
        before: (wanted.page > 0).then(|| wanted.address(wanted.page - 1)),
        after: (wanted.page.saturating_add(1).saturating_mul(ON_PAGE) < total)
            .then(|| wanted.address(wanted.page + 1)),
        views: look.views,
        may_keep: look.may_keep,
        may_dismiss: wanted.state.is_empty() || wanted.state == "open",
        may_screen: look.may_screen,
        wanted,
    })
}

/// A page of the queue, and how many subjects there are on all.
struct Listed {
    lines: Vec<Line>,
    total: usize,
}

/// Ranks what is open, and writes the lines of one page.
fn list(
    site: &Site,
    (words, telling): (Words, &Telling),
    filing: &Filing,
    pack: &Pack,
    within: &[String],
    wanted: &Wanted,
) -> Result<Listed, Problem> {
    let queue = ranked(site, pack, within, &wanted.narrowed())?;
    let total = queue.len();
    let from = wanted.page.saturating_mul(ON_PAGE);
    let mut names: HashMap<Uuid, String> = HashMap::new();
    let mut lines = Vec::new();
    for of in queue.iter().skip(from).take(ON_PAGE) {
        lines.push(line(site, (words, telling), filing, of, &mut names)?);
    }
    Ok(Listed { lines, total })
}

fn line(
    site: &Site,
    (words, telling): (Words, &Telling),
    filing: &Filing,
    of: &Subject,
    names: &mut HashMap<Uuid, String>,
) -> Result<Line, Problem> {
    let first = &of.flags[0];
    let mut items: Vec<String> = Vec::new();
    for key in of.flags.iter().flat_map(|one| &one.flag.items) {
        let item = filing.item(key);
        let name = item.map_or(&**key, |item| pick(words, &item.zh, &item.en));
        if !items.iter().any(|known| known == name) {
            items.push(name.to_owned());
        }
    }
    let money_fen = of.flags.iter().filter_map(|one| one.flag.money_fen).max();
    let case = case_of(site, of)?;
    let now = site.platform().clock().now().as_millisecond();
    let (due, who) = match &case {
        Some((_, assignee, due)) => {
            let name = names.entry(*assignee).or_insert_with(|| {
                let name = site.people().name(*assignee).ok().flatten();
                name.unwrap_or_else(|| words.say("somebody"))
            });
            (due.map(|due| remaining(words, now, due)), name.clone())
        }
        None => (None, words.say("unassigned")),
    };
    let (href, name, place) = match &first.project {
        Some((id, name, place)) => (
            format!("/supervise/projects/{id}"),
            name.clone().unwrap_or_else(|| words.say("unnamed")),
            site.divisions().place(place),
        ),
        None => (
            format!("/supervise/flags/{}", first.flag.id()),
            words.say(&format!("subject-{}", first.flag.subject_kind)),
            String::new(),
        ),
    };
    Ok(Line {
        href,
        name,
        code: first.flag.subject.clone(),
        place,
        items,
        money: money_fen.map(|fen| written(words, fen)).unwrap_or_default(),
        says: first.flag.told(words, telling),
        flag: first.flag.id().to_owned(),
        flags: of
            .flags
            .iter()
            .map(|one| one.flag.id().to_owned())
            .collect(),
        more: of.flags.len() - 1,
        due,
        who,
        by_draw: of.by_draw,
        rule_changed: of.flags.iter().any(|one| one.flag.rule_changed),
        proposed: of.flags.iter().any(|one| one.flag.proposed.is_some()),
    })
}

/// How long there is until a deadline, and whether it presses.
pub(crate) fn remaining(words: Words, now: i64, due: i64) -> (String, bool) {
    const DAY: i64 = 86_400_000;
    let left = due - now;
    if left < 0 {
        let days = (-left / DAY).max(1);
        return (
            words.say_of("overdue-days", days.to_string().as_str()),
            true,
        );
    }
    if left < DAY {
        return (words.say_of("due-today", &moment(due)[11..]), true);
    }
    let days = (left / DAY).to_string();
    (words.say_of("due-days", days.as_str()), left < 3 * DAY)
}

#[cfg(test)]
mod tests {
    use kandeng_platform::Language;

    use super::super::super::words::words;
    use super::*;

    #[test]
    fn what_is_left_is_said_as_people_say_it() {
        let day = 86_400_000;
        let en = words(Language::En);
        for (due, told, presses) in [
            (day, "1 day", true),
            (5 * day, "5 days", false),
            (-day, "1 day late", true),
            (-3 * day, "3 days late", true),
        ] {
            assert_eq!(remaining(en, 0, due), (told.to_owned(), presses));
        }
        assert_eq!(remaining(words(Language::Zh), 0, day).0, "1 天");
    }
}
