//! Values of streamed columns that were there and could not be read: counted while rules read them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use kandeng_screening::Text;
use kandeng_screening::arrow::array::{Array as _, ArrayRef, AsArray};
use kandeng_screening::arrow::compute::cast;
use kandeng_screening::arrow::datatypes::DataType;

use super::value::stands_for_nothing;
use crate::diagnostic::{Diagnostic, Severity};

/// One streamed column, and how many of its values could not be read, as far as it was read.
#[derive(Debug)]
pub(crate) struct Refusals {
    pub file: String,
    pub sheet: String,
    pub column: String,
    count: AtomicU64,
}

impl Refusals {
    /// None so far.
    pub fn new(file: &str, sheet: &str, column: &str) -> Arc<Self> {
        Arc::new(Self {
            file: file.to_owned(),
            sheet: sheet.to_owned(),
            column: column.to_owned(),
            count: AtomicU64::new(0),
        })
    }

    /// So many in one reading; a column that is read again has no more of them.
    pub fn note(&self, count: u64) {
        self.count.fetch_max(count, Ordering::Relaxed);
    }

    /// What to tell, if there were any.
    pub fn diagnostic(&self) -> Option<Diagnostic> {
        let count = self.count.load(Ordering::Relaxed);
        (count > 0).then(|| Diagnostic {
            severity: Severity::Error,
            file: self.file.clone(),
            sheet: Some(self.sheet.clone()),
            row: None,
            column: Some(self.column.clone()),
            value: None,
            message: Text::new(
                format!("有 {count} 个值无法按此列的要求读取,按空值处理"),
                format!("{count} values could not be read as this column asks and count as empty"),
            ),
        })
    }
}

/// How many values are in `array` and not in what was `read` of it.
pub(crate) fn lost(array: &ArrayRef, read: &ArrayRef) -> u64 {
    if read.null_count() <= array.null_count() {
        return 0;
    }
    let gone = (0..array.len()).filter(|row| array.is_valid(*row) && read.is_null(*row));
    // Dashes and the like stand for nothing, and nothing was lost with them.
    let texts = cast(array, &DataType::Utf8).ok();
    let texts = texts.as_ref().map(AsArray::as_string::<i32>);
    let stood_for_nothing = |row: &usize| {
        texts.is_some_and(|texts| {
            texts.is_valid(*row) && stands_for_nothing(texts.value(*row).trim())
        })
    };
    gone.filter(|row| !stood_for_nothing(row)).count() as u64
}
