//! The queue: subjects with doubts, the gravest, dearest and surest first, every tenth place drawn.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::extract::Query;
use axum::response::Response;
use kandeng_platform::account::Viewer;
use kandeng_platform::authority::Action;
use kandeng_platform::flag::Tally;
use kandeng_platform::flag::rank::{arrange, score};
use kandeng_platform::page::{Asked, Frame, Problem, Shell, Site, Words, html, moment, money};
use kandeng_platform::{Language, Remembered, jurisdiction};
use kandeng_screening::pack::{Audience, Pack};
use serde::Deserialize;
use uuid::Uuid;

use super::super::projects::{Option_, choices, places, stages};
use super::super::telling::Telling;
use super::super::words::{pick, words};
use super::counts::figures;
use super::flag::reasons;
use super::found::FlagRow;
use super::views::{Kept, kept};
use crate::filing::Filing;
use crate::scene::Supervise;
use crate::watch::last_run;

/// Places on one page.
const ON_PAGE: usize = 50;

/// The most pages that are remembered.
const MOST_LISTED: usize = 128;

/// The most that is ranked: beyond, somebody narrows it down.
const MOST: u32 = 20_000;

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

/// What was chosen to be dismissed and refused, and why.
#[derive(Default)]
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
    shell: Shell,
    typed: Typed,
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

/// A flag with what is known of its subject.
struct Open {
    flag: FlagRow,
    project: Option<(String, Option<String>, String)>,
}

