//! What is planted, and where: every rule gets subjects of its own, listed with the rules that must find
//! them. How a planted project differs is told in `brief` (before it is made) and `disturb` (after).

use super::calendar::{Day, from_civil, year_of};
use super::county::County;
use super::place::{PLOTS, VILLAGES_PER_COUNTY};
use std::collections::HashMap;

/// Which plots of a village a planted project may take.
#[derive(Clone, Copy, Debug)]
enum On {
    /// Any but the two where land is planted.
    Any,
    /// One of the two where land is planted (scale in mu).
    Land,
    /// Exactly this one.
    Plot(usize),
}

/// One thing to plant.
struct Spec {
    /// Rule and variant.
    id: &'static str,
    /// Rules that find every project of the group; organisations are told apart in `answers`.
    rules: &'static [&'static str],
    /// Plot and age (days from approval to `as_of`) of each project.
    members: &'static [(On, Day)],
    /// All members in one village.
    together: bool,
    /// Times it is planted in a county of 800 to 20,000 projects (below, once).
    copies: usize,
    /// Fewest projects that the county must have.
    from: usize,
}

/// Age of a project that was accepted long ago and is looked after.
const RIPE: Day = 880;
/// Age of a project that was accepted before the last two full calendar years.
const TWO_FULL_YEARS: Day = -1;

const fn one(id: &'static str, rules: &'static [&'static str], copies: usize) -> Spec {
    Spec {
        id,
        rules,
        members: &[(On::Any, RIPE)],
        together: false,
        copies,
        from: 0,
    }
}

const fn land(id: &'static str, rules: &'static [&'static str], copies: usize) -> Spec {
    Spec {
        id,
        rules,
        members: &[(On::Land, RIPE)],
        together: false,
        copies,
        from: 0,
    }
}

const fn aged(
    id: &'static str,
    rules: &'static [&'static str],
    members: &'static [(On, Day)],
    copies: usize,
) -> Spec {
    Spec {
        id,
        rules,
        members,
        together: false,
        copies,
        from: 0,
    }
}

const fn village(
    id: &'static str,
    rules: &'static [&'static str],
    members: &'static [(On, Day)],
    copies: usize,
) -> Spec {
    Spec {
        id,
        rules,
        members,
        together: true,
        copies,
        from: 0,
    }
}

const fn spaced(
    id: &'static str,
    rules: &'static [&'static str],
    members: &'static [(On, Day)],
) -> Spec {
    Spec {
        id,
        rules,
        members,
        together: false,
        copies: 1,
        from: 190,
    }
}

