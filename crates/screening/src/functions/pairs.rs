//! Aggregates that give pairs: neighbours among perceptual hashes, and outlines that overlap.
//! Thin adapters around `hamming_index.rs` and the geometry crate's spatial index.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, Float64Builder, Int64Builder, ListArray, StructArray};
use datafusion::arrow::buffer::{NullBuffer, OffsetBuffer};
use datafusion::arrow::datatypes::{DataType, Field, Fields, Int64Type};
use datafusion::common::{Result, exec_err, internal_err};

use super::arguments::{Kind, Text, Values};
use super::fold::{Fold, take_whole};
use super::hamming_index::HashTable;
use super::outlines::Outlines;

fn list_of(fields: Fields) -> DataType {
    DataType::List(Arc::new(Field::new_list_field(
        DataType::Struct(fields),
        true,
    )))
}

/// A list of structs for each group; a group without a length has no list.
fn lists(fields: Fields, columns: Vec<ArrayRef>, lengths: &[Option<usize>]) -> Result<ArrayRef> {
    let pairs = StructArray::try_new(fields.clone(), columns, None)?;
    let item = Arc::new(Field::new_list_field(DataType::Struct(fields), true));
    let offsets = OffsetBuffer::from_lengths(lengths.iter().map(|length| length.unwrap_or(0)));
    let known = NullBuffer::from_iter(lengths.iter().map(Option::is_some));
    Ok(Arc::new(ListArray::try_new(
        item,
        offsets,
        Arc::new(pairs),
        Some(known),
    )?))
}

/// `hamming_pairs(id, phash, radius)` and `hamming_pairs(id, phash, radius, crops)`: see
/// [`HashTable::pairs`]. The radius is the first that is not NULL; rows without id or hash, or whose
/// hash cannot be read, are left out.
#[derive(Debug, Default)]
pub(super) struct HammingPairs {
    radius: Option<i64>,
    hashes: HashTable,
}

/// The arguments of [`HammingPairs`].
pub(super) struct HashColumns<'a> {
    ids: Values<'a, Int64Type>,
    hashes: Text<'a>,
    radii: Values<'a, Int64Type>,
    crops: Text<'a>,
}

fn hamming_fields() -> Fields {
    ["a", "b", "distance"]
        .into_iter()
        .map(|name| Field::new(name, DataType::Int64, true))
        .collect()
}

impl Fold for HammingPairs {
    const NAME: &'static str = "hamming_pairs";
    const TAKES: &'static [Kind] = &[Kind::Whole, Kind::Text, Kind::Whole];
    const MAY_TAKE: Option<Kind> = Some(Kind::Text);
    type Columns<'a> = HashColumns<'a>;

    fn gives() -> DataType {
        list_of(hamming_fields())
    }

    fn columns(arrays: &[ArrayRef]) -> Result<Self::Columns<'_>> {
        match arrays {
            [ids, hashes, radii, crops @ ..] if crops.len() < 2 => Ok(HashColumns {
                ids: Values::of_array(ids.as_ref())?,
                hashes: Text::of_array(hashes.as_ref())?,
                radii: Values::of_array(radii.as_ref())?,
                crops: match crops.first() {
                    Some(crops) => Text::of_array(crops.as_ref())?,
                    None => Text::Constant(None),
                },
            }),
            _ => internal_err!("three or four arguments expected, got {}", arrays.len()),
        }
    }

    fn add(&mut self, columns: &Self::Columns<'_>, row: usize) -> Result<()> {
        if self.radius.is_none() {
            self.radius = columns.radii.at(row);
            if self.radius.is_some_and(|radius| radius < 0) {
                return exec_err!("hamming_pairs takes a radius of 0 or more bits");
            }
        }
        if let (Some(id), Some(hash)) = (columns.ids.at(row), columns.hashes.at(row)) {
            self.hashes
                .insert_with_crops(id, hash, columns.crops.at(row));
        }
        Ok(())
    }

    fn heap(&self) -> usize {
        self.hashes.heap()
    }

    fn write(&self, bytes: &mut Vec<u8>) {
        bytes.extend(self.radius.unwrap_or(-1).to_le_bytes());
        self.hashes.write(bytes);
    }

    fn read(&mut self, mut bytes: &[u8]) -> Option<()> {
        let radius = take_whole(&mut bytes)?;
        self.radius = self.radius.or((radius >= 0).then_some(radius));
        self.hashes.read(bytes)
    }

    fn results(groups: &mut [Self]) -> Result<ArrayRef> {
        let (mut a, mut b) = (Int64Builder::new(), Int64Builder::new());
        let mut distance = Int64Builder::new();
        let mut lengths = Vec::with_capacity(groups.len());
        for group in groups {
            let Some(radius) = group.radius else {
                lengths.push(None);
                continue;
            };
            let pairs = group
                .hashes
                .pairs(u32::try_from(radius).unwrap_or(u32::MAX));
            lengths.push(Some(pairs.len()));
            for pair in pairs {
                a.append_value(pair.a);
                b.append_value(pair.b);
                distance.append_value(i64::from(pair.distance));
            }
        }
        let columns: Vec<ArrayRef> = vec![
            Arc::new(a.finish()),
            Arc::new(b.finish()),
            Arc::new(distance.finish()),
        ];
        lists(hamming_fields(), columns, &lengths)
    }
}

