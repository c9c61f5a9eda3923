//! What an import is told: the declaration, the key, and where files that cells name may lie.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use jiff::civil::Date;
use kandeng_geo::Datum;

use super::error::ImportError;
use super::identity::IdentityKey;
use crate::filing::Filing;

/// What an import is told.
#[derive(Clone, Debug)]
pub struct ImportOptions {
    /// The declaration of items and sheets.
    pub filing: Arc<Filing>,
    /// A folder or workbook of registers.
    pub registers: Option<PathBuf>,
    /// The folder of the photos that the sheet names.
    pub photos: Option<PathBuf>,
    /// The encoding of CSV files, where it is not to be detected.
    pub encoding: Option<String>,
    /// The datum of boundaries that name none.
    pub datum: Option<Datum>,
    /// The county's key.
    pub key: IdentityKey,
    /// The day of the run: photos taken later carry a wrong clock.
    pub as_of: Option<Date>,
    /// Set by another thread to stop.
    pub cancel: Arc<AtomicBool>,
    /// Rows that were read so far, for another thread to look at.
    pub rows_read: Arc<AtomicU64>,
    /// The most rows of all sheets together.
    pub most_rows: Option<u64>,
}

impl ImportOptions {
    /// The embedded declaration, nothing else.
    pub fn new(key: IdentityKey) -> Self {
        Self {
            filing: Arc::new(Filing::embedded().clone()),
            registers: None,
            photos: None,
            encoding: None,
            datum: None,
            key,
            as_of: None,
            cancel: Arc::default(),
            rows_read: Arc::default(),
            most_rows: None,
        }
    }

    /// Whether the person asked to stop.
    pub fn is_cancelled(&self) -> bool {
        self.cancel.load(Ordering::Relaxed)
    }

    /// Counts a row, and stops where there are more than may be.
    pub(crate) fn count_row(&self) -> Result<(), ImportError> {
        let rows = self.rows_read.fetch_add(1, Ordering::Relaxed) + 1;
        match self.most_rows {
            Some(most) if rows > most => Err(ImportError::TooManyRows { most }),
            _ => Ok(()),
        }
    }

    /// Stops when the person asked to.
    pub(crate) fn check_cancelled(&self) -> Result<(), ImportError> {
        if self.is_cancelled() {
            return Err(ImportError::Cancelled);
        }
        Ok(())
    }
}
