//! Photos that the sheet names, read from their files: time, place, camera, hashes, ground shown.
//! Where the file is at hand only its own word counts; what the sheet says otherwise or besides is told.

use std::panic::catch_unwind;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use kandeng_evidence::{
    Limits, NoFootprint, PerceptualHash, Photo, PhotoError, Position, footprint,
};
use kandeng_screening::arrow::array::{
    Array as _, ArrayRef, BooleanArray, Date32Array, Float64Array, RecordBatch, StringArray,
    TimestampMillisecondArray,
};

use super::boundary::find;
use super::collected::{replaced, texts};
use super::error::ImportError;
use super::photo_words::{Stated, tell};
use super::reading::{Reading, unbuildable};
use super::value::date;

/// Photos read at once.
const THREADS: usize = 2;
/// What a photo's file says.
pub(crate) struct Seen {
    pub photo: Photo,
    /// The ground that it shows, or why that cannot be told.
    pub footprint: Result<String, NoFootprint>,
}

/// What came of looking for a photo.
pub(crate) enum Looked {
    /// No file is named.
    Unnamed,
    /// No such file.
    Absent,
    /// A file that is no photo, or none that is read; its SHA-256 all the same.
    Refused(PhotoError, Option<String>),
    Seen(Box<Seen>),
}

impl Looked {
    /// Whether there is a file, whose word counts rather than the sheet's.
    pub fn is_at_hand(&self) -> bool {
        matches!(self, Self::Refused(..) | Self::Seen(_))
    }

    /// What the file says, if it is a photo.
    pub fn photo(&self) -> Option<&Photo> {
        match self {
            Self::Seen(seen) => Some(&seen.photo),
            _ => None,
        }
    }
}

/// Fills the columns of `photos` from files, when a folder of photos is given.
///
/// # Errors
/// When the person stops the run.
pub(crate) fn fill(
    reading: &mut Reading<'_>,
    batch: &RecordBatch,
) -> Result<RecordBatch, ImportError> {
    let (Some(folder), Some(files)) = (&reading.options.photos, texts(batch, "file")) else {
        return derive_days(batch, &[]);
    };
    let names: Vec<Option<&str>> = files.iter().collect();
    let looked = look(reading, folder.clone(), &names)?;
    tell(reading, batch, &names, &looked);
    let mut filled = batch.clone();
    for (column, array) in columns(&filled, &looked) {
        filled = replaced(&filled, column, array).map_err(unbuildable)?;
    }
    derive_days(&filled, &looked)
}

/// Reads the files on two threads.
fn look(
    reading: &Reading<'_>,
    folder: PathBuf,
    names: &[Option<&str>],
) -> Result<Vec<Looked>, ImportError> {
    let options = reading.options;
    let end_of_day = options.as_of.and_then(|day| {
        let next = day.tomorrow().ok()?;
        jiff::tz::offset(8).to_timestamp(next.at(0, 0, 0, 0)).ok()
    });
    let limits = Limits {
        not_after: end_of_day,
        ..Limits::default()
    };
    let folders = [folder];
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            if index >= names.len() || options.check_cancelled().is_err() {
                return done;
            }
            let looked = match names[index].map(|name| find(name, &folders)) {
                None => Looked::Unnamed,
                Some(None) => Looked::Absent,
                Some(Some(path)) => look_into(path, &limits),
            };
            done.push((index, looked));
        }
    };
    let mut all: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(work)).collect();
        // Cannot fail: what a reader panics of is caught where it reads.
        threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap_or_default())
            .collect()
    });
    options.check_cancelled()?;
    all.sort_by_key(|(index, _)| *index);
    let mut all = all
        .into_iter()
        .map(|(_, looked)| looked)
        .collect::<Vec<_>>();
    all.resize_with(names.len(), || Looked::Absent);
    Ok(all)
}

/// What a photo's file says. A file that a decoder panics of is refused like any other, so that the rest is read.
fn look_into(path: PathBuf, limits: &Limits) -> Looked {
    let read = catch_unwind(|| {
        Photo::read(&path, limits).map(|photo| Seen {
            footprint: footprint(&photo).map(|ground| ground.wkt()),
            photo,
        })
    });
    match read.unwrap_or(Err(PhotoError::Unreasonable)) {
        Ok(seen) => Looked::Seen(Box::new(seen)),
        Err(error) => {
            let file = super::hash_file(path);
            Looked::Refused(error, file.map(|file| file.sha256))
        }
    }
}

