//! What is told of photos: what was wrong with their files, and where the sheet says something else.

use kandeng_evidence::Photo;
use kandeng_screening::arrow::array::{
    Array as _, BooleanArray, Date32Array, Float64Array, Int64Array, RecordBatch, StringArray,
    TimestampMillisecondArray,
};

use super::collected::texts;
use super::photos::{Looked, answers, days, floats, number, times};
use super::reading::Reading;
use super::report::Spot;

/// Degrees within which sheet and file agree on a place: about 11 m.
const SAME_PLACE: f64 = 1e-4;
/// Milliseconds within which they agree on a time: sheets often leave the seconds out.
const SAME_TIME: i64 = 60_000;

/// Says what was wrong with files, and where they differ from the sheet.
pub(crate) fn tell(
    reading: &mut Reading<'_>,
    batch: &RecordBatch,
    names: &[Option<&str>],
    looked: &[Looked],
) {
    let row_nos = batch.column(0).as_any().downcast_ref::<Int64Array>();
    let sheet = Stated::of(batch);
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
            Looked::Refused(error, _) => {
                let (zh, en) = error.text();
                reading.report.error(spot, error.kind(), *name, zh, en);
            }
            Looked::Seen(seen) => {
                for warning in &seen.photo.warnings {
                    let (zh, en) = warning.text();
                    reading.report.warn(spot, warning.kind(), *name, zh, en);
                }
                if let (Some(true), Err(why)) = (sheet.covers_site(row), &seen.footprint) {
                    let (zh, en) = why.text();
                    reading.report.warn(
                        spot,
                        "no_footprint",
                        *name,
                        format!("填报为覆盖全部场地,但无法算出其地面范围({zh}),该项目的航拍面积不作比对"),
                        format!("said to cover the site, but the ground it shows cannot be told ({en}); the area of this set is not compared"),
                    );
                }
                if sheet.differs(row, &seen.photo) {
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
        if looked.is_at_hand() && sheet.says_more(row, looked.photo()) {
            reading.report.warn(
                spot,
                "photo_silent",
                *name,
                "照片文件中没有时间或位置,表中所填不予采用",
                "the photo's file tells no time or no place; what the sheet says of it was not taken",
            );
        }
    }
}

/// What the sheet says of its photos.
pub(crate) struct Stated<'b> {
    times: Option<&'b TimestampMillisecondArray>,
    days: Option<&'b Date32Array>,
    lons: Option<&'b Float64Array>,
    lats: Option<&'b Float64Array>,
    hashes: Option<&'b StringArray>,
    covers: Option<&'b BooleanArray>,
}

impl<'b> Stated<'b> {
    pub fn of(batch: &'b RecordBatch) -> Self {
        Self {
            times: times(batch, "taken_at"),
            days: days(batch, "taken_on"),
            lons: floats(batch, "lon"),
            lats: floats(batch, "lat"),
            hashes: texts(batch, "sha256"),
            covers: answers(batch, "covers_site"),
        }
    }

    /// Whether a row is said to belong to a set that shows the whole site.
    fn covers_site(&self, row: usize) -> Option<bool> {
        self.covers
            .and_then(|covers| covers.is_valid(row).then(|| covers.value(row)))
    }

    /// The moment that a row names.
    pub fn time(&self, row: usize) -> Option<i64> {
        self.times
            .and_then(|times| times.is_valid(row).then(|| times.value(row)))
    }

    fn differs(&self, row: usize, photo: &Photo) -> bool {
        let taken = photo.taken.as_ref().map(|taken| taken.at.as_millisecond());
        let other_time = differs(taken, self.time(row), |one, other| {
            (one - other).abs() >= SAME_TIME
        });
        let position = photo.position.as_ref();
        let far = |one: f64, other: f64| (one - other).abs() > SAME_PLACE;
        let other_place = differs(position.map(|place| place.lon), number(self.lons, row), far)
            || differs(position.map(|place| place.lat), number(self.lats, row), far);
        let stated = self.hashes.and_then(|column| {
            column
                .is_valid(row)
                .then(|| column.value(row).to_lowercase())
        });
        let other_file = stated.is_some_and(|stated| stated != photo.sha256);
        other_time || other_place || other_file
    }

    /// Whether the sheet has a time or a place where the file has none.
    fn says_more(&self, row: usize, photo: Option<&Photo>) -> bool {
        let day = self.days.is_some_and(|days| days.is_valid(row));
        let time = self.time(row).is_some() || day;
        let place = number(self.lons, row).is_some() || number(self.lats, row).is_some();
        (time && photo.is_none_or(|photo| photo.taken.is_none()))
            || (place && photo.is_none_or(|photo| photo.position.is_none()))
    }
}

fn differs<T>(file: Option<T>, sheet: Option<T>, far: impl Fn(T, T) -> bool) -> bool {
    match (file, sheet) {
        (Some(file), Some(sheet)) => far(file, sheet),
        _ => false,
    }
}
