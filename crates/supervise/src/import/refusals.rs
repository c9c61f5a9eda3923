//! What was wrong with the values of streamed columns, counted while rules read them.

use std::ops::AddAssign;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use kandeng_screening::Text;
use kandeng_screening::arrow::array::{Array as _, ArrayRef, AsArray};
use kandeng_screening::arrow::compute::cast;
use kandeng_screening::arrow::datatypes::DataType;

use super::value::stands_for_nothing;
use crate::diagnostic::{Diagnostic, Severity};

/// How many values of a column were not as they should be.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Faults {
    /// There, and not to be read.
    pub unread: u64,
    /// With an identity number in them that does not belong there.
    pub hidden: u64,
    /// Units that differ from the one written with the quantity.
    pub differing: u64,
}

impl AddAssign for Faults {
    fn add_assign(&mut self, other: Self) {
        self.unread += other.unread;
        self.hidden += other.hidden;
        self.differing += other.differing;
    }
}

/// One streamed column, and what was wrong with it as far as it was read.
#[derive(Debug)]
pub(crate) struct Refusals {
    pub file: String,
    pub sheet: String,
    pub column: String,
    unread: AtomicU64,
    hidden: AtomicU64,
    differing: AtomicU64,
}

impl Refusals {
    /// None so far.
    pub fn new(file: &str, sheet: &str, column: &str) -> Arc<Self> {
        Arc::new(Self {
            file: file.to_owned(),
            sheet: sheet.to_owned(),
            column: column.to_owned(),
            unread: AtomicU64::new(0),
            hidden: AtomicU64::new(0),
            differing: AtomicU64::new(0),
        })
    }

    /// So many in one reading; a column that is read again has no more of them.
    pub fn note(&self, faults: Faults) {
        self.unread.fetch_max(faults.unread, Ordering::Relaxed);
        self.hidden.fetch_max(faults.hidden, Ordering::Relaxed);
        self.differing
            .fetch_max(faults.differing, Ordering::Relaxed);
    }

    /// What to tell, if there was anything.
    pub fn diagnostics(&self) -> Vec<Diagnostic> {
        let told = |severity, count: &AtomicU64, say: fn(u64) -> (String, String)| {
            let count = count.load(Ordering::Relaxed);
            let (zh, en) = say(count);
            (count > 0).then(|| Diagnostic {
                severity,
                file: self.file.clone(),
                sheet: Some(self.sheet.clone()),
                row: None,
                column: Some(self.column.clone()),
                value: None,
                message: Text::new(zh, en),
            })
        };
        let all = [
            told(Severity::Error, &self.unread, |count| {
                (
                    format!("有 {count} 个值无法按此列的要求读取,按空值处理"),
                    format!(
                        "{count} values could not be read as this column asks and count as empty"
                    ),
                )
            }),
            told(Severity::Warning, &self.hidden, |count| {
                (
                    format!("此列不应有身份证号,{count} 处已换成哈希,请在原表中删去"),
                    format!(
                        "identity numbers do not belong here; {count} were replaced by their hashes, remove them from the file"
                    ),
                )
            }),
            told(Severity::Warning, &self.differing, |count| {
                (
                    format!("有 {count} 个单位与数量所写的单位不一致,按数量的单位读取"),
                    format!(
                        "{count} units differ from the one written with the quantity, which was taken"
                    ),
                )
            }),
        ];
        all.into_iter().flatten().collect()
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
