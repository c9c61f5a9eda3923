//! What is odd about a photo that can be used all the same.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};

/// Something that does not fit in what a photo says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Warning {
    /// The Exif is damaged; what could be read was kept.
    ExifDamaged,
    /// The XMP is damaged; what could be read was kept.
    XmpDamaged,
    /// The Exif states another size than the picture has: it was resized, cropped, or the Exif is
    /// another photo's.
    SizeDiffers {
        /// Width and height in pixels as the Exif has them.
        declared: (u32, u32),
        /// Width and height in pixels of the picture.
        actual: (u32, u32),
    },
    /// A date that no calendar has.
    ImpossibleDate(String),
    /// An offset from UTC that is none. Shanghai, or the satellites' time, was taken.
    ZoneUnreadable(String),
    /// A date before there were phones that take photos: the clock was not set.
    ClockNotSet(Date),
    /// Taken after "now".
    InTheFuture(Date),
    /// The camera's clock and the satellites' are apart by more than any time zone explains.
    ClocksDisagree {
        /// What the camera's clock showed.
        camera: DateTime,
        /// What the satellites' clock showed.
        satellites: Timestamp,
    },
    /// Position 0, 0: no fix. It was dropped.
    PositionZero,
    /// A position out of range or without its hemisphere. It was dropped.
    PositionUnusable,
    /// The receiver itself marked the position as void.
    PositionVoid,
    /// The position is stated in another datum than WGS-84.
    OtherDatum(String),
    /// The position's own error, in whole metres, is so large that it says little about a place.
    PositionVague(u64),
    /// The picture was too large to decode within the limit: it has no perceptual hash and is compared
    /// by its SHA-256 only.
    TooLargeToCompare,
    /// The picture could not be decoded: it has no perceptual hash and is compared by its SHA-256 only.
    NotDecoded(String),
    /// HEIC pixels are not decoded: compared by its SHA-256 only.
    NotComparedHeic,
}

impl Warning {
    /// Its kind in a word, by which many of one kind can be counted.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::ExifDamaged => "exif_damaged",
            Self::XmpDamaged => "xmp_damaged",
            Self::SizeDiffers { .. } => "size_differs",
            Self::ImpossibleDate(_) => "impossible_date",
            Self::ZoneUnreadable(_) => "zone_unreadable",
            Self::ClockNotSet(_) => "clock_not_set",
            Self::InTheFuture(_) => "in_the_future",
            Self::ClocksDisagree { .. } => "clocks_disagree",
            Self::PositionZero => "position_zero",
            Self::PositionUnusable => "position_unusable",
            Self::PositionVoid => "position_void",
            Self::OtherDatum(_) => "other_datum",
            Self::PositionVague(_) => "position_vague",
            Self::TooLargeToCompare => "too_large_to_compare",
            Self::NotDecoded(_) => "not_decoded",
            Self::NotComparedHeic => "not_compared_heic",
        }
    }

    /// What to tell a person: Chinese, English.
    pub fn text(&self) -> (String, String) {
        let both = |zh: &str, en: &str| (zh.to_owned(), en.to_owned());
        match self {
            Self::ExifDamaged => both(
                "Exif 信息已损坏,仅保留可读部分",
                "its Exif is damaged; what could be read was kept",
            ),
            Self::XmpDamaged => both(
                "XMP 信息已损坏,仅保留可读部分",
                "its XMP is damaged; what could be read was kept",
            ),
            Self::SizeDiffers { declared, actual } => (
                format!(
                    "Exif 所载尺寸 {} × {} 与图片实际尺寸 {} × {} 不符",
                    declared.0, declared.1, actual.0, actual.1
                ),
                format!(
                    "its Exif states {} × {} pixels, the picture has {} × {}",
                    declared.0, declared.1, actual.0, actual.1
                ),
            ),
            Self::ImpossibleDate(text) => {
                let text: String = text.chars().take(30).collect();
                (
                    format!("拍摄时间“{text}”不是有效日期"),
                    format!("its time \"{text}\" is no date"),
                )
            }
            Self::ZoneUnreadable(text) => {
                let text: String = text.chars().take(30).collect();
                (
                    format!("注明的时区“{text}”无法识别,未采用"),
                    format!("its zone \"{text}\" cannot be read and was left out"),
                )
            }
            Self::ClockNotSet(day) => (
                format!("拍摄日期为 {day},相机时钟可能未设置"),
                format!("taken on {day}: the camera's clock was probably not set"),
            ),
            Self::InTheFuture(day) => (
                format!("拍摄日期 {day} 晚于当前日期"),
                format!("taken on {day}, which lies ahead"),
            ),
            Self::ClocksDisagree { camera, satellites } => (
                format!("相机时间 {camera} 与卫星时间 {satellites} 之差不能以时区解释"),
                format!(
                    "its camera's time {camera} and satellite time {satellites} are apart by no time zone"
                ),
            ),
            Self::PositionZero => both(
                "位置为 0, 0 (未定位),不予采用",
                "its position is 0, 0 (no fix) and was left out",
            ),
            Self::PositionUnusable => both(
                "位置超出范围或缺少半球标记,不予采用",
                "its position is out of range or lacks its hemisphere and was left out",
            ),
            Self::PositionVoid => both(
                "接收机标明该位置无效",
                "the receiver itself marked its position as void",
            ),
            Self::OtherDatum(datum) => (
                format!("位置注明的坐标系为 {datum},不是 WGS-84;未换算,按原值使用"),
                format!("its position is stated in {datum}, not WGS-84; it is used as it stands"),
            ),
            Self::PositionVague(metres) => (
                format!("位置误差达 {metres} 米,几乎不能说明拍摄地点"),
                format!("its position may be {metres} m off and says little about the place"),
            ),
            Self::TooLargeToCompare => both(
                "图片过大,未计算感知哈希,只能按 SHA-256 比对",
                "too large for a perceptual hash; compared by SHA-256 only",
            ),
            Self::NotDecoded(why) => (
                format!("图片无法解码 ({why}),只能按 SHA-256 比对"),
                format!("it could not be decoded ({why}); compared by SHA-256 only"),
            ),
            Self::NotComparedHeic => both(
                "HEIC 图片不解码,只能按 SHA-256 比对",
                "HEIC is not decoded; compared by SHA-256 only",
            ),
        }
    }
}
