//! Photos whose files are there: the clerk of one township adds real pictures to a few projects. Two of them serve twice,
//! so that there is something to look at side by side.

use std::sync::Arc;

use jiff::ToSpan as _;
use jiff::civil::DateTime;
use kandeng_evidence::image::{DynamicImage, ImageError, load_from_memory};
use kandeng_evidence::{ExifFields, Limits, Photo, PhotoError, jpeg_with_exif};
use kandeng_platform::Context;
use kandeng_platform::node::NodeError;
use kandeng_supervise::project::{
    self, AddFiles, AddedFile, Cells, FileKind, FilePlace, KeptFile, Project, free_name,
    photo_cells,
};
use uuid::Uuid;

use super::super::accounts::TOWNSHIP;
use super::Teller;
use crate::failure::Failure;
use crate::node::scenes;

const SAPLINGS: &[u8] = include_bytes!("../pictures/saplings.jpg");
const WOOD: &[u8] = include_bytes!("../pictures/wood.jpg");
const SHORE: &[u8] = include_bytes!("../pictures/shore.jpg");
const LAWN: &[u8] = include_bytes!("../pictures/lawn.jpg");
const TRACK: &[u8] = include_bytes!("../pictures/track.jpg");
const TURF: &[u8] = include_bytes!("../pictures/turf.jpg");

/// A picture as it is taken, or as somebody has trimmed and saved it once more.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Made {
    Taken,
    Trimmed,
}

/// What is added: the project by its place among those of the township, the stage, the picture, days before the story
/// ends.
const ADDED: [(usize, &str, &[u8], Made, i64); 8] = [
    (0, "during", SAPLINGS, Made::Taken, 40),
    (0, "after", LAWN, Made::Taken, 12),
    // The same picture for another project's ground.
    (1, "after", SAPLINGS, Made::Trimmed, 11),
    (1, "during", WOOD, Made::Taken, 38),
    (2, "during", SHORE, Made::Taken, 36),
    // Twice for one project, as if it were two stages of it.
    (2, "after", SHORE, Made::Trimmed, 10),
    (3, "during", TRACK, Made::Taken, 35),
    (3, "after", TURF, Made::Taken, 9),
];

impl Teller<'_> {
    /// Adds the pictures, as the page does: bytes first, then the events that name them.
    pub(super) async fn add_photos(&self) -> Result<(), Failure> {
        let projects: Vec<String> = self
            .platform
            .query(|connection| {
                connection
                    .prepare(
                        "select id from projects where township = ?1 and withdrawn = 0 \
                         and stage in ('building', 'accepted', 'upkeep') order by project limit 4",
                    )?
                    .query_map([TOWNSHIP], |row| row.get(0))?
                    .collect()
            })
            .map_err(NodeError::from)?;
        let key = scenes::county_key(&self.node.folder)?;
        let evidence = self.node.folder.evidence();
        let today = super::day_of(self.platform.clock().now());
        for (number, (place, stage, picture, made, days)) in ADDED.iter().enumerate() {
            // A small county has fewer projects there.
            let id = projects.get(*place).and_then(|id| Uuid::try_parse(id).ok());
            let Some(id) = id else {
                continue;
            };
            let filing = &self.declared.filing;
            let page = self
                .platform
                .query(|of| project::page(of, filing, id))
                .map_err(NodeError::from)?;
            let Some(page) = page else {
                continue;
            };
            let degrees = |column: &str| page.filed.fields.get(column)?.parse::<f64>().ok();
            let day = today.checked_sub(days.days()).unwrap_or(today);
            let taken = day.at(9, 10 + number as i8, 0, 0);
            let at = degrees("lon").zip(degrees("lat"));
            let bytes = taken_again(picture, *made, taken, at).map_err(unmade)?;
            let sha256 = evidence.put(&*bytes)?;
            let photo = Photo::from_bytes(&bytes, &Limits::default()).map_err(unmade)?;
            let name = format!("IMG_{}{:02}.jpg", day.strftime("%Y%m%d"), number + 1);
            let name = free_name(&page.files, &name, &sha256);
            let file = KeptFile {
                bytes: photo.bytes,
                kind: FileKind::Jpeg,
                says: photo_cells(filing, &key, &page.row.code, &name, &photo),
                sha256,
                name,
            };
            let cells = Cells::from([("stage".to_owned(), Some((*stage).to_owned()))]);
            let add = AddFiles {
                filing: Arc::clone(filing),
                place: FilePlace::Photos,
                files: vec![AddedFile { file, cells }],
            };
            let cx = Context {
                jurisdiction: TOWNSHIP.to_owned(),
                ..self.cx(self.accounts.id("clerk"))
            };
            self.platform
                .carry_out::<Project, _>(id, add, &cx)
                .await
                .map_err(NodeError::from)?;
        }
        Ok(())
    }
}

/// The picture as a phone would have written it there and then.
fn taken_again(
    picture: &[u8],
    made: Made,
    taken: DateTime,
    at: Option<(f64, f64)>,
) -> Result<Vec<u8>, PhotoError> {
    let unread = |error: ImageError| PhotoError::Unwritable(error.to_string());
    let mut pixels = load_from_memory(picture).map_err(unread)?.to_rgb8();
    let mut quality = 84;
    if made == Made::Trimmed {
        let (width, height) = (pixels.width(), pixels.height());
        // 5 % of the width off the left, 5 % of the height off the bottom.
        let left = width / 20;
        pixels = DynamicImage::ImageRgb8(pixels)
            .crop_imm(left, 0, width - left, height - height / 20)
            .to_rgb8();
        quality = 62;
    }
    let fields = ExifFields {
        taken: Some(taken),
        offset: jiff::tz::Offset::from_hours(8).ok(),
        lon: at.map(|at| at.0),
        lat: at.map(|at| at.1),
        accuracy_m: at.map(|_| 6.0),
        make: Some("Lamp".to_owned()),
        model: Some("L1".to_owned()),
        ..ExifFields::default()
    };
    jpeg_with_exif(&pixels, quality, &fields)
}

fn unmade(error: PhotoError) -> Failure {
    let (zh, en) = error.text();
    Failure::wrong(zh, en)
}
