//! From ids of subjects, whole numbers or texts, to places in arrays.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;

use datafusion::arrow::array::{Array, AsArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Int64Type};
use datafusion::common::DataFusionError;

use crate::figure::Figure;

/// No place.
const NONE: u32 = u32::MAX;

/// Places by id. `T` holds the texts, owned or borrowed.
pub(super) struct Index<T> {
    /// By number, for numbers that stand close together, as they mostly do.
    dense: Vec<u32>,
    sparse: HashMap<i64, u32, ahash::RandomState>,
    texts: HashMap<T, u32, ahash::RandomState>,
    len: usize,
}

impl<T> Default for Index<T> {
    fn default() -> Self {
        Self {
            dense: Vec::new(),
            sparse: HashMap::default(),
            texts: HashMap::default(),
            len: 0,
        }
    }
}

impl<T: Borrow<str> + Hash + Eq> Index<T> {
    /// The place of a number, if it has one.
    pub(super) fn of_number(&self, id: i64) -> Option<u32> {
        let dense = usize::try_from(id).ok().and_then(|id| self.dense.get(id));
        match dense {
            Some(place) if *place != NONE => Some(*place),
            _ if self.sparse.is_empty() => None,
            _ => self.sparse.get(&id).copied(),
        }
    }

    /// The place of a text, if it has one.
    pub(super) fn of_text(&self, id: &str) -> Option<u32> {
        self.texts.get(id).copied()
    }

    /// Bytes that it keeps for numbers.
    pub(super) fn bytes(&self) -> usize {
        self.dense.capacity() * size_of::<u32>() + self.sparse.capacity() * size_of::<(i64, u32)>()
    }

    /// Gives a number a place; a later one replaces an earlier.
    pub(super) fn set_number(&mut self, id: i64, place: u32) {
        self.len += 1;
        // At most eight slots for each number there is, so that no odd number takes all memory.
        match usize::try_from(id) {
            Ok(slot) if slot < self.len * 8 + (1 << 16) => {
                if slot >= self.dense.len() {
                    self.dense.resize((slot + 1).next_power_of_two(), NONE);
                }
                self.dense[slot] = place;
            }
            _ => {
                self.sparse.insert(id, place);
            }
        }
    }

    /// Gives a text a place; a later one replaces an earlier.
    pub(super) fn set_text(&mut self, id: T, place: u32) {
        self.len += 1;
        self.texts.insert(id, place);
    }

    /// The place of one row of a column of ids.
    pub(super) fn find(&self, ids: &dyn Array, row: usize) -> Option<u32> {
        if !ids.data_type().is_integer() {
            return self.of_text(text_at(ids, row)?);
        }
        match Figure::at(ids, row) {
            Figure::Int(id) => self.of_number(id),
            _ => None,
        }
    }

    /// The place of every row of a column of ids.
    pub(super) fn find_all(&self, ids: &dyn Array) -> Result<Vec<Option<u32>>, DataFusionError> {
        if ids.data_type().is_integer() {
            let ids = cast(ids, &DataType::Int64)?;
            let ids = ids.as_primitive::<Int64Type>();
            return Ok(ids.iter().map(|id| self.of_number(id?)).collect());
        }
        let find = |row| self.of_text(text_at(ids, row)?);
        Ok((0..ids.len()).map(find).collect())
    }
}

impl<'a> Index<&'a str> {
    /// The place of each id of a column; of ids that stand there twice the last.
    pub(super) fn of_column(ids: &'a dyn Array) -> Result<Self, DataFusionError> {
        let mut index = Self::default();
        if ids.data_type().is_integer() {
            let ids = cast(ids, &DataType::Int64)?;
            for (place, id) in ids.as_primitive::<Int64Type>().iter().enumerate() {
                if let Some(id) = id {
                    index.set_number(id, place as u32);
                }
            }
        } else {
            for place in 0..ids.len() {
                if let Some(id) = text_at(ids, place) {
                    index.set_text(id, place as u32);
                }
            }
        }
        Ok(index)
    }
}

/// A text, whichever of Arrow's forms it has.
pub(super) fn text_at(array: &dyn Array, row: usize) -> Option<&str> {
    if array.is_null(row) {
        return None;
    }
    match array.data_type() {
        DataType::Utf8 => Some(array.as_string::<i32>().value(row)),
        DataType::LargeUtf8 => Some(array.as_string::<i64>().value(row)),
        DataType::Utf8View => Some(array.as_string_view().value(row)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use datafusion::arrow::array::{Int64Array, StringArray};

    use super::*;

    #[test]
    fn numbers_far_apart_and_below_zero_have_places_too() {
        let ids = Int64Array::from(vec![Some(3), None, Some(-4), Some(1 << 40), Some(3)]);
        let index = Index::of_column(&ids).unwrap();
        let asked = Int64Array::from(vec![-4, 3, 1 << 40, 4]);
        let places = index.find_all(&asked).unwrap();
        assert_eq!(places, [Some(2), Some(4), Some(3), None]);
        assert!(index.dense.len() <= 4);
    }

    #[test]
    fn texts_have_places() {
        let ids = StringArray::from(vec![Some("a"), None, Some("b")]);
        let index = Index::of_column(&ids).unwrap();
        let asked = StringArray::from(vec![Some("b"), Some("c"), None]);
        assert_eq!(index.find_all(&asked).unwrap(), [Some(2), None, None]);
    }
}
