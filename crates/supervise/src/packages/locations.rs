//! Where a project lies: its village, its position, its ground.

use kandeng_screening::Text;
use serde_json::Value;

use super::part::{Part, Said};
use super::parties::several;
use super::taking::{Taking, at, no_item};
use crate::oc4ids::DIVISION_SCHEME;

/// The first position and the first area; the village by its code.
pub(super) fn take(taking: &mut Taking<'_>, project: &mut Part<'_>) {
    for mut location in project.each("locations") {
        if let Some(mut gazetteer) = location.get("gazetteer")
            && gazetteer.peek("scheme") == Some(DIVISION_SCHEME)
            && !taking.has("village_code")
        {
            let place = at(&gazetteer, "identifiers");
            if let Some(Value::Array(codes)) = gazetteer.take("identifiers") {
                for (index, code) in codes.iter().enumerate() {
                    let said = Said {
                        text: code.as_str().unwrap_or_default().to_owned(),
                        place: format!("{place}/{index}"),
                    };
                    if index == 0 {
                        taking.put(
                            "village_code",
                            Some(said).filter(|said| !said.text.is_empty()),
                        );
                    } else {
                        taking.leave(said.place, Some(&said.text), several());
                    }
                }
            }
            gazetteer.drop(&["scheme"]);
        }
        let is_area = location
            .value
            .pointer("/geometry/type")
            .and_then(Value::as_str);
        match is_area {
            Some("Polygon" | "MultiPolygon") if !taking.has("boundary") => {
                area(taking, &mut location);
                location.drop(&["id"]);
                continue;
            }
            Some("Point") if !taking.has("lon") => position(taking, &mut location),
            _ => {}
        }
        if !taking.has("address") {
            let address = location.text("description");
            taking.put("address", address);
        }
        location.drop(&["id"]);
    }
}

fn position(taking: &mut Taking<'_>, location: &mut Part<'_>) {
    let Some(mut geometry) = location.get("geometry") else {
        return;
    };
    let place = at(&geometry, "coordinates");
    let at = |index: usize| geometry.value.pointer(&format!("/coordinates/{index}"));
    let (Some(lon), Some(lat)) = (at(0).and_then(Value::as_f64), at(1).and_then(Value::as_f64))
    else {
        return;
    };
    if kandeng_geo::in_china(lon, lat) {
        let said = |index: usize, figure: f64| Said {
            text: figure.to_string(),
            place: format!("{place}/{index}"),
        };
        taking.put("lon", Some(said(0, lon)));
        taking.put("lat", Some(said(1, lat)));
    } else {
        let why = if kandeng_geo::in_china(lat, lon) {
            Text::new(
                "经度和纬度颠倒(应先经度后纬度),未带入",
                "longitude and latitude are swapped (longitude goes first); not carried",
            )
        } else {
            Text::new(
                "位置超出范围:不在中国(东经 73–136°,北纬 3–54°)",
                "out of range: not in China (73 to 136 degrees east, 3 to 54 north)",
            )
        };
        taking.leave(&*place, Some(&format!("{lon}, {lat}")), why);
    }
    geometry.drop(&["type", "coordinates"]);
}

/// An area, which GeoJSON says is in WGS-84.
fn area(taking: &mut Taking<'_>, location: &mut Part<'_>) {
    let Some(geometry) = location.get("geometry") else {
        return;
    };
    let place = geometry.place.clone();
    let text = geometry.value.to_string();
    location.take("geometry");
    match kandeng_geo::Boundary::from_geojson(&text, Some(kandeng_geo::Datum::Wgs84)) {
        Ok(boundary) => {
            let said = |text: String| {
                Some(Said {
                    text,
                    place: place.clone(),
                })
            };
            taking.put("boundary", said(boundary.to_wkt()));
            taking.put(
                "boundary_datum",
                said(kandeng_geo::Datum::Wgs84.to_string()),
            );
            if let Some(method) = location.text("description") {
                if taking.knows("boundary_method", &method.text) {
                    taking.put("boundary_method", Some(method));
                } else {
                    taking.leave(method.place, Some(&method.text), no_item());
                }
            }
        }
        Err(error) => {
            let (zh, en) = error.text();
            taking.leave(place, None, Text::new(zh, en));
        }
    }
}
