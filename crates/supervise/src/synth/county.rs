//! The county as numbers: how many villages, owners and companies there are, and who is who by index.
//! Everything is derived from indices, so that any part can be made without the rest.

use super::SynthOptions;
use super::calendar::{Day, day_of};
use super::codes::{Hashed, Registered, hashed, uscc, with_wrong_check};
use super::names;
use super::place::{Grid, PLOTS, VILLAGES_PER_COUNTY};
use super::plant::Planting;
use super::random::Stream;

/// Number of the first county (province 99, prefecture 01, county 21).
const FIRST_COUNTY: u32 = 990_121;
/// Companies that one planted group may call its own.
pub(super) const PRIVATE: usize = 16;

/// A fictional county (several, above 6,000 projects), ready to be asked for any of its parts.
#[derive(Debug)]
pub struct County {
    pub(super) seed: u64,
    pub(super) as_of: Day,
    pub(super) projects: usize,
    pub(super) villages: usize,
    pub(super) grid: Grid,
    /// Villages whose projects share eight contractors.
    block: usize,
    /// Contractors that win in turn, and companies that mostly lose.
    winners: usize,
    losers: usize,
    pub(super) payments: usize,
    pub(super) photo_rows: Option<usize>,
    pub(super) planting: Planting,
}

/// Who carries a project out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    /// The government of the township of this village.
    Township(usize),
    /// A county office: county, and index into [`names::BUREAUS`].
    Bureau(usize, usize),
    /// The centre that belongs to a planted group alone.
    Centre(usize),
}

/// A company as registers hold it.
#[derive(Clone, Debug)]
pub(super) struct Company {
    pub(super) name: String,
    pub(super) uscc: String,
    pub(super) founded: Day,
    pub(super) capital_fen: i64,
    pub(super) staff: i64,
    pub(super) phone: String,
    pub(super) address: String,
    pub(super) legal_rep: String,
}

impl County {
    /// Lays the county out; planted irregularities get their subjects here.
    pub(super) fn of(options: &SynthOptions) -> Self {
        let projects = options.projects;
        let villages = projects.div_ceil(PLOTS);
        let block = if projects < 1500 { 3 } else { 7 };
        let mut county = Self {
            seed: options.seed,
            as_of: day_of(options.as_of),
            projects,
            villages,
            grid: Grid::of(villages),
            block,
            winners: villages.div_ceil(block) * PLOTS,
            losers: (projects / 4).max(60),
            payments: options.payments_per_project.max(7),
            photo_rows: options.photos,
            planting: Planting::default(),
        };
        county.planting = Planting::of(&county);
        county
    }

    /// How many fictional counties the villages fill.
    pub(super) fn counties(&self) -> usize {
        self.villages.div_ceil(VILLAGES_PER_COUNTY)
    }

    /// The six digits of a county.
    pub(super) fn county_code(county: usize) -> u32 {
        let number = (FIRST_COUNTY % 100) as usize - 1 + county;
        (9901 + (number / 99) as u32) * 100 + (number % 99) as u32 + 1
    }

    /// The nine digits of the township that holds a village.
    pub(super) fn township_code(&self, village: usize) -> String {
        let township = village % VILLAGES_PER_COUNTY / self.grid.township_villages;
        format!(
            "{:06}{:03}",
            Self::county_code(village / VILLAGES_PER_COUNTY),
            100 + township
        )
    }

    /// The twelve digits of a village.
    pub(super) fn village_code(&self, village: usize) -> String {
        let place = village % VILLAGES_PER_COUNTY % self.grid.township_villages;
        format!("{}{:03}", self.township_code(village), 201 + place)
    }

    /// The name of the township that holds a village.
    pub(super) fn township_name(&self, village: usize) -> String {
        names::township(village % VILLAGES_PER_COUNTY / self.grid.township_villages)
    }

    /// The name of a village.
    pub(super) fn village_name(village: usize) -> String {
        names::village(village % VILLAGES_PER_COUNTY)
    }

    /// Households and people of a village.
    pub(super) fn village_people(&self, village: usize) -> (i64, i64) {
        let mut stream = Stream::of(self.seed, 0x5649, village as u64);
        let households = i64::from(stream.between(320, 720));
        (
            households,
            (households as f64 * stream.within(3.0, 3.8)) as i64,
        )
    }

    /// The usual owner of the projects on a plot: kinds that share a village never share an owner.
    pub(super) fn owner_of(&self, village: usize, plot: usize) -> Owner {
        let county = village / VILLAGES_PER_COUNTY;
        let (roomy, cramped) = match plot {
            1 => (0, 0),
            2 => (1, 2),
            4 => (2, 2),
            6 => (3, 4),
            7 => (4, 4),
            _ => return Owner::Township(village),
        };
        Owner::Bureau(county, if self.projects < 400 { cramped } else { roomy })
    }

    /// Name and organisation code of an owner.
    pub(super) fn owner(&self, owner: Owner) -> (String, String) {
        match owner {
            Owner::Township(village) => {
                let county = village / VILLAGES_PER_COUNTY;
                let township = village % VILLAGES_PER_COUNTY / self.grid.township_villages;
                let serial = 1000 + (county * 100 + township) as u64;
                let name = format!(
                    "{}{}人民政府",
                    names::county(county),
                    self.township_name(village)
                );
                (
                    name,
                    uscc(Registered::Government, Self::county_code(county), serial),
                )
            }
            Owner::Bureau(county, bureau) => (
                format!("{}{}", names::county(county), names::BUREAUS[bureau]),
                uscc(
                    Registered::Government,
                    Self::county_code(county),
                    bureau as u64,
                ),
            ),
            Owner::Centre(group) => {
                let village = self.planting.groups[group].village;
                let county = village / VILLAGES_PER_COUNTY;
                let name = format!("{}第{}项目建设服务中心", names::county(county), group + 1);
                let serial = 500_000 + group as u64;
                (
                    name,
                    uscc(Registered::Government, Self::county_code(county), serial),
                )
            }
        }
    }

