//! What a draft is compared with beyond its own rows: codes and vouchers of other filings.

/// Rules that look beyond the draft and find there all that they compare with.
pub(super) const COMPARED: &[&str] = &["Q09"];

/// The other filings, as whoever keeps them can look them up. When a filing that exists is being
/// changed, it is not among them.
pub trait Filed {
    /// Whether another filing has this project code.
    fn has_code(&self, code: &str) -> bool;

    /// The payments of other filings under any of these voucher numbers.
    fn payments(&self, vouchers: &[&str]) -> Vec<FiledPayment>;
}

/// A payment of another filing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FiledPayment {
    /// Its project.
    pub project_code: String,
    /// Who implements that project.
    pub owner_name: Option<String>,
    /// By which code.
    pub owner_uscc: Option<String>,
    /// The voucher number, as it was filed.
    pub voucher: String,
    /// The amount in fen.
    pub amount_fen: Option<i64>,
}
