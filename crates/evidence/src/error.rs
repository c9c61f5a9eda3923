//! Why a file cannot be used as a photo. What is merely odd about a photo is a `Warning` instead.

use thiserror::Error;

use crate::Format;

/// A file that cannot be used as a photo, and why.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PhotoError {
    /// The file could not be opened or read.
    #[error("the file cannot be read: {0}")]
    Unreadable(#[from] std::io::Error),
    /// Nothing in it.
    #[error("the file is empty")]
    Empty,
    /// None of the formats read here.
    #[error("not a photo: expected JPEG, PNG, WebP or HEIC")]
    NotAPhoto,
    /// More bytes than the limit.
    #[error("the file has more than {limit} bytes")]
    FileTooLarge {
        /// The limit in bytes.
        limit: u64,
    },
    /// As many pixels as the limit, or more; nothing was decoded.
    #[error("the picture is {width} × {height} pixels; {limit} or more are refused")]
    TooManyPixels {
        /// Pixels across.
        width: u32,
        /// Pixels down.
        height: u32,
        /// The limit in pixels.
        limit: u64,
    },
    /// The file ends before the picture does.
    #[error("the {} file is cut off before its end", format.name())]
    Truncated {
        /// What the file began as.
        format: Format,
    },
    /// It begins as a photo, but what follows does not hold together.
    #[error("the {} file is damaged: {detail}", format.name())]
    Damaged {
        /// What the file began as.
        format: Format,
        /// What does not hold together.
        detail: String,
    },
    /// A reader broke down over it.
    #[error("its reader broke down over it: the file is probably damaged")]
    Unreasonable,
    /// A photo could not be written.
    #[error("the photo cannot be written: {0}")]
    Unwritable(String),
}

impl PhotoError {
    /// Its kind in a word, by which many of one kind can be counted.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Unreadable(_) => "photo_unreadable",
            Self::Empty => "photo_empty",
            Self::NotAPhoto => "not_a_photo",
            Self::FileTooLarge { .. } => "photo_too_long",
            Self::TooManyPixels { .. } => "photo_too_large",
            Self::Truncated { .. } => "photo_cut_off",
            Self::Damaged { .. } => "photo_damaged",
            Self::Unreasonable => "photo_unreasonable",
            Self::Unwritable(_) => "photo_unwritable",
        }
    }

    /// What to tell a person: Chinese, English.
    pub fn text(&self) -> (String, String) {
        let zh = match self {
            Self::Unreadable(cause) => format!("无法读取文件:{cause}"),
            Self::Empty => "文件为空".to_owned(),
            Self::NotAPhoto => "不是照片:应为 JPEG、PNG、WebP 或 HEIC".to_owned(),
            Self::FileTooLarge { limit } => format!("文件超过 {limit} 字节"),
            Self::TooManyPixels {
                width,
                height,
                limit,
            } => format!("图片为 {width} × {height} 像素,达到或超过 {limit} 像素的不予读取"),
            Self::Truncated { format } => format!("{} 文件不完整,中途截断", format.name()),
            Self::Damaged { format, detail } => format!("{} 文件已损坏:{detail}", format.name()),
            Self::Unreasonable => "读取时程序出错,文件可能已损坏".to_owned(),
            Self::Unwritable(detail) => format!("无法写出照片:{detail}"),
        };
        (zh, self.to_string())
    }
}
