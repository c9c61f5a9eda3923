//! A project as it is filed: every value of its row and of the rows that hang on it. Plain data.

use super::calendar::Day;

/// Keys of the stages, in order.
pub(super) const STAGES: [&str; 7] = [
    "filed", "approved", "tendered", "building", "accepted", "upkeep", "closed",
];

/// One project with everything filed about it.
#[derive(Clone, Debug, Default)]
pub(super) struct Project {
    pub(super) code: String,
    pub(super) name: String,
    pub(super) kind: &'static str,
    pub(super) village_code: String,
    pub(super) address: String,
    pub(super) position: (f64, f64),
    pub(super) owner: (String, String),
    pub(super) scale: f64,
    pub(super) unit: &'static str,
    pub(super) approval_number: String,
    pub(super) approval_authority: String,
    pub(super) approval: Option<Day>,
    pub(super) budget_fen: Option<i64>,
    pub(super) resolution: Option<Day>,
    pub(super) resolution_file: String,
    pub(super) method: &'static str,
    pub(super) tender_start: Option<Day>,
    pub(super) tender_end: Option<Day>,
    pub(super) bid_opening: Option<Day>,
    pub(super) contractor: (String, String),
    pub(super) contract_number: String,
    pub(super) contract: Option<Day>,
    pub(super) contract_fen: Option<i64>,
    pub(super) planned_start: Option<Day>,
    pub(super) planned_finish: Option<Day>,
    pub(super) start: Option<Day>,
    pub(super) boundary: String,
    pub(super) boundary_method: &'static str,
    pub(super) boundary_accuracy_m: Option<f64>,
    pub(super) paid_total_fen: Option<i64>,
    pub(super) payee: (String, String),
    pub(super) retention_fen: Option<i64>,
    pub(super) retention_due: Option<Day>,
    pub(super) finish: Option<Day>,
    pub(super) acceptance: Option<Day>,
    pub(super) accepted_scale: Option<f64>,
    pub(super) settlement_fen: Option<i64>,
    pub(super) acceptance_file: String,
    pub(super) asset_owner: String,
    pub(super) upkeep_body: String,
    pub(super) upkeep_fund_fen: Option<i64>,
    pub(super) households: i64,
    pub(super) people: i64,
    pub(super) stage: usize,
    /// Filed a second time under the same code.
    pub(super) twice: bool,

    pub(super) sources: Vec<Source>,
    pub(super) bids: Vec<Bid>,
    pub(super) progress: Vec<(Day, f64)>,
    pub(super) inspections: Vec<(Day, &'static str)>,
    pub(super) plan: Vec<(Day, f64, i64)>,
    pub(super) payments: Vec<Payment>,
    pub(super) photos: Vec<Photo>,
    pub(super) panel: Vec<(&'static str, String, String)>,
    pub(super) checks: Vec<(Day, &'static str)>,
    pub(super) income: Vec<(i32, i64, i64)>,
    /// Category and time (milliseconds, UTC).
    pub(super) signatures: Vec<(&'static str, i64)>,
    /// Item and time (milliseconds, UTC).
    pub(super) changes: Vec<(&'static str, i64)>,
    /// Measured mu and its error, from an outline drawn on a photo.
    pub(super) outline: Option<(f64, f64)>,
    /// Who is on a list of the eligible: person, from, to.
    pub(super) eligible: Vec<(String, Day, Day)>,
    /// Who of those paid had died, and when.
    pub(super) deceased: Vec<(String, Day)>,
}

/// A source of funds.
#[derive(Clone, Debug)]
pub(super) struct Source {
    pub(super) level: &'static str,
    pub(super) fen: i64,
    pub(super) arrival: Option<Day>,
}

/// A bid.
#[derive(Clone, Debug)]
pub(super) struct Bid {
    pub(super) bidder: (String, String),
    pub(super) fen: i64,
    pub(super) date: Day,
    pub(super) status: &'static str,
}

/// A payment; `payee` is (name, organisation code).
#[derive(Clone, Debug)]
pub(super) struct Payment {
    pub(super) date: Day,
    pub(super) fen: i64,
    pub(super) payee: (String, String),
    pub(super) person: String,
    pub(super) account: String,
    pub(super) purpose: &'static str,
    pub(super) programme: &'static str,
    pub(super) voucher: String,
}

/// What was done to a picture before it was filed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Copied {
    /// Nothing, or its file was copied byte by byte.
    #[default]
    Untouched,
    /// Encoded again, so that bytes differ and the perceptual hash hardly does.
    EncodedAgain,
    /// Trimmed at its edges, so that only the hash of a crop is near.
    Trimmed,
}

/// A photo as a row; the file, if one is written, shows `scene`.
#[derive(Clone, Debug)]
pub(super) struct Photo {
    pub(super) stage: &'static str,
    pub(super) file: String,
    pub(super) covers_site: bool,
    /// Milliseconds, UTC.
    pub(super) taken_at: Option<i64>,
    pub(super) position: Option<(f64, f64)>,
    pub(super) accuracy_m: f64,
    pub(super) software: &'static str,
    pub(super) camera: &'static str,
    pub(super) footprint: String,
    pub(super) capture_record: bool,
    /// What the picture shows; the same number, the same picture.
    pub(super) scene: u64,
    pub(super) copy: Copied,
    pub(super) sha256: String,
    pub(super) phash: String,
    /// Hashes of the frame with its edges cropped; where no file is written, only of pictures that
    /// come again trimmed.
    pub(super) phash_crops: String,
}