struct Of {
    flags: Vec<Open>,
    score: f64,
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

pub(super) fn show(
    site: &Site,
    viewer: &Viewer,
    scene: &Supervise,
    frame: Frame,
    wanted: Wanted,
    typed: Typed,
) -> Result<Response, Problem> {
    let words = words(viewer.language);
    let filing = scene.newest(site)?.filing;
    let pack = scene.pack(site)?;
    let places_of = within(site, viewer);
    let key = (
        places_of.clone(),
        wanted.address(wanted.page),
        viewer.language,
    );
    let listed = scene.queue().0.of(site.platform(), key, || {
        let telling = Telling::new(site, scene, words)?;
        list(site, (words, &telling), &filing, &pack, &places_of, &wanted).map(Arc::new)
    })?;
    let Listed { total, .. } = *listed;
    let progress = scene.board().read();
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
    let page = DeskPage {
        reasons: reasons(words, &typed.reason),
        typed,
        ran,
        running: progress.running,
        failing: progress.failing,
        figures: figures(words, scene.counts().of(site, &places_of)?),
        listed,
        total,
        places: places(site, &places_of, &wanted.place),
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
        views: kept(site, viewer, &wanted)?,
        may_keep: site.widest(viewer, Action::KeepViews).is_some(),
        may_dismiss: wanted.state.is_empty() || wanted.state == "open",
        may_screen: site.widest(viewer, Action::ScreenNow).is_some(),
        wanted,
        shell: Shell::of(site, viewer, frame, words, words.say("desk-title")),
    };
    Ok(html(&page))
}

/// What is listed: by jurisdictions, what the address says, and the language.
pub(crate) struct Queue(Remembered<(Vec<String>, String, Language), Arc<Listed>>);

impl Default for Queue {
    fn default() -> Self {
        Self(Remembered::new(MOST_LISTED))
    }
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
    let open = read(site, within, wanted)?;
    let tallies = site
        .platform()
        .query(|connection| Tally::of_rules(connection, 0, false))?;
    let by_filers = |rule: &str| {
        let rule = pack.rules.iter().find(|known| known.id == rule);
        rule.is_some_and(|rule| rule.audience != Audience::Officer)
    };
    let mut means: HashMap<String, f64> = HashMap::new();
    let mut subjects: BTreeMap<(String, String), Of> = BTreeMap::new();
    for one in open {
        let rule = one.flag.rule.clone();
        let mean = *means.entry(rule.clone()).or_insert_with(|| {
            let tally = tallies.get(&rule).copied().unwrap_or_default();
            tally.posterior_mean(by_filers(&rule))
        });
        let score = score(&one.flag.severity, one.flag.money_fen.unwrap_or(0), mean);
        let key = (one.flag.subject_kind.clone(), one.flag.subject.clone());
        let of = subjects.entry(key).or_insert(Of {
            flags: Vec::new(),
            score: 0.0,
        });
        // The gravest first: the one that says why it stands where it stands.
        if score > of.score || of.flags.is_empty() {
            of.flags.insert(0, one);
            of.score = of.score.max(score);
        } else {
            of.flags.push(one);
        }
    }
    let subjects: Vec<Of> = subjects.into_values().collect();
    let mut ranked: Vec<usize> = (0..subjects.len()).collect();
    // The same score in the order of subjects, so that two looks are alike.
    ranked.sort_by(|one, other| subjects[*other].score.total_cmp(&subjects[*one].score));
    let mut drawn: Vec<(&str, usize)> = subjects
        .iter()
        .enumerate()
        .filter_map(|(index, of)| {
            let first = of.flags.iter().filter(|one| one.flag.drawn);
            first
                .map(|one| &*one.flag.stream)
                .min()
                .map(|stream| (stream, index))
        })
        .collect();
    drawn.sort_unstable();
    let drawn: Vec<usize> = drawn.into_iter().map(|(_, index)| index).collect();
    let queue = arrange(&ranked, &drawn);
    let total = queue.len();
    let from = wanted.page.saturating_mul(ON_PAGE);
    let mut names: HashMap<Uuid, String> = HashMap::new();
    let mut lines = Vec::new();
    for place in queue.into_iter().skip(from).take(ON_PAGE) {
        let of = &subjects[place.what];
        lines.push(line(
            site,
            (words, telling),
            filing,
            of,
            place.by_draw,
            &mut names,
        )?);
    }
    Ok(Listed { lines, total })
}

fn read(site: &Site, within: &[String], wanted: &Wanted) -> Result<Vec<Open>, Problem> {
    let state = match wanted.state.as_str() {
        state @ ("confirmed" | "dismissed" | "cleared") => state,
        _ => "open",
    };
    let narrowed: Vec<&str> = if jurisdiction::is_code(&wanted.place) {
        vec![&wanted.place]
    } else {
        Vec::new()
    };
    let yuan = |text: &str| {
        text.trim()
            .parse::<f64>()
            .ok()
            .map(|yuan| (yuan * 100.0).round() as i64)
    };
    let (least, most) = (yuan(&wanted.from), yuan(&wanted.to));
    let year = wanted.year.trim().parse::<i64>().ok();
    let columns = super::found::COLUMNS
        .split(", ")
        .map(|column| format!("f.{}", column.trim()))
        .collect::<Vec<_>>()
        .join(", ");
    let rows = site.platform().query(|connection| {
        connection
            .prepare_cached(&format!(
                "select {columns}, p.id, p.name, p.jurisdiction from flags f left join projects p \
                 on f.subject_kind = 'project' and p.code = f.subject and p.withdrawn = 0 \
                 where f.state = ?1 and (?2 = '' or f.rule = ?2) and (?3 = '' or f.severity = ?3) \
                 and (?4 = '' or p.stage = ?4) and (?5 is null or p.year = ?5) \
                 and (?6 is null or f.money_fen >= ?6) and (?7 is null or f.money_fen <= ?7) \
                 order by f.stream limit ?8"
            ))?
            .query_map(
                rusqlite::params![
                    state,
                    wanted.rule,
                    wanted.severity,
                    wanted.stage,
                    year,
                    least,
                    most,
                    MOST
                ],
                |row| {
                    let id: Option<String> = row.get(20)?;
                    let name = row.get(21)?;
                    let place: Option<String> = row.get(22)?;
                    Ok(Open {
                        flag: FlagRow::of(row)?,
                        project: id.zip(place).map(|(id, place)| (id, name, place)),
                    })
                },
            )?
            .collect::<rusqlite::Result<Vec<_>>>()
    })?;
    let lies = |one: &Open| {
        let place = one
            .project
            .as_ref()
            .map_or(site.jurisdiction(), |(_, _, place)| place);
        let is_in = |codes: &[&str]| codes.iter().any(|code| jurisdiction::contains(code, place));
        let within: Vec<&str> = within.iter().map(String::as_str).collect();
        is_in(&within) && (narrowed.is_empty() || is_in(&narrowed))
    };
    Ok(rows.into_iter().filter(lies).collect())
}

fn line(
    site: &Site,
    (words, telling): (Words, &Telling),
    filing: &Filing,
    of: &Of,
    by_draw: bool,
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
    let case: Option<(String, String, Option<i64>)> = site.platform().query(|connection| {
        use rusqlite::OptionalExtension as _;
        connection
            .prepare_cached(
                "select c.id, c.assignee, (select due from deadlines where subject = 'case/' || c.id \
                 and state = 'running' limit 1) from case_flags f join cases c on c.id = f.id \
                 where f.flag = ?1 and c.state = 'open' limit 1",
            )?
            .query_row([&first.flag.stream], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })
            .optional()
    })?;
    let now = site.platform().clock().now().as_millisecond();
    let (due, who) = match &case {
        Some((_, assignee, due)) => {
            let assignee = Uuid::try_parse(assignee).unwrap_or_default();
            let name = names.entry(assignee).or_insert_with(|| {
                let name = site.people().name(assignee).ok().flatten();
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
        money: money_fen.map(|fen| money(words, fen)).unwrap_or_default(),
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
        by_draw,
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
