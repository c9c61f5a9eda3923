//! Photos as evidence: what a file says of itself (time, place, camera, editor), a fingerprint that
//! finds its copies, and the ground a drone's frame shows; and what a document is.
//!
//! Reads bytes and returns facts and warnings. It must not know of projects, rules or tables, and has
//! no clock: "now" is an argument.
//!
//! ```
//! use kandeng_evidence::{ExifFields, Limits, Photo, image, jpeg_with_exif};
//!
//! let pixels = image::RgbImage::from_pixel(64, 48, image::Rgb([90, 120, 60]));
//! let fields = ExifFields {
//!     taken: Some(jiff::civil::date(2025, 3, 14).at(9, 30, 0, 0)),
//!     offset: Some(jiff::tz::offset(8)),
//!     lon: Some(105.52),
//!     lat: Some(32.28),
//!     ..ExifFields::default()
//! };
//! let file = jpeg_with_exif(&pixels, 80, &fields)?;
//! let photo = Photo::from_bytes(&file, &Limits::default())?;
//! assert_eq!(photo.taken.map(|t| t.at.to_string()), Some("2025-03-14T01:30:00Z".to_owned()));
//! assert!(photo.edited_with.is_none());
//! # Ok::<(), kandeng_evidence::PhotoError>(())
//! ```

#![cfg_attr(
    test,
    allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")
)]

mod container;
mod error;
mod footprint;
mod format;
mod limits;
mod metadata;
mod paper;
mod phash;
mod photo;
mod preview;
mod small_picture;
mod warning;
mod write;

pub use image;

pub use error::PhotoError;
pub use footprint::{Footprint, FootprintNote, NoFootprint, footprint};
pub use format::Format;
pub use limits::Limits;
pub use metadata::{Accuracy, DroneAttitude, Position, Taken, Zone};
pub use paper::{Paper, PaperError};
pub use phash::{PHASH_ALGORITHM, PHASH_BITS, PHASH_CROPS, PHASH_RADIUS, PerceptualHash, hamming};
pub use photo::Photo;
pub use preview::preview;
pub use warning::Warning;
pub use write::{ExifFields, jpeg_with_exif};