/// Everything planted, single projects first, so that the smallest counties get most of it.
const SPECS: &[Spec] = &[
    one("Q01a", &["Q01"], 1),
    one("Q01b", &["Q01"], 1),
    one("Q01c", &["Q01"], 1),
    one("Q02a", &["Q02"], 1),
    one("Q02b", &["Q02"], 1),
    one("Q02c", &["Q02"], 1),
    one("Q02d", &["Q02"], 1),
    one("Q03a", &["Q03"], 1),
    one("Q03b", &["Q03"], 1),
    one("Q03c", &["Q03"], 1),
    one("Q04a", &["Q04", "K24"], 1),
    one("Q04b", &["Q04"], 2),
    one("Q04c", &["Q04", "Q06"], 1),
    one("Q05", &["Q05"], 3),
    one("Q06", &["Q06"], 3),
    aged("Q07", &["Q07"], &[(On::Plot(2), RIPE)], 3),
    one("Q08a", &["Q08"], 2),
    one("Q08b", &["Q08"], 2),
    one("Q09a", &["Q09"], 1),
    one("Q09b", &["Q09"], 2),
    one("Q10a", &["Q10"], 1),
    one("Q10b", &["Q10"], 1),
    aged("Q10c", &["Q10"], &[(On::Any, 190)], 1),
    land("Q11a", &["Q11"], 1),
    land("Q11b", &["Q11"], 1),
    land("Q11c", &["Q11"], 1),
    one("Q12a", &["Q12"], 2),
    one("Q12b", &["Q12"], 2),
    land("K03", &["K03"], 3),
    one("K04", &["K04"], 3),
    one("K06a", &["K06"], 2),
    Spec {
        from: 800,
        ..one("K06b", &["K06"], 1)
    },
    one("K07", &["K07"], 3),
    one("K08a", &["K08"], 2),
    one("K08b", &["K08"], 1),
    one("K09a", &["K09"], 2),
    one("K09b", &["K09"], 2),
    one("K13a", &["K13"], 2),
    one("K13b", &["K13"], 2),
    one("K14a", &["K14"], 1),
    one("K14b", &["K14"], 1),
    one("K14c", &["K14"], 1),
    one("K15a", &["K15"], 2),
    one("K15b", &["K15"], 2),
    one("K16a", &["K16"], 2),
    one("K16b", &["K16"], 2),
    land("K17a", &["K17"], 1),
    land("K17b", &["K17", "Q01"], 1),
    land("K17c", &["K17", "Q01"], 1),
    land("K17d", &["K17"], 1),
    land("K18a", &["K18"], 2),
    one("K18b", &["K18"], 2),
    one("K19c", &["K19"], 1),
    one("K20a", &["K20"], 2),
    one("K20b", &["K20"], 2),
    aged("K21", &["K21"], &[(On::Any, 420)], 3),
    one("K22", &["K22"], 3),
    one("K23", &["K23"], 3),
    one("K24a", &["K24"], 2),
    one("K24b", &["K24"], 2),
    one("K25", &["K25"], 3),
    aged("K27a", &["K27"], &[(On::Plot(6), RIPE)], 1),
    aged("K27b", &["K27"], &[(On::Plot(6), RIPE)], 1),
    aged("K27c", &["K27"], &[(On::Plot(6), RIPE)], 1),
    aged("K28", &["K28"], &[(On::Any, 520)], 3),
    one("K29", &["K29"], 3),
    aged("K31", &["K31"], &[(On::Any, 700)], 3),
    one("K32", &["K32"], 3),
    one("K33", &["K33"], 3),
    one("K34", &["K34"], 3),
    one("K36", &["K36"], 3),
    one("K37", &["K37", "K19"], 3),
    aged("K38a", &["K38"], &[(On::Plot(6), TWO_FULL_YEARS)], 2),
    aged("K38b", &["K38"], &[(On::Plot(6), RIPE)], 2),
    one("K39", &["K36"], 3),
    one("K40", &["K40"], 3),
    land("K41", &["K41"], 3),
    village(
        "K01a",
        &["K01"],
        &[(On::Plot(0), RIPE), (On::Plot(1), 700)],
        1,
    ),
    village(
        "K01b",
        &["K01", "K02"],
        &[(On::Plot(0), RIPE), (On::Plot(1), 700)],
        1,
    ),
    village(
        "K02",
        &["K02"],
        &[(On::Plot(0), RIPE), (On::Plot(1), 700)],
        2,
    ),
    village(
        "K05a",
        &["K05"],
        &[(On::Plot(3), RIPE), (On::Plot(5), 836)],
        1,
    ),
    village(
        "K05b",
        &["K05"],
        &[(On::Plot(0), RIPE), (On::Plot(1), 840)],
        1,
    ),
    Spec {
        from: 800,
        ..village(
            "K05c",
            &["K05"],
            &[(On::Plot(3), RIPE), (On::Plot(5), 836)],
            1,
        )
    },
    aged("K19a", &["K19"], &[(On::Any, RIPE), (On::Any, 800)], 1),
    aged("K19b", &["K19"], &[(On::Any, RIPE), (On::Any, 800)], 1),
    aged("K26", &["K26"], &[(On::Any, RIPE), (On::Any, 800)], 2),
    spaced(
        "K10a",
        &["K10"],
        &[(On::Any, 880), (On::Any, 760), (On::Any, 640)],
    ),
    spaced(
        "K10b",
        &["K10"],
        &[
            (On::Any, 900),
            (On::Any, 780),
            (On::Any, 660),
            (On::Any, 540),
        ],
    ),
    spaced(
        "K11",
        &[],
        &[
            (On::Any, 1040),
            (On::Any, 925),
            (On::Any, 810),
            (On::Any, 695),
            (On::Any, 580),
            (On::Any, 465),
            (On::Any, 880),
            (On::Any, 740),
            (On::Any, 600),
        ],
    ),
    spaced(
        "K12a",
        &[],
        &[
            (On::Any, 900),
            (On::Any, 770),
            (On::Any, 640),
            (On::Any, 880),
            (On::Any, 750),
            (On::Any, 620),
        ],
    ),
    spaced(
        "K12b",
        &[],
        &[
            (On::Plot(1), 900),
            (On::Plot(1), 770),
            (On::Plot(1), 640),
            (On::Plot(1), 510),
        ],
    ),
    spaced(
        "K35",
        &[],
        &[
            (On::Plot(2), 1000),
            (On::Plot(3), 880),
            (On::Plot(4), 760),
            (On::Plot(5), 640),
            (On::Plot(7), 520),
        ],
    ),
    spaced(
        "K30",
        &[],
        &[
            (On::Any, 900),
            (On::Any, 890),
            (On::Any, 880),
            (On::Any, 870),
            (On::Any, 860),
            (On::Any, 850),
            (On::Any, 840),
            (On::Any, 830),
            (On::Any, 820),
            (On::Any, 810),
        ],
    ),
];