    /// The economic cooperative of a village: name and organisation code.
    pub(super) fn cooperative(village: usize) -> (String, String) {
        let county = village / VILLAGES_PER_COUNTY;
        let name = format!(
            "{}{}股份经济合作社",
            names::county(county),
            Self::village_name(village)
        );
        (
            name,
            uscc(
                Registered::Cooperative,
                Self::county_code(county),
                village as u64,
            ),
        )
    }

    /// The contractor of a plot where nothing is planted. Eight contractors take turns over a block of
    /// villages, each on another plot in every village, so that each serves several owners.
    pub(super) fn winner_of(&self, village: usize, plot: usize) -> usize {
        let turn = village % self.block;
        village / self.block * PLOTS + (plot + 5 * turn) % PLOTS
    }

    /// Where in the three years a plot's project lies, from 0 to 1: projects of one village, and those
    /// of one contractor, keep their distance.
    pub(super) fn moment_of(&self, village: usize, plot: usize) -> f64 {
        let block = Stream::of(self.seed, 0x424C, (village / self.block) as u64).unit();
        let drift = (1.0 / 7.0 - 1.0 / 8.0) * (village % self.block) as f64;
        super::random::fraction(block + drift + 0.375 * plot as f64)
    }

    /// A company to lose a tender against others.
    pub(super) fn any_company(&self, stream: &mut Stream) -> usize {
        stream.below(self.winners + self.losers)
    }

    /// Company number `role` of a planted group.
    pub(super) fn private_company(&self, group: usize, role: usize) -> usize {
        self.winners + self.losers + group * PRIVATE + role
    }

    /// How many companies there are.
    pub(super) fn companies(&self) -> usize {
        self.winners + self.losers + self.planting.groups.len() * PRIVATE
    }

    /// The planted group and role of a private company.
    fn role_of(&self, company: usize) -> Option<(&'static str, usize, usize)> {
        let private = company.checked_sub(self.winners + self.losers)?;
        let group = private / PRIVATE;
        self.planting
            .groups
            .get(group)
            .map(|of| (of.id, group, private % PRIVATE))
    }

    /// Whether a company is one that a register lists: private ones only where the group uses them.
    pub(super) fn is_registered(&self, company: usize) -> bool {
        self.role_of(company).is_none_or(|(id, _, _)| id != "Q02a")
    }

    /// Organisation code and name of a company.
    pub(super) fn company_name(&self, company: usize) -> (String, String) {
        let county = company % self.counties();
        let name = names::firm(&names::county(county), company / self.counties());
        let code = uscc(
            Registered::Company,
            Self::county_code(county),
            company as u64,
        );
        match self.role_of(company) {
            Some(("Q02a", _, 0)) => (with_wrong_check(&code), name),
            _ => (code, name),
        }
    }

    /// The account a company is paid on.
    pub(super) fn account(company: usize) -> String {
        hashed(Hashed::Account, company as u64)
    }

    /// Everything the register of companies holds on one.
    pub(super) fn company(&self, company: usize) -> Company {
        let (uscc, name) = self.company_name(company);
        let county = names::county(company % self.counties());
        let mut stream = Stream::of(self.seed, 0x434F, company as u64);
        let mut made = Company {
            name,
            uscc,
            founded: self.as_of - stream.between(5 * 365, 20 * 365),
            capital_fen: i64::from(stream.between(10, 300)) * 10_000_000,
            staff: i64::from(stream.between(6, 90)),
            phone: hashed(Hashed::Phone, company as u64),
            address: format!(
                "{county}创业路{}号{}室",
                company / 40 + 1,
                company % 40 + 101
            ),
            legal_rep: Self::legal_rep(company),
        };
        if let Some((id, group, role)) = self.role_of(company) {
            let first = self.private_company(group, 1);
            match (id, role) {
                ("K13a", 0) => made.founded = self.planting.groups[group].approval - 60,
                ("K13b", 0) => made.staff = 1,
                ("K14a", 2) => made.phone = hashed(Hashed::Phone, first as u64),
                ("K14b", 2) => made.address = self.company(first).address,
                ("K14c", 2) => made.legal_rep = Self::legal_rep(first),
                ("K15a", 0) => made.legal_rep = Self::official(group),
                ("K15b", 0) => made.legal_rep = Self::relative(group),
                _ => {}
            }
        }
        made
    }

    fn legal_rep(company: usize) -> String {
        hashed(Hashed::Person, 4_000_000_000 + company as u64)
    }

    /// A public official; the first ones belong to planted groups.
    pub(super) fn official(number: usize) -> String {
        hashed(Hashed::Person, 1_000_000_000 + number as u64)
    }

    /// A relative of the official of that number.
    pub(super) fn relative(number: usize) -> String {
        hashed(Hashed::Person, 2_000_000_000 + number as u64)
    }

    /// Somebody whom a project pays in person: `seat` tells those of one project apart.
    pub(super) fn resident(project: usize, seat: usize) -> String {
        hashed(Hashed::Person, 3_000_000_000 + (project * 4 + seat) as u64)
    }

    /// Somebody who may sit on an acceptance panel of a county.
    pub(super) fn expert(county: usize, number: usize) -> String {
        hashed(
            Hashed::Person,
            5_000_000_000 + (county * 1000 + number) as u64,
        )
    }
}
