//! XMP packets: a drone's attitude, and the names of programs that touched the picture.
//!
//! Properties are found by their local name in any case, as attributes or as elements, because makers
//! write both, and some misspell (`GPSLongtitude`).

use std::collections::HashMap;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

/// A longer packet is not read: real ones are a few kilobytes.
const MOST_BYTES: usize = 1 << 20;

/// How a drone and its camera were turned, in degrees, and how high it flew, in metres (DJI's
/// `drone-dji` names).
///
/// Pitch −90 is straight down; yaw is clockwise from true north; the relative altitude is above the
/// point of take-off, not above the ground below.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct DroneAttitude {
    /// Pitch of the camera.
    pub gimbal_pitch: Option<f64>,
    /// Roll of the camera.
    pub gimbal_roll: Option<f64>,
    /// Heading of the camera.
    pub gimbal_yaw: Option<f64>,
    /// Pitch of the airframe.
    pub flight_pitch: Option<f64>,
    /// Roll of the airframe.
    pub flight_roll: Option<f64>,
    /// Heading of the airframe.
    pub flight_yaw: Option<f64>,
    /// Height above take-off.
    pub relative_altitude_m: Option<f64>,
    /// Height above sea level, often metres wrong.
    pub absolute_altitude_m: Option<f64>,
}

/// What an XMP packet says.
#[derive(Debug, Default)]
pub(crate) struct XmpFacts {
    pub drone: Option<DroneAttitude>,
    pub longitude: Option<f64>,
    pub latitude: Option<f64>,
    /// `xmp:CreatorTool`, every `stEvt:softwareAgent` of the history, and the like.
    pub programs: Vec<String>,
    pub make: Option<String>,
    pub model: Option<String>,
    pub damaged: bool,
}

/// Local names, lower case, under which programs sign.
const PROGRAM_NAMES: [&str; 5] = [
    "creatortool",
    "softwareagent",
    "software",
    "digitalsourcetype",
    "processingsoftware",
];

impl XmpFacts {
    /// Reads a packet, and the second one that continues it from its pieces.
    pub fn read(packet: Option<&[u8]>, more: &[(u64, &[u8])]) -> Self {
        let mut found = Properties::default();
        let mut damaged = packet.is_some_and(|packet| !found.take(packet));
        if !more.is_empty() {
            damaged |= !joined(more).is_some_and(|more| found.take(&more));
        }
        let of = |name: &str| found.first.get(name);
        let number = |name: &str| of(name).and_then(|text| degrees(text));
        let any = |names: &[&str]| names.iter().find_map(|name| number(name));
        let drone = DroneAttitude {
            gimbal_pitch: number("gimbalpitchdegree"),
            gimbal_roll: number("gimbalrolldegree"),
            gimbal_yaw: number("gimbalyawdegree"),
            flight_pitch: number("flightpitchdegree"),
            flight_roll: number("flightrolldegree"),
            flight_yaw: number("flightyawdegree"),
            relative_altitude_m: number("relativealtitude"),
            absolute_altitude_m: number("absolutealtitude"),
        };
        Self {
            drone: (drone != DroneAttitude::default()).then_some(drone),
            longitude: any(&["gpslongitude", "gpslongtitude"]),
            latitude: number("gpslatitude"),
            make: of("make").cloned(),
            model: of("model").cloned(),
            programs: found.programs,
            damaged,
        }
    }
}

/// A packet from its pieces, which stand in any order; nothing when one is missing or all are too long.
fn joined(pieces: &[(u64, &[u8])]) -> Option<Vec<u8>> {
    let mut pieces = pieces.to_vec();
    pieces.sort_by_key(|(place, _)| *place);
    let mut packet = Vec::new();
    for (place, bytes) in pieces {
        if place != packet.len() as u64 || packet.len() + bytes.len() > MOST_BYTES {
            return None;
        }
        packet.extend_from_slice(bytes);
    }
    Some(packet)
}

/// A number such as `+40.00`, as drones write it. Positions of other makers, `52,30.5N`, are no number.
fn degrees(text: &str) -> Option<f64> {
    let text = text.trim();
    let number: f64 = text.strip_prefix('+').unwrap_or(text).parse().ok()?;
    number.is_finite().then_some(number)
}

#[derive(Default)]
struct Properties {
    first: HashMap<String, String>,
    programs: Vec<String>,
}

impl Properties {
    /// Takes in what a packet says; false when it is damaged, and then what could be read is kept.
    fn take(&mut self, packet: &[u8]) -> bool {
        packet.len() <= MOST_BYTES && self.read(packet).is_ok()
    }

    fn read(&mut self, packet: &[u8]) -> Result<(), quick_xml::Error> {
        let text = String::from_utf8_lossy(packet);
        let mut reader = Reader::from_str(text.trim_matches(['\0', ' ', '\n', '\r', '\t']));
        reader.config_mut().check_end_names = false;
        let mut open = String::new();
        loop {
            match reader.read_event()? {
                Event::Start(element) => {
                    open = local_name(&element);
                    self.attributes(&element);
                }
                Event::Empty(element) => self.attributes(&element),
                Event::Text(text) => self.keep(&open, &text.xml10_content()),
                Event::CData(text) => self.keep(&open, &text.xml10_content()),
                Event::End(_) => open.clear(),
                Event::Eof => return Ok(()),
                _ => {}
            }
        }
    }

