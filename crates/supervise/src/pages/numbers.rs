//! The first numbers: projects and money by stage, doubts, verifications, referrals and closed cases by township. Each
//! number leads to its rows.

use std::collections::BTreeMap;

use askama::Template;
use axum::Extension;
use axum::http::Method;
use axum::response::Response;
use kandeng_platform::authority::{Action, Resource};
use kandeng_platform::page::{Asked, Frame, Problem, Routes, Shell, Site, html, money};

use super::desk::ranked::PROJECT_OF_FLAG;
use super::projects::{NOWHERE, stage_name};
use super::words::words;
use crate::filing::Filing;
use crate::scene::Supervise;

pub(crate) fn routes() -> Routes {
    Routes::new().asks(
        Method::GET,
        "/supervise/numbers",
        Action::ViewNumbers,
        |site, viewer, _| Ok(site.widest(viewer, Action::ViewNumbers)),
        shown,
    )
}

struct StageLine {
    key: String,
    name: String,
    projects: i64,
    budget: String,
    paid: String,
}

/// What is counted of a township.
#[derive(Default)]
pub(crate) struct Township {
    code: String,
    name: String,
    pub projects: i64,
    pub budget_fen: i64,
    budget: String,
    /// What has open doubts: projects, and in no township organizations.
    pub doubtful: i64,
    /// Open doubts.
    pub flags: i64,
    /// Cases: all that were opened to verify, and of these by how they stand.
    pub verified: i64,
    pub open: i64,
    pub referred: i64,
    pub closed: i64,
    pub recovered_fen: i64,
    recovered: String,
}

#[derive(Template)]
#[template(path = "numbers.html")]
struct NumbersPage {
    shell: Shell,
    stages: Vec<StageLine>,
    townships: Vec<Township>,
    total: Township,
}

/// Projects, their budget and what was paid, in fen, of a stage.
pub(crate) type OfStage = (String, i64, i64, i64);

/// What is counted: by stage, in order, and by township.
pub(crate) type Counted = (BTreeMap<usize, OfStage>, BTreeMap<String, Township>);

/// What is counted within those jurisdictions.
pub(crate) fn counted(site: &Site, filing: &Filing, within: &[String]) -> Result<Counted, Problem> {
    let mut by_stage: BTreeMap<usize, OfStage> = BTreeMap::new();
    let mut by_township: BTreeMap<String, Township> = BTreeMap::new();
    site.platform().query(|connection| {
        for code in within {
            let until = format!("{code}:");
            let mut select = connection.prepare_cached(
                "select stage, count(*), coalesce(sum(budget_fen), 0), coalesce(sum(paid_fen), 0) from projects \
                 where withdrawn = 0 and jurisdiction >= ?1 and jurisdiction < ?2 group by stage",
            )?;
            let mut rows = select.query([code, &until])?;
            while let Some(row) = rows.next()? {
                let stage: String = row.get(0)?;
                let rank = filing.stage_rank(&stage).unwrap_or(0);
                let of = by_stage.entry(rank).or_insert((stage, 0, 0, 0));
                of.1 += row.get::<_, i64>(1)?;
                of.2 += row.get::<_, i64>(2)?;
                of.3 += row.get::<_, i64>(3)?;
            }
            let mut select = connection.prepare_cached(
                "select township, count(*), coalesce(sum(budget_fen), 0) from projects \
                 where withdrawn = 0 and jurisdiction >= ?1 and jurisdiction < ?2 group by township",
            )?;
            let mut rows = select.query([code, &until])?;
            while let Some(row) = rows.next()? {
                let of = by_township.entry(row.get(0)?).or_default();
                of.projects += row.get::<_, i64>(1)?;
                of.budget_fen += row.get::<_, i64>(2)?;
            }
            // What has no project lies where the node does, and in no township.
            let mut select = connection.prepare_cached(&format!(
                "select coalesce(p.township, ''), count(distinct f.subject_kind || ' ' || f.subject), count(*) \
                 from flags f {PROJECT_OF_FLAG} where f.state = 'open' \
                 and coalesce(p.jurisdiction, ?3) >= ?1 and coalesce(p.jurisdiction, ?3) < ?2 group by 1"
            ))?;
            let mut rows = select.query([code.as_str(), &until, site.jurisdiction()])?;
            while let Some(row) = rows.next()? {
                let of = by_township.entry(row.get(0)?).or_default();
                of.doubtful += row.get::<_, i64>(1)?;
                of.flags += row.get::<_, i64>(2)?;
            }
            // A case is about the projects of its flags; their township is the case's.
            let mut select = connection.prepare_cached(&format!(
                "select township, count(*), count(*) filter (where state = 'open'), \
                 count(*) filter (where state = 'referred'), count(*) filter (where state = 'closed'), \
                 coalesce(sum(recovered_fen), 0) from ( \
                 select c.id, c.state, c.recovered_fen, coalesce(min(nullif(p.township, '')), '') as township \
                 from cases c left join case_flags k on k.id = c.id left join flags f on f.stream = k.flag \
                 {PROJECT_OF_FLAG} where c.jurisdiction >= ?1 and c.jurisdiction < ?2 group by c.id) group by township"
            ))?;
            let mut rows = select.query([code, &until])?;
            while let Some(row) = rows.next()? {
                let of = by_township.entry(row.get(0)?).or_default();
                of.verified += row.get::<_, i64>(1)?;
                of.open += row.get::<_, i64>(2)?;
                of.referred += row.get::<_, i64>(3)?;
                of.closed += row.get::<_, i64>(4)?;
                of.recovered_fen += row.get::<_, i64>(5)?;
            }
        }
        Ok(())
    })?;
    Ok((by_stage, by_township))
}

async fn shown(
    site: Site,
    asked: Asked,
    Extension(scene): Extension<Supervise>,
    Extension(frame): Extension<Frame>,
) -> Result<Response, Problem> {
    let words = words(asked.viewer.language);
    let filing = scene.newest(&site)?.filing;
    let within = site.places_for(&asked.viewer, Action::ViewNumbers, Resource::desk);
    let (by_stage, by_township) = counted(&site, &filing, &within)?;
    let mut total = Township::default();
    let townships: Vec<Township> = by_township
        .into_iter()
        .map(|(code, of)| {
            total.projects += of.projects;
            total.budget_fen += of.budget_fen;
            total.doubtful += of.doubtful;
            total.flags += of.flags;
            total.verified += of.verified;
            total.open += of.open;
            total.referred += of.referred;
            total.closed += of.closed;
            total.recovered_fen += of.recovered_fen;
            let (name, code) = if code.is_empty() {
                (words.say("elsewhere"), NOWHERE.to_owned())
            } else {
                (site.divisions().name(&code).to_owned(), code)
            };
            Township {
                name,
                budget: money(words, of.budget_fen),
                recovered: money(words, of.recovered_fen),
                code,
                ..of
            }
        })
        .collect();
    total.budget = money(words, total.budget_fen);
    total.recovered = money(words, total.recovered_fen);
    let page = NumbersPage {
        stages: by_stage
            .into_values()
            .map(|(key, projects, budget, paid)| StageLine {
                name: stage_name(words, &filing, &key),
                key,
                projects,
                budget: money(words, budget),
                paid: money(words, paid),
            })
            .collect(),
        townships,
        total,
        shell: Shell::of(&site, &asked.viewer, frame, words, words.say("numbers")),
    };
    Ok(html(&page))
}
