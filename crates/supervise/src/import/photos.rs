//! Photos that the sheet names, read from their files: time, place, camera, hashes, ground shown.
//! The file's own word goes before the sheet's; where they differ, that is told.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use kandeng_evidence::{Limits, Photo, PhotoError, footprint};
use kandeng_screening::arrow::array::{
    Array as _, ArrayRef, Date32Array, Float64Array, RecordBatch, StringArray,
    TimestampMillisecondArray,
};

use super::boundary::find;
use super::collected::{replaced, texts};
use super::error::ImportError;
use super::reading::{Reading, unbuildable};
use super::report::Spot;
use super::value::date;

/// Photos read at once.
const THREADS: usize = 2;
/// Degrees within which sheet and file agree on a place: about 11 m.
const SAME_PLACE: f64 = 1e-4;
/// Milliseconds within which they agree on a time: sheets often leave the seconds out.
const SAME_TIME: i64 = 60_000;

/// What a photo's file says.
struct Seen {
    photo: Photo,
    footprint: Option<String>,
}

/// What came of looking for a photo.
enum Looked {
    /// No file is named.
    Unnamed,
    /// No such file.
    Absent,
    Refused(PhotoError),
    Seen(Box<Seen>),
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
        return derive_days(batch);
    };
    let names: Vec<Option<&str>> = files.iter().collect();
    let looked = look(reading, folder.clone(), &names)?;
    tell(reading, batch, &names, &looked);
    let mut filled = batch.clone();
    for (column, array) in columns(&filled, &looked) {
        filled = replaced(&filled, column, array).map_err(unbuildable)?;
    }
    derive_days(&filled)
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
                Some(Some(path)) => match Photo::read(&path, &limits) {
                    Ok(photo) => {
                        let ground = footprint(&photo).ok().map(|ground| ground.wkt());
                        Looked::Seen(Box::new(Seen {
                            photo,
                            footprint: ground,
                        }))
                    }
                    Err(error) => Looked::Refused(error),
                },
            };
            done.push((index, looked));
        }
    };
    let mut all: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(work)).collect();
        // Cannot fail: reading a photo returns its errors.
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

/// Says what was wrong with files, and where they differ from the sheet.
fn tell(reading: &mut Reading<'_>, batch: &RecordBatch, names: &[Option<&str>], looked: &[Looked]) {
    let row_nos = batch
        .column(0)
        .as_any()
        .downcast_ref::<kandeng_screening::arrow::array::Int64Array>();
    let times = times(batch, "taken_at");
    let (lons, lats) = (floats(batch, "lon"), floats(batch, "lat"));
    let hashes = texts(batch, "sha256");
    for (row, (name, looked)) in names.iter().zip(looked).enumerate() {
        let place =
            row_nos.and_then(|numbers| reading.places.cell("photos", numbers.value(row), "file"));
        let Some(place) = place else { continue };
        let spot = Spot {
            file: &place.file,
            sheet: Some(&place.sheet),
            row: Some(u64::from(place.row)),
            column: Some("文件名"),
        };
        match looked {
            Looked::Unnamed => {}
            Looked::Absent => reading.report.warn(
                spot,
                "photo_absent",
                *name,
                "照片文件夹中没有这个文件,按表中所填读取",
                "there is no such file in the folder of photos; the sheet's own columns are used",
            ),
            Looked::Refused(error) => {
                let (zh, en) = error.text();
                reading.report.error(spot, "photo", *name, zh, en);
            }
            Looked::Seen(seen) => {
                for warning in &seen.photo.warnings {
                    let (zh, en) = warning.text();
                    reading.report.warn(spot, "photo_warning", *name, zh, en);
                }
                let taken = seen
                    .photo
                    .taken
                    .as_ref()
                    .map(|taken| taken.at.as_millisecond());
                let other_time = differs(
                    taken,
                    times.and_then(|column| column.is_valid(row).then(|| column.value(row))),
                    |one, other| (one - other).abs() >= SAME_TIME,
                );
                let position = seen.photo.position.as_ref();
                let far = |one: f64, other: f64| (one - other).abs() > SAME_PLACE;
                let other_place = differs(position.map(|place| place.lon), number(lons, row), far)
                    || differs(position.map(|place| place.lat), number(lats, row), far);
                let stated = hashes.and_then(|column| {
                    column
                        .is_valid(row)
                        .then(|| column.value(row).to_lowercase())
                });
                let other_file = stated.is_some_and(|stated| stated != seen.photo.sha256);
                if other_time || other_place || other_file {
                    reading.report.warn(
                        spot,
                        "photo_differs",
                        *name,
                        "表中所填与照片文件不一致,以文件为准",
                        "the sheet and the photo's file differ; the file was taken",
                    );
                }
            }
        }
    }
}