    fn attributes(&mut self, element: &BytesStart<'_>) {
        for attribute in element.attributes().with_checks(false).flatten() {
            let name = attribute.key.local_name().as_ref().to_lowercase();
            if let Ok(value) = attribute.normalized_value(quick_xml::XmlVersion::Implicit1_0) {
                self.keep(&name, &value);
            }
        }
    }

    fn keep(&mut self, name: &str, value: &str) {
        let value = value.trim();
        if name.is_empty() || value.is_empty() || value.len() > 400 {
            return;
        }
        if PROGRAM_NAMES.contains(&name) && self.programs.len() < 100 {
            self.programs.push(value.to_owned());
        }
        // A position in degrees counts before one in another notation, wherever it stands.
        let is_better = |there: &String| {
            name.starts_with("gps") && degrees(there).is_none() && degrees(value).is_some()
        };
        let is_wanted = match self.first.get(name) {
            Some(there) => is_better(there),
            None => self.first.len() < 2_000,
        };
        if is_wanted {
            self.first.insert(name.to_owned(), value.to_owned());
        }
    }
}

fn local_name(element: &BytesStart<'_>) -> String {
    element.local_name().as_ref().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn described(properties: &str) -> XmpFacts {
        let packet = format!(
            "<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF><rdf:Description {properties}</rdf:RDF></x:xmpmeta>"
        );
        XmpFacts::read(Some(packet.as_bytes()), &[])
    }

    #[test]
    fn a_longitude_is_read_as_it_is_spelt_and_as_drones_misspell_it() {
        for name in [
            "GpsLongitude",
            "GPSLongitude",
            "GpsLongtitude",
            "GPSLongtitude",
        ] {
            let as_attribute =
                format!("drone-dji:{name}='105.520000' drone-dji:GpsLatitude='32.28' />");
            let as_element = format!(
                "><drone-dji:{name}>105.520000</drone-dji:{name}>\
                 <drone-dji:GpsLatitude>32.28</drone-dji:GpsLatitude></rdf:Description>"
            );
            for properties in [as_attribute, as_element] {
                let facts = described(&properties);
                assert_eq!(facts.longitude, Some(105.52), "{properties}");
                assert_eq!(facts.latitude, Some(32.28), "{properties}");
            }
        }
    }

    #[test]
    fn attitude_and_height_are_read_with_their_signs() {
        let facts = described(
            "drone-dji:GimbalPitchDegree='-89.90' drone-dji:GimbalYawDegree='+42.00' drone-dji:RelativeAltitude='+40.10' />",
        );
        let drone = facts.drone.unwrap();
        assert_eq!(drone.gimbal_pitch, Some(-89.9));
        assert_eq!(drone.gimbal_yaw, Some(42.0));
        assert_eq!(drone.relative_altitude_m, Some(40.1));
        assert_eq!(drone.flight_yaw, None);
    }

    #[test]
    fn a_program_is_found_as_attribute_element_and_marked_text() {
        for properties in [
            "xmp:CreatorTool='Snapseed 2.0' />",
            "><xmp:CreatorTool>Snapseed 2.0</xmp:CreatorTool></rdf:Description>",
            "><xmp:CreatorTool><![CDATA[Snapseed 2.0]]></xmp:CreatorTool></rdf:Description>",
        ] {
            let facts = described(properties);
            assert_eq!(facts.programs, ["Snapseed 2.0"], "{properties}");
        }
    }

    #[test]
    fn a_second_packet_is_put_together_from_its_pieces_in_any_order() {
        let more = b"<x><d stEvt:softwareAgent='Adobe Photoshop 25'/></x>";
        let (first, second) = more.split_at(20);
        let read = |pieces: &[(u64, &[u8])]| XmpFacts::read(Some(b"<x a='b'/>"), pieces);
        let whole = read(&[(20, second), (0, first)]);
        assert_eq!(whole.programs, ["Adobe Photoshop 25"]);
        assert!(!whole.damaged);
        for pieces in [&[(20, second)][..], &[(0, first), (21, second)]] {
            let part = read(pieces);
            assert!(part.damaged && part.programs.is_empty());
        }
    }

    #[test]
    fn a_position_in_degrees_is_found_behind_one_in_another_notation() {
        let facts = described(
            "exif:GPSLatitude='32,16.8N' exif:GPSLongitude='105,31.2E' \
             drone-dji:GpsLatitude='32.28' drone-dji:GpsLongitude='105.52' />",
        );
        assert_eq!(
            (facts.longitude, facts.latitude),
            (Some(105.52), Some(32.28))
        );
    }

    #[test]
    fn positions_in_another_notation_are_no_numbers() {
        let facts = described("exif:GPSLongitude='105,31.2E' exif:GPSLatitude='32,16.8N' />");
        assert_eq!((facts.longitude, facts.latitude), (None, None));
        assert!(facts.drone.is_none() && !facts.damaged);
    }
}
