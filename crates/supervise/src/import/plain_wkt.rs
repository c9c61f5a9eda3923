//! Whether a boundary is text that needs no reading: a WGS-84 polygon in China, closed and small.
//! Parquet holds such boundaries by the hundred thousand; all others are read in full.

/// Points above which the full reading looks for a scribble.
const MOST_POINTS: usize = 199;

/// Whether [`kandeng_geo::Boundary::from_wkt`] would read this as it stands, without a warning.
pub(crate) fn is_plain(text: &str) -> bool {
    let mut scan = Scan {
        rest: text.as_bytes(),
        points: 0,
    };
    let is_area = if scan.word(b"MULTIPOLYGON") {
        scan.list(|scan| scan.list(Scan::ring))
    } else {
        scan.word(b"POLYGON") && scan.list(Scan::ring)
    };
    scan.spaces();
    is_area && scan.rest.is_empty() && scan.points <= MOST_POINTS
}

struct Scan<'t> {
    rest: &'t [u8],
    points: usize,
}

impl Scan<'_> {
    fn spaces(&mut self) {
        while let [b' ', rest @ ..] = self.rest {
            self.rest = rest;
        }
    }

    fn word(&mut self, word: &[u8]) -> bool {
        let rest = self.rest.strip_prefix(word);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn mark(&mut self, mark: u8) -> bool {
        self.spaces();
        self.word(&[mark])
    }

    fn list(&mut self, mut element: impl FnMut(&mut Self) -> bool) -> bool {
        if !self.mark(b'(') {
            return false;
        }
        loop {
            if !element(self) {
                return false;
            }
            if !self.mark(b',') {
                return self.mark(b')');
            }
        }
    }

    /// A ring that ends where it began and has three corners.
    fn ring(&mut self) -> bool {
        let mut corners: Vec<(f64, f64)> = Vec::with_capacity(3);
        let mut last = (f64::NAN, f64::NAN);
        let is_list = self.list(|scan| {
            let Some(point) = scan.point() else {
                return false;
            };
            scan.points += 1;
            last = point;
            if corners.len() < 3 && !corners.contains(&point) {
                corners.push(point);
            }
            scan.points <= MOST_POINTS
        });
        is_list && corners.len() == 3 && corners[0] == last
    }

    /// Longitude and latitude, both in China.
    fn point(&mut self) -> Option<(f64, f64)> {
        let (lon, lat) = (self.number()?, self.number()?);
        ((73.0..136.0).contains(&lon) && (3.0..54.0).contains(&lat)).then_some((lon, lat))
    }

    fn number(&mut self) -> Option<f64> {
        self.spaces();
        let is_part = |byte: &&u8| byte.is_ascii_digit() || **byte == b'.';
        let length = self.rest.iter().take_while(is_part).count();
        let (number, rest) = self.rest.split_at(length);
        self.rest = rest;
        std::str::from_utf8(number).ok()?.parse().ok()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use kandeng_geo::{Boundary, Datum};
    use proptest::prelude::*;

    const SQUARE: &str = "POLYGON ((105.5 32, 105.501 32, 105.501 32.001, 105.5 32.001, 105.5 32))";

    #[test]
    fn what_is_plain_needs_no_reading_and_everything_else_is_read() {
        for text in [
            SQUARE,
            "POLYGON((105 30,106 30,106 31,105 30),(105.2 30.1,105.3 30.1,105.3 30.2,105.2 30.1))",
            "MULTIPOLYGON(((105 30,106 30,106 31,105 30)),((107 30,108 30,108 31,107 30)))",
        ] {
            assert!(is_plain(text), "{text}");
        }
        for text in [
            "POLYGON((105 30, garbage",
            "SRID=4547;POLYGON((105 30,106 30,106 31,105 30))",
            "POLYGON((500000 3300000,500100 3300000,500100 3300100,500000 3300000))",
            "POLYGON((105 30,106 30,106 31))",
            "POLYGON((105 30,105 30,106 31,105 30))",
            "POLYGON((105 30,106 30,106 31,105 30)) POLYGON((1 2",
            "POLYGON Z((105 30 1,106 30 1,106 31 1,105 30 1))",
            "POINT(105 30)",
            "POLYGON(())",
            "",
        ] {
            assert!(!is_plain(text), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_taken_as_it_is_would_have_been_read(
            text in "(MULTI)?POLYGON ?\\({1,3}([0-9]{2,3}(\\.[0-9])? [0-9]{2}(\\.[0-9])?[,)( ]{1,3}){3,6}\\){0,3}",
        ) {
            if is_plain(&text) {
                let read = Boundary::from_wkt(&text, Datum::Wgs84);
                prop_assert!(read.is_ok_and(|read| read.warnings.is_empty()), "{}", text);
            }
        }
    }
}
