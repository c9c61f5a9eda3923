//! The ground that a drone's frame shows, from position, attitude, height and angle of view.
//!
//! The four corners of the frame are cast onto the horizontal plane through the take-off point. Plane
//! geometry only; positions come from and go back to WGS-84 through `kandeng_geo::LocalPlane`.

use kandeng_geo::LocalPlane;

use crate::Photo;

/// Frames with a corner less than this many degrees below the horizon show ground without end.
const LEAST_DEPRESSION_DEG: f64 = 10.0;
/// Diagonal of a 36 × 24 mm frame, to which 35-mm-equivalent focal lengths refer (CIPA DCG-001).
const DIAGONAL_35MM: f64 = 43.266_615_3;
/// Sensor widths by model, with their sources.
const CAMERAS: &str = include_str!("../data/drone_cameras.csv");

/// The ground a frame shows.
#[derive(Clone, Debug, PartialEq)]
pub struct Footprint {
    /// Longitude and latitude (WGS-84, degrees) of the frame's top-left, top-right, bottom-right and
    /// bottom-left corner.
    pub corners: [(f64, f64); 4],
    /// Square metres on the plane through the take-off point.
    pub area_m2: f64,
    /// Metres across, half-way down the frame.
    pub width_m: f64,
    /// Metres from top to bottom, along the frame's middle.
    pub height_m: f64,
    /// What the figures rest on, and what makes them inexact.
    pub notes: Vec<FootprintNote>,
}

/// What a footprint rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FootprintNote {
    /// Height is above take-off: where the ground is lower or higher, the area is wrong by about twice
    /// the share.
    HeightAboveTakeOff,
    /// The sensor is not in the table; the 35-mm-equivalent focal length was used.
    AngleFrom35mm,
    /// No camera heading; the airframe's was used.
    HeadingOfAirframe,
    /// No roll; none was assumed.
    RollAssumedZero,
    /// The position's own error moves the frame as a whole.
    PositionInexact,
}

impl FootprintNote {
    /// What to tell a person: Chinese, English.
    pub fn text(&self) -> (String, String) {
        let (zh, en) = match self {
            Self::HeightAboveTakeOff => (
                "高度以起飞点为准,地面有坡度时面积有误差 (高差 10% 约差 20%)",
                "height is relative to take-off, so slopes add error (10 % in height is about 20 % in area)",
            ),
            Self::AngleFrom35mm => (
                "传感器尺寸未知,视场角按 35 毫米等效焦距推算",
                "sensor unknown; angle of view from the 35 mm equivalent focal length",
            ),
            Self::HeadingOfAirframe => (
                "无云台航向,取机身航向",
                "no heading of the camera; the airframe's was used",
            ),
            Self::RollAssumedZero => ("无横滚角,按 0 计", "no roll given; none assumed"),
            Self::PositionInexact => (
                "位置误差使画面范围整体偏移,不影响面积",
                "position error shifts the frame as a whole and leaves its area",
            ),
        };
        (zh.to_owned(), en.to_owned())
    }
}

/// Why a photo has no footprint.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum NoFootprint {
    /// No drone's attitude in its XMP.
    #[error("not a drone photo: no attitude in its metadata")]
    NotADrone,
    /// No usable position.
    #[error("no position")]
    NoPosition,
    /// Pitch or heading of the camera is missing.
    #[error("no pitch or heading of the camera")]
    NoAttitude,
    /// No height above take-off, or not above it.
    #[error("no height above take-off")]
    NoHeight,
    /// Neither a known sensor nor a 35-mm-equivalent focal length.
    #[error("angle of view unknown")]
    NoAngleOfView,
    /// A corner looks at or near the horizon.
    #[error("a corner of the frame looks less than 10° below the horizon")]
    Horizon,
}

impl NoFootprint {
    /// What to tell a person: Chinese, English.
    pub fn text(&self) -> (String, String) {
        let zh = match self {
            Self::NotADrone => "不是无人机照片:元数据中无姿态",
            Self::NoPosition => "无位置",
            Self::NoAttitude => "无相机俯仰角或航向",
            Self::NoHeight => "无相对起飞点高度",
            Self::NoAngleOfView => "视场角未知",
            Self::Horizon => "画面一角接近或高于地平线 (俯角不足 10°)",
        };
        (zh.to_owned(), self.to_string())
    }
}

impl Footprint {
    /// `POLYGON ((lon lat, …))`, closed, counter-clockwise, 8 decimals (about a millimetre).
    pub fn wkt(&self) -> String {
        let [top_left, top_right, bottom_right, bottom_left] = self.corners;
        let ring: Vec<String> = [top_left, bottom_left, bottom_right, top_right, top_left]
            .iter()
            .map(|(lon, lat)| format!("{lon:.8} {lat:.8}"))
            .collect();
        format!("POLYGON (({}))", ring.join(", "))
    }
}

