//! Photos that are the same or nearly so, side by side: of one project's stages or of two projects, with what agrees.
//!
//! Callers give projects that the viewer may read, and no others.

use kandeng_evidence::{PHASH_BITS, PHASH_RADIUS, PerceptualHash};
use kandeng_geo::point_distance_m;
use kandeng_platform::jurisdiction::contains;
use kandeng_platform::page::{Problem, Site, Words};
use kandeng_screening::columns_read;
use kandeng_screening::pack::{Pack, Rule};
use serde_json::{Map, Value};

use super::desk::{COLUMNS, FlagRow};
use super::project::{PictureView, picture};
use crate::filing::Filing;
use crate::import::value::{Cell, date};
use crate::officer::parameters;
use crate::packs;
use crate::project::{PHOTOS, ProjectPage, Row, id_of_code, page_of_code, resource};
use crate::scene::Supervise;

/// The most pairs that are shown.
const PAIRS: usize = 12;

/// The most photos of one project that are compared, those that the doubt names first.
const PHOTOS_EACH: usize = 60;

/// The most doubts about a project of which photos are shown.
const DOUBTS: usize = 6;

/// The most other projects that are looked at.
const OTHERS: usize = 8;

/// Two photos side by side.
pub(crate) struct Alike {
    pub one: Shown,
    pub other: Shown,
    /// What agrees and how far: name and value.
    pub agrees: Vec<(String, String)>,
    distance: u32,
}

impl Alike {
    /// Both, in order.
    pub fn sides(&self) -> [&Shown; 2] {
        [&self.one, &self.other]
    }
}

/// A photo and the project that it stands in.
pub(crate) struct Shown {
    pub picture: PictureView,
    pub href: String,
    pub code: String,
    pub project: String,
}

/// A doubt about photos: what it is about, and which files it names.
pub(crate) struct Doubt<'d> {
    pub subject: &'d str,
    /// Whether it is about this project alone. Otherwise, with no other that the viewer may read, nothing is shown.
    pub is_of_one: bool,
    /// Codes of projects that the viewer may read.
    pub related: Vec<String>,
    pub figures: &'d Map<String, Value>,
}

/// Whether a rule compares pictures.
pub(crate) fn compares_photos(filing: &Filing, pack: &Pack, rule: &Rule) -> bool {
    let read = columns_read(pack, Some(&packs::items(filing)), &rule.id);
    read.get(PHOTOS)
        .is_some_and(|columns| columns.contains("phash"))
}

/// How many of 256 bits may differ by a rule, as the county has set it.
pub(crate) fn radius(site: &Site, pack: &Pack, rule: &Rule) -> Result<u32, Problem> {
    let set = site.platform().query(|of| parameters::of(of, pack))?;
    let value = set
        .get(&(rule.id.clone(), "radius".to_owned()))
        .or_else(|| rule.params.get("radius"));
    let value = value.and_then(|value| parameters::written(value).parse().ok());
    Ok(value.unwrap_or(PHASH_RADIUS))
}

/// The pairs that a doubt is about, nearest first.
pub(crate) fn of_doubt(
    site: &Site,
    words: Words,
    filing: &Filing,
    doubt: &Doubt<'_>,
    radius: u32,
) -> Result<Vec<Alike>, Problem> {
    let pages = site.platform().query(|connection| {
        let own = page_of_code(connection, filing, doubt.subject)?;
        let mut others = Vec::new();
        for code in doubt.related.iter().take(OTHERS) {
            others.extend(page_of_code(connection, filing, code)?);
        }
        Ok((own, others))
    })?;
    let (Some(own), others) = pages else {
        return Ok(Vec::new());
    };
    let named = |key: &str| -> Vec<&str> {
        let files = doubt.figures.get(key).and_then(Value::as_array);
        files
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect()
    };
    let (mine, theirs) = (named("files"), named("other_files"));
    let mut pairs = Vec::new();
    if doubt.is_of_one {
        let all: Vec<&str> = mine.iter().chain(&theirs).copied().collect();
        pairs.extend(between(words, filing, (&own, &all), (&own, &all), radius));
    }
    for other in &others {
        pairs.extend(between(
            words,
            filing,
            (&own, &mine),
            (other, &theirs),
            radius,
        ));
    }
    pairs.sort_by_key(|pair| pair.distance);
    pairs.truncate(PAIRS);
    Ok(pairs)
}

/// The pairs that open doubts about a project are about, where a picture can be shown: of the project itself, and of
/// others that lie within `within`.
pub(crate) fn of_project(
    site: &Site,
    scene: &Supervise,
    words: Words,
    filing: &Filing,
    within: &[String],
    code: &str,
) -> Result<Vec<Alike>, Problem> {
    let found = site.platform().query(|connection| {
        connection
            .prepare_cached(&format!(
                "select {COLUMNS} from flags where subject_kind = 'project' and subject = ?1 and state = 'open' \
                 order by stream"
            ))?
            .query_map([code], FlagRow::of)?
            .collect::<rusqlite::Result<Vec<_>>>()
    })?;
    let names_photos = |flag: &FlagRow| flag.items.iter().any(|item| item == "site_photos");
    let found: Vec<FlagRow> = found.into_iter().filter(names_photos).collect();
    if found.is_empty() {
        return Ok(Vec::new());
    }
    let pack = scene.pack(site)?;
    let mut all = Vec::new();
    for flag in found.iter().take(DOUBTS) {
        let rule = pack.rules.iter().find(|rule| rule.id == flag.rule);
        let Some(rule) = rule.filter(|rule| compares_photos(filing, &pack, rule)) else {
            continue;
        };
        let places = site.platform().query(|connection| {
            let mut places = Vec::new();
            for other in &flag.related {
                let id = id_of_code(connection, other)?;
                let there = id.map_or(Ok(None), |id| resource(connection, id))?;
                places.extend(there.map(|there| (there.jurisdiction, other.clone())));
            }
            Ok(places)
        })?;
        let is_within = |place: &str| within.iter().any(|code| contains(code, place));
        let readable = places.into_iter().filter(|(place, _)| is_within(place));
        let doubt = Doubt {
            subject: code,
            is_of_one: flag.related.is_empty(),
            related: readable.map(|(_, other)| other).collect(),
            figures: &flag.figures,
        };
        let radius = radius(site, &pack, rule)?;
        all.extend(of_doubt(site, words, filing, &doubt, radius)?);
    }
    all.retain(|pair| pair.sides().iter().any(|side| side.picture.href.is_some()));
    Ok(all)
}

