//! A filing as a draft, and the others that it is compared with.

use std::collections::BTreeMap;

use kandeng_platform::Platform;
use rusqlite::Connection;
use uuid::Uuid;

use super::list::by_id;
use crate::draft::{self, Draft, FiledPayment};
use crate::import::value::{Cell, money};
use crate::project::tables;

/// A filing as a draft, to be checked by the rules for filers.
#[derive(Clone, Debug)]
pub struct FiledDraft {
    /// The draft.
    pub draft: Draft,
    /// For each of its lists the numbers of its rows, in order.
    pub rows: BTreeMap<String, Vec<u32>>,
}

/// A filing as a draft; nothing when there is no such project.
///
/// # Errors
/// When the database fails.
pub fn draft(of: &Connection, id: Uuid) -> rusqlite::Result<Option<FiledDraft>> {
    let row = by_id(of, id)?;
    let Some(row) = row else {
        return Ok(None);
    };
    let filed = tables::filed(of, row.project)?;
    let mut draft = Draft::new()
        .with("project_code", row.code)
        .with("stage", row.stage);
    for (column, typed) in filed.fields {
        draft = draft.with(column, typed);
    }
    let mut numbers: BTreeMap<String, Vec<u32>> = BTreeMap::new();
    for (list, rows) in filed.lists {
        for (number, cells) in rows {
            draft = draft.with_row(list.clone(), cells);
            numbers.entry(list.clone()).or_default().push(number);
        }
    }
    Ok(Some(FiledDraft {
        draft,
        rows: numbers,
    }))
}

/// The filings that a draft is compared with: all but its own.
pub struct OtherFilings<'a> {
    platform: &'a Platform,
    except: Option<Uuid>,
}

impl<'a> OtherFilings<'a> {
    /// All but one; all, for a draft that nobody has filed yet.
    pub fn but(platform: &'a Platform, except: Option<Uuid>) -> Self {
        Self { platform, except }
    }

    fn own(&self) -> String {
        self.except.map_or_else(String::new, |id| id.to_string())
    }
}

/// A fault of the database counts as nothing found: the rules at night look again.
impl draft::Filed for OtherFilings<'_> {
    fn has_code(&self, code: &str) -> bool {
        let found = self.platform.query(|connection| {
            connection
                .prepare_cached(
                    "select exists (select 1 from projects where code = ?1 and id <> ?2 and withdrawn = 0)",
                )?
                .query_row([code, &self.own()], |row| row.get(0))
        });
        found.unwrap_or(false)
    }

    fn payments(&self, vouchers: &[&str]) -> Vec<FiledPayment> {
        let found = self.platform.query(|connection| {
            let mut found = Vec::new();
            let mut select = connection.prepare_cached(
                "select code, f.cells, r.cells from project_rows r join projects p using (project) \
                 join project_fields f using (project) where list = 'payments' \
                 and json_extract(r.cells, '$.voucher') = ?1 and id <> ?2 and withdrawn = 0",
            )?;
            for voucher in vouchers {
                let mut rows = select.query([*voucher, &self.own()])?;
                while let Some(row) = rows.next()? {
                    let own = tables::row_of(row.get_ref(1)?.as_str()?);
                    let payment = tables::row_of(row.get_ref(2)?.as_str()?);
                    let amount = payment.get("amount").map(|typed| Cell::text(typed));
                    found.push(FiledPayment {
                        project_code: row.get(0)?,
                        owner_name: own.get("owner_name").cloned(),
                        owner_uscc: own.get("owner_uscc").cloned(),
                        voucher: (*voucher).to_owned(),
                        amount_fen: amount
                            .and_then(|cell| money::read(cell, money::YUAN).ok().flatten()),
                    });
                }
            }
            Ok(found)
        });
        found.unwrap_or_default()
    }
}