/// Casts a drone photo's frame onto the plane through its take-off point.
///
/// # Errors
/// [`NoFootprint`] says what is missing or impossible.
pub fn footprint(photo: &Photo) -> Result<Footprint, NoFootprint> {
    let drone = photo.drone.ok_or(NoFootprint::NotADrone)?;
    let position = photo.position.ok_or(NoFootprint::NoPosition)?;
    let mut notes = vec![
        FootprintNote::HeightAboveTakeOff,
        FootprintNote::PositionInexact,
    ];
    let pitch = drone.gimbal_pitch.ok_or(NoFootprint::NoAttitude)?;
    let yaw = match (drone.gimbal_yaw, drone.flight_yaw) {
        (Some(yaw), _) => yaw,
        (None, Some(yaw)) => {
            notes.push(FootprintNote::HeadingOfAirframe);
            yaw
        }
        (None, None) => return Err(NoFootprint::NoAttitude),
    };
    if drone.gimbal_roll.is_none() {
        notes.push(FootprintNote::RollAssumedZero);
    }
    let height = drone
        .relative_altitude_m
        .filter(|metres| *metres > 0.0 && *metres < 10_000.0)
        .ok_or(NoFootprint::NoHeight)?;
    let focal_pixels = focal_length_in_pixels(photo, &mut notes)?;
    let camera = Camera::turned(pitch, yaw, drone.gimbal_roll.unwrap_or(0.0));
    let (right, down) = (
        f64::from(photo.width) / 2.0 / focal_pixels,
        f64::from(photo.height) / 2.0 / focal_pixels,
    );
    let hit = |x: f64, y: f64| camera.ground(x, y, height).ok_or(NoFootprint::Horizon);
    let ground = [
        hit(-right, -down)?,
        hit(right, -down)?,
        hit(right, down)?,
        hit(-right, down)?,
    ];
    let span = |a: (f64, f64), b: (f64, f64)| (a.0 - b.0).hypot(a.1 - b.1);
    let plane = LocalPlane::at(position.lon, position.lat).map_err(|_| NoFootprint::NoPosition)?;
    Ok(Footprint {
        corners: ground.map(|(east, north)| plane.to_lon_lat(east, north)),
        area_m2: area(&ground),
        width_m: span(hit(-right, 0.0)?, hit(right, 0.0)?),
        height_m: span(hit(0.0, -down)?, hit(0.0, down)?),
        notes,
    })
}

/// Where a camera's axes point, each as (east, north, up).
struct Camera {
    forward: [f64; 3],
    right: [f64; 3],
    down: [f64; 3],
}

impl Camera {
    /// Pitch −90° looks straight down with the top of the frame towards the heading; yaw is clockwise
    /// from north; a positive roll lowers the right side of the camera.
    fn turned(pitch_deg: f64, yaw_deg: f64, roll_deg: f64) -> Self {
        let (pitch_sin, pitch_cos) = pitch_deg.to_radians().sin_cos();
        let (yaw_sin, yaw_cos) = yaw_deg.to_radians().sin_cos();
        let (roll_sin, roll_cos) = roll_deg.to_radians().sin_cos();
        // Facing north first, then turned to the heading.
        let heading = |v: [f64; 3]| {
            [
                v[0] * yaw_cos + v[1] * yaw_sin,
                v[1] * yaw_cos - v[0] * yaw_sin,
                v[2],
            ]
        };
        let level_right = [1.0, 0.0, 0.0];
        let level_down = [0.0, pitch_sin, -pitch_cos];
        let mix = |a: [f64; 3], b: [f64; 3], ka: f64, kb: f64| {
            std::array::from_fn(|i| a[i] * ka + b[i] * kb)
        };
        Self {
            forward: heading([0.0, pitch_cos, pitch_sin]),
            right: heading(mix(level_right, level_down, roll_cos, roll_sin)),
            down: heading(mix(level_down, level_right, roll_cos, -roll_sin)),
        }
    }

    /// Metres east and north of the camera where the ray through a point of the frame meets the plane
    /// `height` below; the point is given in focal lengths right of and below the middle.
    fn ground(&self, x: f64, y: f64, height: f64) -> Option<(f64, f64)> {
        let ray: [f64; 3] =
            std::array::from_fn(|i| self.forward[i] + self.right[i] * x + self.down[i] * y);
        let level = ray[0].hypot(ray[1]);
        let below = -ray[2];
        let depression = below.atan2(level).to_degrees();
        // An attitude that is not a number has no depression and fails this too.
        if depression.is_nan() || depression < LEAST_DEPRESSION_DEG {
            return None;
        }
        Some((ray[0] / below * height, ray[1] / below * height))
    }
}

