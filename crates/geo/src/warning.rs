//! What a reader of boundaries puts right or finds odd, and says so, without refusing.

/// Something about a boundary that its filer should know.
#[derive(Clone, Debug, PartialEq)]
pub enum Warning {
    /// A point lies outside the rectangle around China.
    OutsideChina {
        /// Longitude of the first such point.
        lon: f64,
        /// Its latitude.
        lat: f64,
    },
    /// A ring with fewer than three different points was left out.
    RingDropped {
        /// How many points it had.
        points: usize,
    },
    /// A walk ended away from its start and was closed in a straight line.
    ClosedOverGap {
        /// Metres between its end and its start.
        gap_m: f64,
    },
    /// A track in several pieces was taken as one walk.
    SegmentsJoined {
        /// How many pieces.
        segments: usize,
    },
    /// Points and lines in the file were passed over.
    NotAreasSkipped {
        /// How many.
        count: usize,
    },
    /// A hole outside every outer ring was left out.
    StrayHole,
}

impl Warning {
    /// Its kind in a word, by which many of one kind can be counted.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::OutsideChina { .. } => "outside_china",
            Self::RingDropped { .. } => "ring_dropped",
            Self::ClosedOverGap { .. } => "closed_over_gap",
            Self::SegmentsJoined { .. } => "segments_joined",
            Self::NotAreasSkipped { .. } => "not_areas_skipped",
            Self::StrayHole => "stray_hole",
        }
    }

    /// The sentence that a person reads: (Chinese, English).
    pub fn text(&self) -> (String, String) {
        match self {
            Self::OutsideChina { lon, lat } => (
                format!("点 ({lon:.6}, {lat:.6}) 在中国范围之外，请核对坐标系和坐标"),
                format!(
                    "point ({lon:.6}, {lat:.6}) lies outside China: check the datum and the figures"
                ),
            ),
            Self::RingDropped { points } => (
                format!("有一圈只有 {points} 个点，围不成地块，已略去"),
                format!("a ring of {points} points encloses nothing and was left out"),
            ),
            Self::ClosedOverGap { gap_m } => (
                format!("轨迹终点距起点 {gap_m:.0} 米，已用直线闭合"),
                format!(
                    "the track ends {gap_m:.0} m from its start and was closed in a straight line"
                ),
            ),
            Self::SegmentsJoined { segments } => (
                format!("轨迹分为 {segments} 段，已按先后连成一圈"),
                format!("the track is in {segments} pieces, which were joined in order"),
            ),
            Self::NotAreasSkipped { count } => (
                format!("文件中有 {count} 个点或线不是面，已略去"),
                format!("{count} points or lines in the file are no areas and were passed over"),
            ),
            Self::StrayHole => (
                "有一个内圈不在任何外圈之内，已略去".into(),
                "a hole lies in no outer ring and was left out".into(),
            ),
        }
    }
}