/// A photo with its fingerprint.
struct Printed<'p> {
    number: u32,
    row: &'p Row,
    hash: PerceptualHash,
}

fn printed<'p>(page: &'p ProjectPage, named: &[&str]) -> Vec<Printed<'p>> {
    let rows = page.filed.lists.get(PHOTOS).into_iter().flatten();
    let mut all: Vec<_> = rows
        .map(|(number, row)| {
            let text = |key: &str| row.get(key).cloned().unwrap_or_default();
            Printed {
                number: *number,
                row,
                hash: PerceptualHash {
                    frame: text("phash"),
                    crops: text("phash_crops"),
                },
            }
        })
        .collect();
    all.sort_by_key(|one| {
        let file = one.row.get("file").map_or("", |file| file.as_str());
        !named.contains(&file)
    });
    all.truncate(PHOTOS_EACH);
    all
}

fn between(
    words: Words,
    filing: &Filing,
    (one, mine): (&ProjectPage, &[&str]),
    (other, theirs): (&ProjectPage, &[&str]),
    radius: u32,
) -> Vec<Alike> {
    let is_same_project = one.row.id == other.row.id;
    let (ours, others) = (printed(one, mine), printed(other, theirs));
    let mut pairs = Vec::new();
    for a in &ours {
        for b in &others {
            // Of one project each pair once, and only of different stages: repeats within a stage say nothing.
            if is_same_project && (a.number >= b.number || a.row.get("stage") == b.row.get("stage"))
            {
                continue;
            }
            let is_same_file =
                a.row.contains_key("sha256") && a.row.get("sha256") == b.row.get("sha256");
            let distance = if is_same_file {
                Some(0)
            } else {
                a.hash.distance(&b.hash)
            };
            let Some(distance) = distance.filter(|distance| *distance <= radius) else {
                continue;
            };
            let shown = |page: &ProjectPage, photo: &Printed<'_>| Shown {
                picture: picture(words, filing, page, photo.number, photo.row),
                href: format!("/supervise/projects/{}", page.row.id),
                code: page.row.code.clone(),
                project: page
                    .row
                    .name
                    .clone()
                    .unwrap_or_else(|| words.say("unnamed")),
            };
            let mut agrees = vec![(
                words.say("picture-word"),
                if is_same_file {
                    words.say("same-file")
                } else {
                    words.say_with(
                        "bits-apart",
                        &[
                            ("distance", distance.to_string()),
                            ("bits", PHASH_BITS.to_string()),
                        ],
                    )
                },
            )];
            agrees.extend(time_apart(words, a.row, b.row));
            agrees.extend(place_apart(words, a.row, b.row));
            agrees.push((
                words.say("project"),
                words.say(if is_same_project {
                    "same-project"
                } else {
                    "other-project"
                }),
            ));
            pairs.push(Alike {
                one: shown(one, a),
                other: shown(other, b),
                agrees,
                distance,
            });
        }
    }
    pairs
}

/// How far apart they were taken, where both say when.
fn time_apart(words: Words, a: &Row, b: &Row) -> Option<(String, String)> {
    let millis = |row: &Row| {
        let cell = Cell::text(row.get("taken_at")?);
        date::read_time(cell, false).ok().flatten()
    };
    let minutes = (millis(a)? - millis(b)?).abs() / 60_000;
    let (key, number) = match minutes {
        0 => ("taken-same-minute", 0),
        1..=119 => ("minutes-apart", minutes),
        120..=2_879 => ("hours-apart", minutes / 60),
        more => ("days-apart", more / 1_440),
    };
    let apart = words.say_of(key, number.to_string().as_str());
    Some((words.say("taken-word"), apart))
}

/// How far apart they were taken, where both say where.
fn place_apart(words: Words, a: &Row, b: &Row) -> Option<(String, String)> {
    let at = |row: &Row| {
        let degrees = |key: &str| row.get(key)?.trim().parse::<f64>().ok();
        degrees("lon").zip(degrees("lat"))
    };
    let ((lon, lat), (other_lon, other_lat)) = (at(a)?, at(b)?);
    let metres = point_distance_m(lon, lat, other_lon, other_lat);
    let apart = if metres < 10_000.0 {
        words.say_of("metres-apart", format!("{metres:.0}").as_str())
    } else {
        words.say_of("km-apart", format!("{:.0}", metres / 1_000.0).as_str())
    };
    metres
        .is_finite()
        .then(|| (words.say("taken-where"), apart))
}