fn area(ring: &[(f64, f64); 4]) -> f64 {
    let twice: f64 = (0..4)
        .map(|i| {
            let ((x0, y0), (x1, y1)) = (ring[i], ring[(i + 1) % 4]);
            x0 * y1 - x1 * y0
        })
        .sum();
    twice.abs() / 2.0
}

fn focal_length_in_pixels(
    photo: &Photo,
    notes: &mut Vec<FootprintNote>,
) -> Result<f64, NoFootprint> {
    let (width, height) = (f64::from(photo.width), f64::from(photo.height));
    let known = photo.model.as_deref().and_then(camera_named);
    let pixels = match (known, photo.focal_length_mm, photo.focal_length_35mm) {
        // The long side of every still format uses the sensor's full width, its middle when zoomed.
        (Some(known), focal, _) if focal.is_some() || known.focal_mm.is_some() => {
            let zoom = photo.digital_zoom.unwrap_or(1.0);
            let focal = focal.or(known.focal_mm).unwrap_or_default();
            focal / known.sensor_width_mm * width.max(height) * zoom
        }
        (_, _, Some(equivalent)) => {
            notes.push(FootprintNote::AngleFrom35mm);
            equivalent / DIAGONAL_35MM * width.hypot(height)
        }
        _ => return Err(NoFootprint::NoAngleOfView),
    };
    if pixels.is_finite() && pixels > 0.0 {
        Ok(pixels)
    } else {
        Err(NoFootprint::NoAngleOfView)
    }
}

struct KnownCamera {
    sensor_width_mm: f64,
    focal_mm: Option<f64>,
}

fn camera_named(model: &str) -> Option<KnownCamera> {
    let row = CAMERAS
        .lines()
        .filter(|line| !line.starts_with('#'))
        .skip(1)
        .map(|line| line.split(',').map(str::trim).collect::<Vec<_>>())
        .find(|row| {
            row.first()
                .is_some_and(|code| code.eq_ignore_ascii_case(model))
        })?;
    Some(KnownCamera {
        sensor_width_mm: row.get(2)?.parse().ok()?,
        focal_mm: row.get(3).and_then(|text| text.parse().ok()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(a: (f64, f64), b: (f64, f64)) -> bool {
        (a.0 - b.0).abs() < 1e-9 && (a.1 - b.1).abs() < 1e-9
    }

    #[test]
    fn straight_down_facing_north_the_top_of_the_frame_is_north_and_its_right_is_east() {
        let camera = Camera::turned(-90.0, 0.0, 0.0);
        assert!(close(camera.ground(0.5, 0.0, 40.0).unwrap(), (20.0, 0.0)));
        assert!(close(camera.ground(0.0, -0.5, 40.0).unwrap(), (0.0, 20.0)));
    }

    #[test]
    fn facing_east_the_top_of_the_frame_is_east() {
        let camera = Camera::turned(-90.0, 90.0, 0.0);
        assert!(close(camera.ground(0.0, -0.5, 40.0).unwrap(), (20.0, 0.0)));
        assert!(close(camera.ground(0.5, 0.0, 40.0).unwrap(), (0.0, -20.0)));
    }

    #[test]
    fn tilted_up_by_half_a_right_angle_the_middle_falls_as_far_ahead_as_it_is_high() {
        let camera = Camera::turned(-45.0, 180.0, 0.0);
        assert!(close(camera.ground(0.0, 0.0, 30.0).unwrap(), (0.0, -30.0)));
    }

    #[test]
    fn a_positive_roll_brings_the_right_side_nearer() {
        let camera = Camera::turned(-45.0, 0.0, 10.0);
        let (left, right) = (
            camera.ground(-0.4, 0.0, 30.0).unwrap(),
            camera.ground(0.4, 0.0, 30.0).unwrap(),
        );
        assert!(right.1 < left.1);
    }

    #[test]
    fn rays_at_or_near_the_horizon_meet_no_ground() {
        assert_eq!(Camera::turned(-5.0, 0.0, 0.0).ground(0.0, 0.0, 30.0), None);
        assert_eq!(Camera::turned(20.0, 0.0, 0.0).ground(0.0, 0.0, 30.0), None);
        assert_eq!(
            Camera::turned(f64::NAN, 0.0, 0.0).ground(0.0, 0.0, 30.0),
            None
        );
    }

    #[test]
    fn every_camera_of_the_table_has_a_plausible_sensor() {
        let rows: Vec<&str> = CAMERAS
            .lines()
            .filter(|l| !l.starts_with('#'))
            .skip(1)
            .collect();
        assert!(rows.len() > 20);
        for row in rows {
            let code = row.split(',').next().unwrap();
            let width = camera_named(code).unwrap().sensor_width_mm;
            assert!((4.0..54.0).contains(&width), "{row}");
        }
    }
}
