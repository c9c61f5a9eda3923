//! The site: position, boundary, progress, inspections and photos taken where and when work was done.
//! One standpoint is photographed at every stage; honest pictures never resemble one another.

use super::brief::Brief;
use super::calendar::{Day, shanghai};
use super::county::County;
use super::photo_files::DRONE_HALF_FRAME;
use super::place::{self, field, field_wkt, offset};
use super::random::{Stream, mix};
use super::record::{Copied, Photo, Project};

/// Square metres of a mu.
const MU_M2: f64 = 2000.0 / 3.0;

/// Where the site lies and how it is bounded: its middle and, for land, corners in metres around it.
pub(super) struct Site {
    pub(super) centre: (f64, f64),
    pub(super) corners: Vec<(f64, f64)>,
}

impl Site {
    /// The ground of a project. The second of an overlapping pair lies beside the first.
    pub(super) fn of(county: &County, brief: &Brief) -> Self {
        let beside = match (brief.member_of("K01b"), brief.member_of("K02")) {
            (Some(1), _) => Some(0.7),
            (_, Some(1)) => Some(0.86),
            _ => None,
        };
        if let (Some(step), Some(part)) = (beside, brief.part) {
            let first = Brief::of(county, county.planting.groups[part.group].members[0]);
            let site = Self::of(county, &first);
            let north = site
                .corners
                .iter()
                .map(|corner| corner.1)
                .fold(0.0, f64::max);
            let width = first.scale * MU_M2 / (2.0 * north);
            return Self {
                centre: offset(site.centre, step * width, 0.0),
                corners: site.corners,
            };
        }
        let mut stream = Stream::of(county.seed, 0x5349, brief.project as u64);
        let mut centre = county.grid.plot(brief.village, brief.plot).centre();
        if let Some(part) = brief.part.filter(|part| part.id == "Q11b") {
            centre = place::outside_every_county(part.group);
        }
        if brief.theme.unit != "亩" {
            let (east, north) = (stream.within(-120.0, 120.0), stream.within(-240.0, 240.0));
            return Self {
                centre: offset(centre, east, north),
                corners: Vec::new(),
            };
        }
        let share = if brief.is("K17a") {
            0.6
        } else {
            stream.within(0.99, 1.05)
        };
        Self {
            centre,
            corners: field(brief.scale * MU_M2 * share, &mut stream),
        }
    }

    /// Metres from the middle to the easternmost corner.
    pub(super) fn half_width(&self) -> f64 {
        self.corners
            .iter()
            .map(|corner| corner.0)
            .fold(0.0, f64::max)
    }
}

/// Position, boundary, progress, inspections, photos, outline.
pub(super) fn site(county: &County, brief: &Brief, made: &mut Project, stream: &mut Stream) {
    let site = Site::of(county, brief);
    made.position = site.centre;
    if made.stage < 2 {
        return;
    }
    if made.stage >= 3 {
        made.start = Some(brief.start);
        progress(county, brief, made, stream);
        made.inspections = inspections(county, brief, stream);
        if brief.finish <= county.as_of && brief.stalled.is_none() {
            made.finish = Some(brief.finish);
        }
        if !site.corners.is_empty() && !brief.is("K17b") && !brief.is("K17c") {
            made.boundary = field_wkt(site.centre, &site.corners);
            made.boundary_method = *stream.pick(&["walked", "drawn", "surveyed"]);
            made.boundary_accuracy_m = Some(if made.boundary_method == "surveyed" {
                0.5
            } else {
                f64::from(stream.between(2, 5))
            });
            if brief.is("K17d") || (brief.part.is_none() && brief.project % 37 < 3) {
                let share = if brief.is("K17d") {
                    0.55
                } else {
                    stream.within(0.97, 1.03)
                };
                made.outline = Some((brief.scale * share, brief.scale * 0.03));
            }
        }
    }
    made.photos = photos(county, brief, &site, made, stream);
}

fn progress(county: &County, brief: &Brief, made: &mut Project, stream: &mut Stream) {
    let end = if brief.stalled.is_some() {
        county.as_of - 40
    } else {
        brief.finish
    };
    let length = f64::from(end - brief.start);
    let mut steps: Vec<(Day, f64)> = [(0.0, 5.0), (0.26, 27.0), (0.5, 52.0), (0.75, 77.0)]
        .into_iter()
        .map(|(share, percent)| {
            let wobble = stream.between(-1, 1);
            (
                brief.start + (length * share) as Day,
                percent + f64::from(wobble),
            )
        })
        .collect();
    match brief.part.map_or("", |part| part.id) {
        "Q10c" => {
            let day = county.as_of;
            steps[2].0 = day - 30;
            steps[3].0 = day - 12;
            steps.push((day - 3, 100.0));
        }
        "K21" => {
            steps[3] = (end, 70.0);
        }
        _ => steps.push((brief.finish, 100.0)),
    }
    if brief.is("K22") {
        steps.remove(2);
    }
    if brief.is("Q10a") {
        let (day, percent) = steps[3];
        steps.insert(4, (day + 4, percent - 6.0));
    }
    if brief.is("Q10b") {
        let last = steps.len() - 1;
        steps[last].1 = 104.0;
    }
    made.progress = steps
        .into_iter()
        .filter(|(day, _)| *day <= county.as_of)
        .collect();
}

