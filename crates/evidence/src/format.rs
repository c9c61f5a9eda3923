//! The file formats that photos come in, told apart by their first bytes and never by a name.

/// A photo's file format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// JFIF or Exif JPEG.
    Jpeg,
    /// Portable Network Graphics.
    Png,
    /// WebP, lossy or lossless.
    WebP,
    /// HEIC/HEIF. Its metadata is read; its pixels are not decoded.
    Heic,
}

impl Format {
    /// The name people know it by.
    pub fn name(self) -> &'static str {
        match self {
            Self::Jpeg => "JPEG",
            Self::Png => "PNG",
            Self::WebP => "WebP",
            Self::Heic => "HEIC",
        }
    }

    /// What the first bytes say; `None` for anything else.
    pub(crate) fn of(bytes: &[u8]) -> Option<Self> {
        if bytes.starts_with(&[0xFF, 0xD8, 0xFF]) {
            return Some(Self::Jpeg);
        }
        if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
            return Some(Self::Png);
        }
        if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
            return Some(Self::WebP);
        }
        let brand = bytes.get(8..12)?;
        let heif = [
            b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"heif", b"mif1", b"msf1",
        ];
        (bytes.get(4..8) == Some(b"ftyp") && heif.iter().any(|known| brand == *known))
            .then_some(Self::Heic)
    }
}