/// `overlap_pairs(id, wkt)`: the pairs of outlines that share ground, found through a spatial index,
/// `a` being the smaller id, sorted; `area_m2` is the shared ground, `share_of_smaller` its share of
/// the smaller of the two; where very many are the same see [`kandeng_geo::overlap_pairs`]. Rows without id or outline, or whose outline cannot be read, are left out.
#[derive(Debug, Default)]
pub(super) struct OverlapPairs {
    ids: Vec<i64>,
    outlines: Outlines,
}

fn overlap_fields() -> Fields {
    Fields::from(vec![
        Field::new("a", DataType::Int64, true),
        Field::new("b", DataType::Int64, true),
        Field::new("area_m2", DataType::Float64, true),
        Field::new("share_of_smaller", DataType::Float64, true),
    ])
}

impl Fold for OverlapPairs {
    const NAME: &'static str = "overlap_pairs";
    const TAKES: &'static [Kind] = &[Kind::Whole, Kind::Text];
    type Columns<'a> = (Values<'a, Int64Type>, Text<'a>);

    fn gives() -> DataType {
        list_of(overlap_fields())
    }

    fn columns(arrays: &[ArrayRef]) -> Result<Self::Columns<'_>> {
        match arrays {
            [ids, outlines] => Ok((
                Values::of_array(ids.as_ref())?,
                Text::of_array(outlines.as_ref())?,
            )),
            _ => internal_err!("two arguments expected, got {}", arrays.len()),
        }
    }

    fn add(&mut self, (ids, outlines): &Self::Columns<'_>, row: usize) -> Result<()> {
        if let (Some(id), Some(outline)) = (ids.at(row), outlines.at(row))
            && self.outlines.insert(outline)
        {
            self.ids.push(id);
        }
        Ok(())
    }

    fn heap(&self) -> usize {
        8 * self.ids.capacity() + self.outlines.heap()
    }

    fn write(&self, bytes: &mut Vec<u8>) {
        bytes.extend((self.ids.len() as u64).to_le_bytes());
        bytes.extend(self.ids.iter().flat_map(|id| id.to_le_bytes()));
        self.outlines.write(bytes);
    }

    fn read(&mut self, mut bytes: &[u8]) -> Option<()> {
        for _ in 0..take_whole(&mut bytes)? {
            self.ids.push(take_whole(&mut bytes)?);
        }
        self.outlines.read(bytes)?;
        (self.ids.len() == self.outlines.areas().len()).then_some(())
    }

    fn results(groups: &mut [Self]) -> Result<ArrayRef> {
        let (mut a, mut b) = (Int64Builder::new(), Int64Builder::new());
        let (mut area_m2, mut share) = (Float64Builder::new(), Float64Builder::new());
        let mut lengths = Vec::with_capacity(groups.len());
        for group in groups {
            let mut pairs: Vec<(i64, i64, f64, f64)> =
                kandeng_geo::overlap_pairs(group.outlines.areas())
                    .into_iter()
                    .filter_map(|overlap| {
                        let (x, y) = (*group.ids.get(overlap.a)?, *group.ids.get(overlap.b)?);
                        let pair = (
                            x.min(y),
                            x.max(y),
                            overlap.area_m2,
                            overlap.share_of_smaller,
                        );
                        (x != y).then_some(pair)
                    })
                    .collect();
            pairs.sort_by_key(|pair| (pair.0, pair.1));
            lengths.push(Some(pairs.len()));
            for pair in pairs {
                a.append_value(pair.0);
                b.append_value(pair.1);
                area_m2.append_value(pair.2);
                share.append_value(pair.3);
            }
        }
        let columns: Vec<ArrayRef> = vec![
            Arc::new(a.finish()),
            Arc::new(b.finish()),
            Arc::new(area_m2.finish()),
            Arc::new(share.finish()),
        ];
        lists(overlap_fields(), columns, &lengths)
    }
}
