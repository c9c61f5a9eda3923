//! The columns of a Parquet file as the declared ones: which of them there are, and how each is read.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use kandeng_screening::arrow::datatypes::SchemaRef;

use super::parquet_cast::{Caster, Known, Root};
use super::parquet_origin::{Origin, Stage};
use super::reading::Reading;
use super::refusals::Refusals;
use super::value::answer::Answers;
use crate::filing::{Field, ROW_NO, Sheet};

/// The columns of one file.
pub(crate) struct FileColumns<'o> {
    sheet: &'o Sheet,
    roots: HashMap<&'o str, Root>,
    schema: SchemaRef,
    answers: Vec<Option<Arc<Answers>>>,
    shows: Vec<(usize, Vec<usize>)>,
    known: Known,
}

/// A column of the file, and how it is read.
pub(crate) type Reader = (usize, Caster);

impl<'o> FileColumns<'o> {
    /// Those of a file with this schema.
    pub fn new(
        reading: &mut Reading<'o>,
        sheet: &'o Sheet,
        roots: HashMap<&'o str, Root>,
        schema: SchemaRef,
    ) -> Self {
        reading.begin(sheet);
        let answers = 0..sheet.columns.len();
        let answers = answers
            .map(|index| reading.answers(&sheet.table, index))
            .collect();
        let shows = reading.shows(&sheet.table);
        reading.forget(&sheet.table);
        Self {
            sheet,
            roots,
            schema,
            answers,
            shows,
            known: Known {
                key: reading.options.key.clone(),
                units: Arc::new(reading.filing.units.clone()),
                keys: Arc::clone(&reading.keys),
            },
        }
    }

    /// A column by its key, where the file has it.
    pub fn reader(&self, key: &str) -> Option<Reader> {
        self.reader_at(self.sheet.position(key)?)
    }

    fn reader_at(&self, index: usize) -> Option<Reader> {
        let column = &self.sheet.columns[index];
        let root = self.roots.get(column.key.as_str())?;
        let answers = self.answers[index].clone();
        let caster = Caster::new(column, Some(root), answers, &self.known);
        Some((root.index, caster))
    }

    /// What a row shows of its project's stage: the rank, and the columns that must be filled.
    pub fn shown(&self) -> Vec<(usize, Vec<Reader>)> {
        let shows = self.shows.iter().filter_map(|(rank, columns)| {
            let columns = columns.iter();
            let readers: Option<Vec<_>> = columns.map(|column| self.reader_at(*column)).collect();
            Some((*rank, readers?))
        });
        shows.collect()
    }

    /// Where each column of the table comes from; a register has only those that its file has.
    pub fn origins(&self, reading: &mut Reading<'o>, path: &Path) -> Vec<(String, Origin)> {
        let is_register = reading.filing.registers.contains(self.sheet);
        let (file, name) = (path.display().to_string(), super::stem(path));
        let mut origins = vec![(ROW_NO.to_owned(), Origin::RowNo)];
        for (index, column) in self.sheet.columns.iter().enumerate() {
            let refusals = Refusals::new(&file, &name, &column.zh);
            reading.refusals.push(Arc::clone(&refusals));
            let origin = self.origin(reading, index, refusals);
            if is_register && matches!(origin, Origin::Nothing(_)) {
                continue;
            }
            origins.push((column.key.clone(), origin));
        }
        origins
    }

    fn origin(&self, reading: &Reading<'o>, index: usize, refusals: Arc<Refusals>) -> Origin {
        let column = &self.sheet.columns[index];
        let own = self.reader_at(index);
        if self.sheet.table == "projects" && column.key == "stage" {
            // Where every project files its stage nothing else need be read for it.
            let (shown, code) = if reading.seeks_stages() {
                let code = self.reader("project_code");
                (self.shown(), code)
            } else {
                (Vec::new(), None)
            };
            return Origin::Stage(Box::new(Stage {
                filed: own,
                shown,
                code,
                reached: reading.settled(),
                stages: reading
                    .filing
                    .stages
                    .iter()
                    .map(|stage| stage.key.clone())
                    .collect(),
                refusals,
            }));
        }
        if let Some(quantity) = self.quantity_of(&column.key) {
            return Origin::Unit {
                root: own,
                quantity,
                refusals,
            };
        }
        let moment = (self.sheet.table == "photos" && column.key == "taken_on" && own.is_none())
            .then(|| self.reader("taken_at"));
        match (own, column.field) {
            (Some((root, _)), Field::Boundary) => Origin::Boundary {
                root,
                datum: self
                    .roots
                    .get(&*format!("{}_datum", column.key))
                    .map(|root| root.index),
                default: reading.options.datum,
                folders: reading.folders.clone(),
                refusals,
            },
            (Some((root, caster)), _) => Origin::File {
                root,
                caster,
                refusals,
            },
            (None, field) => match moment.flatten() {
                Some((root, caster)) => Origin::Day { root, caster },
                None => Origin::Nothing(field.column_type().arrow()),
            },
        }
    }

    /// The quantity that may have the unit of this column written with it.
    fn quantity_of(&self, unit: &str) -> Option<Reader> {
        let holds = |unit_of: &Option<String>| unit_of.as_deref() == Some(unit);
        let columns = &self.sheet.columns;
        let quantity = columns.iter().position(|column| holds(&column.unit))?;
        let (root, caster) = self.reader_at(quantity)?;
        let kind = self.schema.field(root).data_type();
        caster.may_name_units(kind).then_some((root, caster))
    }
}