/// A planted group as others ask for it.
#[derive(Clone, Debug)]
pub(super) struct Group {
    pub(super) id: &'static str,
    /// Rules that find each of its projects.
    pub(super) rules: &'static [&'static str],
    /// Project indices, first member first.
    pub(super) members: Vec<usize>,
    /// Village of the first member.
    pub(super) village: usize,
    /// Approval of the first member.
    pub(super) approval: Day,
}

/// One project's part in a group.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part {
    pub(super) id: &'static str,
    pub(super) group: usize,
    pub(super) member: usize,
    pub(super) approval: Day,
}

/// All planted groups, and which projects belong to them.
#[derive(Debug, Default)]
pub(super) struct Planting {
    pub(super) groups: Vec<Group>,
    parts: HashMap<usize, Part>,
}

impl Planting {
    /// Chooses the subjects; a group that finds no room is left out.
    pub(super) fn of(county: &County) -> Self {
        let mut planting = Self::default();
        let most = county.projects * 3 / 4;
        let rounds = match county.projects {
            0..20_000 => 1,
            20_000..200_000 => 2,
            200_000..1_000_000 => 3,
            _ => 4,
        };
        let mut turn = 0;
        for spec in SPECS.iter().filter(|spec| spec.from <= county.projects) {
            let copies = if county.projects < 800 {
                1
            } else {
                spec.copies * rounds
            };
            for copy in 0..copies {
                if planting.parts.len() + spec.members.len() <= most {
                    planting.place(county, spec, copy, &mut turn);
                }
            }
        }
        planting
    }

    /// A project's part, if it has one.
    pub(super) fn part(&self, project: usize) -> Option<Part> {
        self.parts.get(&project).copied()
    }

    fn place(&mut self, county: &County, spec: &Spec, copy: usize, turn: &mut usize) {
        let first = copy % county.counties() * VILLAGES_PER_COUNTY;
        let villages = VILLAGES_PER_COUNTY.min(county.villages - first);
        let stride = (1..villages)
            .rev()
            .find(|step| *step * 13 <= villages * 5 && coprime(*step, villages))
            .unwrap_or(1);
        let mut members: Vec<usize> = Vec::with_capacity(spec.members.len());
        let mut tries = 0;
        while members.len() < spec.members.len() {
            if tries == villages {
                return;
            }
            tries += 1;
            *turn += 1;
            let village = first + *turn * stride % villages;
            if spec.together {
                let all: Option<Vec<usize>> = spec
                    .members
                    .iter()
                    .map(|(on, _)| self.free(county, village, *on, *turn))
                    .collect();
                members = all.unwrap_or_default();
            } else if let Some(project) =
                self.free(county, village, spec.members[members.len()].0, *turn)
            {
                members.push(project);
                tries = 0;
            }
        }
        let group = self.groups.len();
        let approvals: Vec<Day> = spec
            .members
            .iter()
            .map(|(_, age)| approval(county.as_of, *age))
            .collect();
        for (member, project) in members.iter().enumerate() {
            let part = Part {
                id: spec.id,
                group,
                member,
                approval: approvals[member],
            };
            self.parts.insert(*project, part);
        }
        let village = members[0] / PLOTS;
        self.groups.push(Group {
            id: spec.id,
            rules: spec.rules,
            members,
            village,
            approval: approvals[0],
        });
    }

    /// A free project on such a plot of this village.
    fn free(&self, county: &County, village: usize, on: On, turn: usize) -> Option<usize> {
        let plots: &[usize] = match on {
            On::Any => &[2, 3, 4, 5, 7, 6],
            On::Land => &[0, 1],
            On::Plot(plot) => &[[0], [1], [2], [3], [4], [5], [6], [7]][plot],
        };
        (0..plots.len())
            .map(|at| village * PLOTS + plots[(at + turn) % plots.len()])
            .find(|project| *project < county.projects && !self.parts.contains_key(project))
    }
}

fn approval(as_of: Day, age: Day) -> Day {
    if age == TWO_FULL_YEARS {
        from_civil(year_of(as_of) - 2, 1, 1) - 390
    } else {
        as_of - age
    }
}

fn coprime(a: usize, b: usize) -> bool {
    let (mut a, mut b) = (a, b);
    while b > 0 {
        (a, b) = (b, a % b);
    }
    a == 1
}