fn differs<T>(file: Option<T>, sheet: Option<T>, far: impl Fn(T, T) -> bool) -> bool {
    match (file, sheet) {
        (Some(file), Some(sheet)) => far(file, sheet),
        _ => false,
    }
}

/// The columns that files speak to.
fn columns(batch: &RecordBatch, looked: &[Looked]) -> Vec<(&'static str, ArrayRef)> {
    let seen = |row: usize| match &looked[row] {
        Looked::Seen(seen) => Some(seen),
        _ => None,
    };
    let rows = 0..batch.num_rows();
    let text =
        |column: &'static str, of: &dyn Fn(&Seen) -> Option<String>| -> (&'static str, ArrayRef) {
            let own = texts(batch, column);
            let values: StringArray = rows
                .clone()
                .map(|row| {
                    let stated =
                        || own.and_then(|own| own.is_valid(row).then(|| own.value(row).to_owned()));
                    seen(row).and_then(|seen| of(seen)).or_else(stated)
                })
                .collect();
            (column, Arc::new(values))
        };
    let float =
        |column: &'static str, of: &dyn Fn(&Seen) -> Option<f64>| -> (&'static str, ArrayRef) {
            let own = floats(batch, column);
            // A place is taken whole: a file's position with the sheet's accuracy would be neither's.
            let values: Float64Array = rows
                .clone()
                .map(|row| match seen(row) {
                    Some(seen) if seen.photo.position.is_some() => of(seen),
                    _ => number(own, row),
                })
                .collect();
            (column, Arc::new(values))
        };
    let own_times = times(batch, "taken_at");
    let taken: TimestampMillisecondArray = rows
        .clone()
        .map(|row| {
            let file = seen(row).and_then(|seen| seen.photo.taken.as_ref());
            let stated = || own_times.and_then(|own| own.is_valid(row).then(|| own.value(row)));
            file.map(|taken| taken.at.as_millisecond()).or_else(stated)
        })
        .collect();
    vec![
        ("taken_at", Arc::new(taken.with_timezone("UTC"))),
        float("lon", &|seen| {
            seen.photo.position.as_ref().map(|place| place.lon)
        }),
        float("lat", &|seen| {
            seen.photo.position.as_ref().map(|place| place.lat)
        }),
        float("accuracy_m", &|seen| {
            seen.photo
                .position
                .as_ref()
                .and_then(|place| place.accuracy_m)
        }),
        text("software", &|seen| {
            seen.photo
                .edited_with
                .clone()
                .or_else(|| seen.photo.software.clone())
        }),
        text("camera", &|seen| seen.photo.camera()),
        text("sha256", &|seen| Some(seen.photo.sha256.clone())),
        text("phash", &|seen| seen.photo.phash.clone()),
        text("footprint", &|seen| seen.footprint.clone()),
    ]
}

/// The day in China, where only the moment is known.
pub(crate) fn derive_days(batch: &RecordBatch) -> Result<RecordBatch, ImportError> {
    let Some(times) = times(batch, "taken_at") else {
        return Ok(batch.clone());
    };
    let own = batch
        .column_by_name("taken_on")
        .and_then(|column| column.as_any().downcast_ref::<Date32Array>());
    let days: Date32Array = (0..batch.num_rows())
        .map(|row| {
            if times.is_valid(row) {
                return Some(date::day_in_china(times.value(row)));
            }
            own.and_then(|own| own.is_valid(row).then(|| own.value(row)))
        })
        .collect();
    replaced(batch, "taken_on", Arc::new(days)).map_err(unbuildable)
}

fn times<'a>(batch: &'a RecordBatch, column: &str) -> Option<&'a TimestampMillisecondArray> {
    batch.column_by_name(column)?.as_any().downcast_ref()
}

fn floats<'a>(batch: &'a RecordBatch, column: &str) -> Option<&'a Float64Array> {
    batch.column_by_name(column)?.as_any().downcast_ref()
}

fn number(column: Option<&Float64Array>, row: usize) -> Option<f64> {
    column.and_then(|column| column.is_valid(row).then(|| column.value(row)))
}