fn inspections(county: &County, brief: &Brief, stream: &mut Stream) -> Vec<(Day, &'static str)> {
    const FINDINGS: [&str; 4] = [
        "符合设计要求",
        "材料合格,进度正常",
        "局部整改后合格",
        "未发现质量问题",
    ];
    let middle = brief.start + (brief.finish - brief.start) / 2;
    [brief.start, middle, brief.finish - 5]
        .into_iter()
        .filter(|day| *day <= county.as_of && (brief.stalled.is_none() || *day <= middle))
        .map(|day| (day, *stream.pick(&FINDINGS)))
        .collect()
}

/// When photos of a project are taken, most needed first.
fn moments(brief: &Brief, made: &Project) -> Vec<(&'static str, Day)> {
    let at = |share: f64| brief.start + (f64::from(brief.finish - brief.start) * share) as Day;
    let mut moments = vec![("before", brief.start - 3)];
    let working = !brief.is("K22");
    if working {
        moments.push(("during", at(0.38)));
    }
    if made.stage >= 4 {
        moments.insert(1, ("after", brief.finish + 3));
        moments.push(("acceptance", brief.acceptance));
    }
    if made.stage >= 5 {
        moments.push(("upkeep", brief.handover + 1));
    }
    if working {
        moments.extend([
            ("during", at(0.13)),
            ("during", at(0.62)),
            ("during", at(0.9)),
        ]);
    }
    moments
}

fn photos(
    county: &County,
    brief: &Brief,
    site: &Site,
    made: &Project,
    stream: &mut Stream,
) -> Vec<Photo> {
    let most = match county.photo_rows {
        _ if brief.is("K17c") => 6,
        Some(rows) => {
            let share = |projects: usize| {
                (projects as u128 * rows as u128 / county.projects as u128) as usize
            };
            (share(brief.project + 1) - share(brief.project)).max(1)
        }
        None => 6,
    };
    let standpoint = offset(
        site.centre,
        stream.within(-18.0, 18.0),
        stream.within(-18.0, 18.0),
    );
    let camera = *stream.pick(&["Fictional P1", "Fictional P2", "Fictional X10"]);
    let mut photos: Vec<Photo> = moments(brief, made)
        .into_iter()
        .filter(|(_, day)| *day <= county.as_of && *day >= brief.contract)
        .take(most)
        .enumerate()
        .map(|(at, (stage, day))| {
            let minute = stream.between(8 * 60 + 20, 17 * 60 + 40);
            let near = offset(
                standpoint,
                stream.within(-4.0, 4.0),
                stream.within(-4.0, 4.0),
            );
            let mut photo = picture(
                stage,
                shanghai(day, minute),
                near,
                mix((brief.project * 64 + at) as u64 ^ mix(county.seed)),
            );
            photo.accuracy_m = f64::from(stream.between(3, 12));
            photo.camera = camera;
            photo.capture_record = stream.chance(0.1);
            photo
        })
        .collect();
    if brief.is("K17b") {
        photos.extend((0..3).map(|frame| {
            let at = shanghai(brief.finish + 5, 10 * 60 + frame);
            let spot = offset(site.centre, 45.0 * f64::from(frame), 0.0);
            let mut photo = picture(
                "after",
                at,
                spot,
                mix(brief.project as u64 * 64 + 40 + frame as u64),
            );
            photo.covers_site = true;
            photo.camera = "Fictional UAV";
            photo.accuracy_m = 3.0;
            let [east, north] = DRONE_HALF_FRAME;
            let half = [
                (-east, -north),
                (east, -north),
                (east, north),
                (-east, north),
            ];
            photo.footprint = field_wkt(spot, &half);
            photo
        }));
    }
    photos
}

/// A photo with everything a phone records.
pub(super) fn picture(stage: &'static str, at_ms: i64, position: (f64, f64), scene: u64) -> Photo {
    Photo {
        stage,
        file: String::new(),
        covers_site: false,
        taken_at: Some(at_ms),
        position: Some(position),
        accuracy_m: 6.0,
        software: "",
        camera: "Fictional P1",
        footprint: String::new(),
        capture_record: false,
        scene,
        copy: Copied::Untouched,
        sha256: String::new(),
        phash: String::new(),
        phash_crops: String::new(),
    }
}
