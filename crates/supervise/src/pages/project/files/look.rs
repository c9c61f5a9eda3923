//! What a file that arrived is, by what is in it.

use kandeng_evidence::{Format, Paper, PaperError, Photo, PhotoError, Warning};
use kandeng_platform::Text;

use super::super::super::arrived::ArrivedFile;
use crate::import::{hash_file, shown};
use crate::kept::limits;
use crate::project::FileKind;

/// A file that can be kept.
pub(super) struct Looked {
    pub arrived: ArrivedFile,
    pub kind: FileKind,
    pub sha256: String,
    pub bytes: u64,
    /// What a photo says of itself.
    pub photo: Option<Photo>,
}

/// Looks into a file. A photo is decoded once, for its fingerprint. Blocks.
///
/// # Errors
/// Why it cannot be kept, with its name.
pub(super) fn look(
    arrived: ArrivedFile,
    photos_only: bool,
    most_bytes: u64,
    now: jiff::Timestamp,
) -> Result<Looked, Text> {
    let name = shown(&arrived.name);
    let refused = |(zh, en): (String, String)| {
        Text::new(
            format!("“{name}”:{zh}。什么都没有存入"),
            format!("{name}: {en}. Nothing was kept"),
        )
    };
    let limits = kandeng_evidence::Limits {
        not_after: Some(now),
        ..limits(most_bytes)
    };
    match Photo::read(&arrived.path, &limits) {
        Ok(photo) => {
            let kind = match photo.format {
                Format::Jpeg => FileKind::Jpeg,
                Format::Png => FileKind::Png,
                Format::WebP => FileKind::Webp,
                Format::Heic => return Err(refused(heic())),
            };
            let broken = photo.warnings.iter().find(|warning| {
                matches!(warning, Warning::NotDecoded(_) | Warning::TooLargeToCompare)
            });
            if let Some(broken) = broken {
                return Err(refused(broken.text()));
            }
            Ok(Looked {
                sha256: photo.sha256.clone(),
                bytes: photo.bytes,
                kind,
                photo: Some(photo),
                arrived,
            })
        }
        Err(PhotoError::NotAPhoto) if photos_only => Err(refused(no_photo())),
        Err(PhotoError::NotAPhoto) => {
            let paper = Paper::of(&arrived.path).map_err(|error| refused(of_paper(&error)))?;
            let file = hash_file(arrived.path.clone());
            let length = std::fs::metadata(&arrived.path).map(|about| about.len());
            let (Some(file), Ok(bytes)) = (file, length) else {
                return Err(refused(unread()));
            };
            Ok(Looked {
                sha256: file.sha256,
                bytes,
                kind: kind_of(paper),
                photo: None,
                arrived,
            })
        }
        Err(error) => Err(refused(error.text())),
    }
}

fn kind_of(paper: Paper) -> FileKind {
    match paper {
        Paper::Pdf => FileKind::Pdf,
        Paper::Docx => FileKind::Docx,
        Paper::Xlsx => FileKind::Xlsx,
        Paper::Pptx => FileKind::Pptx,
        Paper::Odt => FileKind::Odt,
        Paper::Ods => FileKind::Ods,
        Paper::Ofd => FileKind::Ofd,
    }
}

fn of_paper(error: &PaperError) -> (String, String) {
    match error {
        // Scans are papers too.
        PaperError::NotAPaper => (
            "不是可收的文件:应为 PDF、OFD、docx、xlsx、pptx、odt、ods,或 JPEG、PNG、WebP 图片"
                .to_owned(),
            "not a document: expected PDF, OFD, docx, xlsx, pptx, odt or ods, or a picture (JPEG, PNG, WebP)"
                .to_owned(),
        ),
        other => other.text(),
    }
}

fn no_photo() -> (String, String) {
    (
        "不是照片:应为 JPEG、PNG 或 WebP".to_owned(),
        "not a photo: expected JPEG, PNG or WebP".to_owned(),
    )
}

fn heic() -> (String, String) {
    (
        "HEIC 照片不能显示,也不能比对。在 iPhone 上用本页面直接从相册选取,会自动转为 JPEG;也可在“设置 › 相机 › 格式”中选“兼容性最佳”后再拍,或另存为 JPEG 再传"
            .to_owned(),
        "HEIC photos can be neither shown nor compared. Choose it from the photo library on the iPhone itself, on this page: it is \
         converted to JPEG; or set Settings › Camera › Formats to “most compatible” before you take photos, or save it as JPEG"
            .to_owned(),
    )
}

fn unread() -> (String, String) {
    (
        "文件不能读取".to_owned(),
        "the file cannot be read".to_owned(),
    )
}