/// The columns that files speak to. Of a file that is at hand nothing is taken from the sheet.
fn columns(batch: &RecordBatch, looked: &[Looked]) -> Vec<(&'static str, ArrayRef)> {
    let rows = 0..batch.num_rows();
    let text = |column: &'static str,
                of: &dyn Fn(&Looked) -> Option<String>|
     -> (&'static str, ArrayRef) {
        let own = texts(batch, column);
        let values: StringArray = rows
            .clone()
            .map(|row| {
                if looked[row].is_at_hand() {
                    return of(&looked[row]);
                }
                own.and_then(|own| own.is_valid(row).then(|| own.value(row).to_owned()))
            })
            .collect();
        (column, Arc::new(values))
    };
    let seen = |of: fn(&Seen) -> Option<String>| {
        move |looked: &Looked| match looked {
            Looked::Seen(seen) => of(seen),
            _ => None,
        }
    };
    let float =
        |column: &'static str, of: fn(&Position) -> Option<f64>| -> (&'static str, ArrayRef) {
            let own = floats(batch, column);
            let values: Float64Array = rows
                .clone()
                .map(|row| {
                    if looked[row].is_at_hand() {
                        return looked[row].photo()?.position.as_ref().and_then(of);
                    }
                    number(own, row)
                })
                .collect();
            (column, Arc::new(values))
        };
    let stated = Stated::of(batch);
    let taken: TimestampMillisecondArray = rows
        .clone()
        .map(|row| {
            if looked[row].is_at_hand() {
                let taken = looked[row].photo()?.taken.as_ref()?;
                return Some(taken.at.as_millisecond());
            }
            stated.time(row)
        })
        .collect();
    vec![
        ("taken_at", Arc::new(taken.with_timezone("UTC"))),
        float("lon", |place| Some(place.lon)),
        float("lat", |place| Some(place.lat)),
        float("accuracy_m", |place| place.accuracy_m),
        text(
            "software",
            &seen(|seen| {
                let photo = &seen.photo;
                photo.edited_with.clone().or_else(|| photo.software.clone())
            }),
        ),
        text("camera", &seen(|seen| seen.photo.camera())),
        text("sha256", &|looked| match looked {
            Looked::Seen(seen) => Some(seen.photo.sha256.clone()),
            Looked::Refused(_, sha256) => sha256.clone(),
            Looked::Unnamed | Looked::Absent => None,
        }),
        text("phash", &seen(|seen| hash(seen, |hash| &hash.frame))),
        text("phash_crops", &seen(|seen| hash(seen, |hash| &hash.crops))),
        text("footprint", &seen(|seen| seen.footprint.clone().ok())),
    ]
}

fn hash(seen: &Seen, part: impl Fn(&PerceptualHash) -> &String) -> Option<String> {
    seen.photo.phash.as_ref().map(|hash| part(hash).clone())
}

/// The day in China, where only the moment is known.
pub(crate) fn derive_days(
    batch: &RecordBatch,
    looked: &[Looked],
) -> Result<RecordBatch, ImportError> {
    let Some(times) = times(batch, "taken_at") else {
        return Ok(batch.clone());
    };
    let own = days(batch, "taken_on");
    let days: Date32Array = (0..batch.num_rows())
        .map(|row| {
            if times.is_valid(row) {
                return Some(date::day_in_china(times.value(row)));
            }
            let is_at_hand = looked.get(row).is_some_and(Looked::is_at_hand);
            own.filter(|own| own.is_valid(row) && !is_at_hand)
                .map(|own| own.value(row))
        })
        .collect();
    replaced(batch, "taken_on", Arc::new(days)).map_err(unbuildable)
}

pub(crate) fn days<'a>(batch: &'a RecordBatch, column: &str) -> Option<&'a Date32Array> {
    batch.column_by_name(column)?.as_any().downcast_ref()
}

pub(crate) fn times<'a>(
    batch: &'a RecordBatch,
    column: &str,
) -> Option<&'a TimestampMillisecondArray> {
    batch.column_by_name(column)?.as_any().downcast_ref()
}

pub(crate) fn answers<'a>(batch: &'a RecordBatch, column: &str) -> Option<&'a BooleanArray> {
    batch.column_by_name(column)?.as_any().downcast_ref()
}

pub(crate) fn floats<'a>(batch: &'a RecordBatch, column: &str) -> Option<&'a Float64Array> {
    batch.column_by_name(column)?.as_any().downcast_ref()
}

pub(crate) fn number(column: Option<&Float64Array>, row: usize) -> Option<f64> {
    column.and_then(|column| column.is_valid(row).then(|| column.value(row)))
}
