//! Yuan under a header that says 万元: one column's amounts, judged when all of them were read.

use super::report::{Report, Spot};
use super::value::money;

/// 10,000 of 万元 are a hundred million yuan: the middle of a column of rural projects lies far below.
const TOO_MUCH: i64 = 10_000 * money::WAN;

/// Amounts read under a header that names a unit above yuan.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wan {
    amounts: usize,
    too_large: usize,
    /// The first too large: its row (from 0) and what is written there.
    example: Option<(u32, String)>,
}

impl Wan {
    /// Notes an amount, in fen, under a header of `unit` fen.
    pub fn note(&mut self, unit: i64, fen: i64, row: u32, written: impl Fn() -> String) {
        if unit <= money::YUAN || unit > money::WAN {
            return;
        }
        self.amounts += 1;
        if fen >= TOO_MUCH {
            self.too_large += 1;
            self.example.get_or_insert_with(|| (row, written()));
        }
    }

    /// Says so when most amounts are too large for the unit.
    pub fn tell(&self, report: &mut Report, spot: Spot<'_>) {
        let Some((row, value)) = &self.example else {
            return;
        };
        let Self {
            amounts, too_large, ..
        } = self;
        if too_large * 2 <= *amounts {
            return;
        }
        report.warn(
            Spot {
                row: Some(u64::from(*row) + 1),
                ..spot
            },
            "wan",
            Some(value),
            format!("按表头的单位,{amounts} 个值中有 {too_large} 个达到 1 亿元以上,疑似按元填写"),
            format!("in the header's unit {too_large} of {amounts} values come to 100 million yuan or more; they look like yuan"),
        );
    }
}
