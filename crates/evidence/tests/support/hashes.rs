//! Hashes as bits, and distances in numbers: what the measuring tests count with.

use kandeng_evidence::image::{DynamicImage, RgbImage};
use kandeng_evidence::{PHASH_CROPS, PHASH_RADIUS, PerceptualHash};

type Bits = [u64; 4];

/// The hashes of a picture: of the frame and of its crops.
pub struct Hashes {
    frame: Bits,
    crops: Vec<Bits>,
    /// No crop is further from the frame.
    reach: u32,
}

impl Hashes {
    pub fn of(picture: &RgbImage) -> Self {
        let text = PerceptualHash::of(&DynamicImage::ImageRgb8(picture.clone()));
        let read = |text: &str| -> Vec<Bits> {
            let hex = text.split_once(':').unwrap().1.as_bytes();
            let word =
                |hex: &[u8]| u64::from_str_radix(std::str::from_utf8(hex).unwrap(), 16).unwrap();
            hex.chunks_exact(64)
                .map(|hash| std::array::from_fn(|i| word(&hash[16 * i..][..16])))
                .collect()
        };
        let (frame, crops) = (read(&text.frame)[0], read(&text.crops));
        assert_eq!(crops.len(), PHASH_CROPS);
        let reach = crops.iter().map(|crop| bits_apart(&frame, crop)).max();
        Self {
            frame,
            crops,
            reach: reach.unwrap(),
        }
    }

    /// The least distance between the frames, or the frame of one and a crop of the other.
    pub fn apart(&self, other: &Self) -> u32 {
        let crops = self.crops.iter().map(|crop| bits_apart(crop, &other.frame));
        let others = other.crops.iter().map(|crop| bits_apart(crop, &self.frame));
        let frames = bits_apart(&self.frame, &other.frame);
        crops.chain(others).fold(frames, u32::min)
    }

    /// The same, when it is at most `most`. Crops cannot be near when the frames are further apart than
    /// the crops reach.
    pub fn apart_if_near(&self, other: &Self, most: u32) -> Option<u32> {
        let hopeless = bits_apart(&self.frame, &other.frame) > most + self.reach.max(other.reach);
        (!hopeless)
            .then(|| self.apart(other))
            .filter(|apart| *apart <= most)
    }
}

fn bits_apart(a: &Bits, b: &Bits) -> u32 {
    a.iter().zip(b).map(|(a, b)| (a ^ b).count_ones()).sum()
}

/// Distances in order.
pub struct Spread(Vec<u32>);

impl Spread {
    pub fn of(mut distances: Vec<u32>) -> Self {
        distances.sort_unstable();
        Self(distances)
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn least(&self) -> u32 {
        self.0[0]
    }

    pub fn most(&self) -> u32 {
        self.at(1.0)
    }

    pub fn within(&self) -> usize {
        self.0.partition_point(|d| *d <= PHASH_RADIUS)
    }

    fn at(&self, share: f64) -> u32 {
        self.0[((self.0.len() - 1) as f64 * share) as usize]
    }

    pub fn print(&self, what: &str) {
        println!(
            "{what:48} n {:6}  min {:2}  1 % {:2}  median {:2}  99 % {:2}  max {:3}  within {PHASH_RADIUS}: {}",
            self.len(),
            self.least(),
            self.at(0.01),
            self.at(0.5),
            self.at(0.99),
            self.most(),
            self.within()
        );
    }
}

/// Work on two threads, results in order.
pub fn each<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let half = items.len().div_ceil(2).max(1);
    std::thread::scope(|scope| {
        let threads: Vec<_> = items
            .chunks(half)
            .map(|part| scope.spawn(|| part.iter().map(&work).collect::<Vec<_>>()))
            .collect();
        threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap())
            .collect()
    })
}
