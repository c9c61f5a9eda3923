//! What the desk counts: the strip of figures, and how many doubts are open.

use std::sync::Arc;

use kandeng_platform::account::Viewer;
use kandeng_platform::page::{Problem, Site, Words, money};
use kandeng_platform::{Remembered, jurisdiction};

use super::queue::within;
use super::ranked::PROJECT_OF_FLAG;

fn open_doubts(site: &Site, within: &[String]) -> Result<u64, Problem> {
    let whole = within
        .iter()
        .any(|code| jurisdiction::contains(code, site.jurisdiction()));
    let count = site.platform().query(|connection| {
        if whole {
            return connection
                .prepare_cached(
                    "select count(distinct subject_kind || ' ' || subject) from flags where state = 'open'",
                )?
                .query_row([], |row| row.get::<_, i64>(0));
        }
        let mut count = 0;
        for code in within {
            count += connection
                .prepare_cached(&format!(
                    "select count(distinct f.subject) from flags f {PROJECT_OF_FLAG} \
                     where f.state = 'open' and p.jurisdiction >= ?1 and p.jurisdiction < ?2"
                ))?
                .query_row([code, &format!("{code}:")], |row| row.get::<_, i64>(0))?;
        }
        Ok(count)
    })?;
    Ok(u64::try_from(count).unwrap_or(0))
}

/// What the strip of figures counts.
#[derive(Clone, Copy, Default)]
pub(super) struct Counted {
    projects: i64,
    fen: i64,
    open: i64,
    closed: i64,
    recovered_fen: i64,
}

/// What was counted, by jurisdictions.
#[derive(Clone)]
pub(crate) struct Counts(Arc<Kept>);

struct Kept {
    counted: Remembered<Vec<String>, Counted>,
    doubts: Remembered<Vec<String>, u64>,
}

/// The most sets of jurisdictions that are remembered.
const MOST_COUNTS: usize = 256;

impl Default for Counts {
    fn default() -> Self {
        Self(Arc::new(Kept {
            counted: Remembered::new(MOST_COUNTS),
            doubts: Remembered::new(MOST_COUNTS),
        }))
    }
}

impl Counts {
    /// What there is in jurisdictions.
    pub(super) fn of(&self, site: &Site, within: &[String]) -> Result<Counted, Problem> {
        let read = || count(site, within);
        (self.0.counted).of(site.platform(), within.to_vec(), read)
    }

    /// How many subjects with open doubts the viewer may see.
    pub(crate) fn open_doubts(&self, site: &Site, viewer: &Viewer) -> Result<u64, Problem> {
        let within = within(site, viewer);
        let read = || open_doubts(site, &within);
        (self.0.doubts).of(site.platform(), within.clone(), read)
    }
}

fn count(site: &Site, within: &[String]) -> Result<Counted, Problem> {
    let mut counted = Counted::default();
    site.platform().query(|connection| {
        for code in within {
            let until = format!("{code}:");
            let (projects, fen): (i64, i64) = connection
                .prepare_cached(
                    "select count(*), coalesce(sum(budget_fen), 0) from projects where withdrawn = 0 \
                     and jurisdiction >= ?1 and jurisdiction < ?2",
                )?
                .query_row([code, &until], |row| Ok((row.get(0)?, row.get(1)?)))?;
            counted.projects += projects;
            counted.fen += fen;
            let (open, closed, recovered): (i64, i64, i64) = connection
                .prepare_cached(
                    "select count(*) filter (where state = 'open'), count(*) filter (where state = 'closed'), \
                     coalesce(sum(recovered_fen), 0) from cases where jurisdiction >= ?1 and jurisdiction < ?2",
                )?
                .query_row([code, &until], |row| {
                    Ok((row.get(0)?, row.get(1)?, row.get(2)?))
                })?;
            counted.open += open;
            counted.closed += closed;
            counted.recovered_fen += recovered;
        }
        Ok(())
    })?;
    Ok(counted)
}

/// The strip of figures: label, number, what stands below it, where it leads.
pub(super) fn figures(words: Words, counted: Counted) -> Vec<(String, String, String, String)> {
    vec![
        (
            words.say("projects"),
            counted.projects.to_string(),
            money(words, counted.fen),
            "/supervise/projects".to_owned(),
        ),
        (
            words.say("cases-open"),
            counted.open.to_string(),
            String::new(),
            "/supervise/cases".to_owned(),
        ),
        (
            words.say("cases-closed"),
            counted.closed.to_string(),
            words.say_of("recovered", &money(words, counted.recovered_fen)),
            "/supervise/cases?state=closed".to_owned(),
        ),
    ]
}
