//! What a photo says of itself: Exif and XMP, read into facts, each doubtful one with a warning.
//!
//! Nothing here decodes a picture, and nothing here may panic on what a file says.

mod editors;
mod exif;
mod position;
mod taken;
mod xmp;

pub use position::{Accuracy, Position};
pub use taken::{Taken, Zone};
pub use xmp::DroneAttitude;

pub(crate) use editors::editor_named;
pub(crate) use exif::ExifFacts;
pub(crate) use position::place;
pub(crate) use taken::when;
pub(crate) use xmp::XmpFacts;
