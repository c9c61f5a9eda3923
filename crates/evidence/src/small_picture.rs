//! A picture averaged down to at most 128 cells a side, in luma and two colour differences: enough for
//! everything that looks at a photo as a whole, and small enough to look at it many times.

use image::RgbImage;

/// No more cells than this on a side.
const CELLS: usize = 128;

/// Cells of equal size, but for the last of a row or column, which may be smaller.
pub(crate) struct SmallPicture {
    /// Where the cells of a row begin and end, as shares of the width.
    pub(crate) columns: Vec<(f64, f64)>,
    /// Where the cells of a column begin and end, as shares of the height.
    pub(crate) rows: Vec<(f64, f64)>,
    /// Luma, blue and red difference (ITU-R BT.601) of each cell, row by row.
    pub(crate) planes: [Vec<f32>; 3],
}

impl SmallPicture {
    pub(crate) fn of(pixels: &RgbImage) -> Self {
        let (width, height) = (pixels.width() as usize, pixels.height() as usize);
        let mut planes = [(); 3].map(|()| Vec::new());
        if width == 0 || height == 0 {
            let (columns, rows) = (Vec::new(), Vec::new());
            return Self {
                columns,
                rows,
                planes,
            };
        }
        let (wide, high) = (width.div_ceil(CELLS), height.div_ceil(CELLS));
        for rows in pixels.as_raw().chunks(3 * width * high) {
            // Down first: whole rows are added many bytes at a time, which the compiler sees when no sum
            // is checked. None overflows below 16 million rows to a cell.
            let mut down = vec![0u32; 3 * width];
            for row in rows.chunks_exact(3 * width) {
                for (sum, value) in down.iter_mut().zip(row) {
                    *sum = sum.wrapping_add(u32::from(*value));
                }
            }
            for cell in down.chunks(3 * wide) {
                let (columns, _) = cell.as_chunks::<3>();
                let sum = columns.iter().fold([0; 3], |sum, column| {
                    std::array::from_fn(|i| sum[i] + u64::from(column[i]))
                });
                let pixels = columns.len() * rows.len() / (3 * width);
                let [red, green, blue] = sum.map(|sum: u64| sum as f32 / pixels as f32);
                let luma = 0.299 * red + 0.587 * green + 0.114 * blue;
                planes[0].push(luma);
                planes[1].push(0.564 * (blue - luma));
                planes[2].push(0.713 * (red - luma));
            }
        }
        Self {
            columns: cells(width, wide),
            rows: cells(height, high),
            planes,
        }
    }
}

fn cells(length: usize, each: usize) -> Vec<(f64, f64)> {
    let share = |pixel: usize| pixel.min(length) as f64 / length as f64;
    (0..length.div_ceil(each))
        .map(|i| (share(i * each), share((i + 1) * each)))
        .collect()
}

#[cfg(test)]
mod tests {
    use image::Rgb;

    use super::*;

    #[test]
    fn a_large_picture_becomes_cells_of_equal_size_but_for_the_last() {
        let picture = SmallPicture::of(&RgbImage::from_fn(300, 100, |x, _| Rgb([x as u8; 3])));
        assert_eq!((picture.columns.len(), picture.rows.len()), (100, 100));
        assert_eq!(picture.planes[0].len(), 100 * 100);
        assert!(
            (picture.planes[0][1] - 4.0).abs() < 1e-4,
            "{}",
            picture.planes[0][1]
        );
        assert_eq!(cells(5, 2), [(0.0, 0.4), (0.4, 0.8), (0.8, 1.0)]);
    }

    #[test]
    fn grey_has_no_colour() {
        let picture = SmallPicture::of(&RgbImage::from_pixel(7, 9, Rgb([120; 3])));
        assert_eq!(picture.planes[0].len(), 63);
        assert!(picture.planes[1..].iter().flatten().all(|c| c.abs() < 1e-3));
    }
}
