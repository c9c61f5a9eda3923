//! Generated landscapes for measuring the perceptual hash: one seed, one place, any stage of the work.
//!
//! Deterministic and free of I/O. Not a picture generator for people; it must only be as varied, and as
//! alike from stage to stage, as photographs of building sites and fields are.

use kandeng_evidence::image::{Rgb, RgbImage};

/// How far the work at a place has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stage {
    Before,
    During,
    After,
    Upkeep,
}

/// A small generator of numbers (`SplitMix64`), so that scenes never change with a library's version.
#[derive(Clone)]
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0x5851_F42D_4C95_7F2D)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        mix(self.0)
    }

    /// Between 0 and 1.
    pub fn unit(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1u64 << 24) as f32
    }

    pub fn between(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.unit()
    }

    pub fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }
}

fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

fn lattice(seed: u32, x: i32, y: i32) -> f32 {
    let mut h = seed
        .wrapping_add((x as u32).wrapping_mul(0x8DA6_B343))
        .wrapping_add((y as u32).wrapping_mul(0xD816_3841));
    h = (h ^ (h >> 15)).wrapping_mul(0x2C1B_3C6D);
    h = (h ^ (h >> 12)).wrapping_mul(0x297A_2D39);
    (h ^ (h >> 15)) as f32 / u32::MAX as f32
}

/// Smooth noise between 0 and 1.
fn noise(seed: u32, x: f32, y: f32) -> f32 {
    let (fx, fy) = (x.floor(), y.floor());
    let (ix, iy) = (fx as i32, fy as i32);
    let ease = |t: f32| t * t * (3.0 - 2.0 * t);
    let (tx, ty) = (ease(x - fx), ease(y - fy));
    let top = lattice(seed, ix, iy) * (1.0 - tx) + lattice(seed, ix + 1, iy) * tx;
    let low = lattice(seed, ix, iy + 1) * (1.0 - tx) + lattice(seed, ix + 1, iy + 1) * tx;
    top * (1.0 - ty) + low * ty
}

fn rough(seed: u32, x: f32, y: f32) -> f32 {
    0.55 * noise(seed, x, y)
        + 0.3 * noise(seed ^ 0x51, x * 2.3, y * 2.3)
        + 0.15 * noise(seed ^ 0xA7, x * 5.1, y * 5.1)
}

type Colour = [f32; 3];

fn blend(a: Colour, b: Colour, t: f32) -> Colour {
    [0, 1, 2].map(|i| a[i] + (b[i] - a[i]) * t)
}

fn scaled(a: Colour, k: f32) -> Colour {
    a.map(|v| v * k)
}

const EARTHS: [Colour; 6] = [
    [120.0, 92.0, 66.0],
    [96.0, 110.0, 58.0],
    [150.0, 132.0, 84.0],
    [74.0, 96.0, 52.0],
    [134.0, 120.0, 104.0],
    [168.0, 150.0, 96.0],
];
const WALLS: [Colour; 5] = [
    [206.0, 200.0, 190.0],
    [176.0, 120.0, 96.0],
    [226.0, 222.0, 214.0],
    [150.0, 152.0, 156.0],
    [204.0, 182.0, 140.0],
];
const ROOFS: [Colour; 4] = [
    [96.0, 52.0, 44.0],
    [70.0, 78.0, 92.0],
    [60.0, 98.0, 140.0],
    [120.0, 112.0, 104.0],
];

struct House {
    left: f32,
    right: f32,
    foot: f32,
    top: f32,
    wall: Colour,
    roof: Colour,
}

struct Tree {
    x: f32,
    foot: f32,
    radius: f32,
    colour: Colour,
}

/// One place in the world, seen from one standpoint.
pub struct Place {
    seed: u64,
    planted: bool,
    overhead: bool,
    horizon: f32,
    ridges: Vec<(f32, f32, u32, Colour)>,
    earth: [Colour; 2],
    fields: Vec<(f32, f32, Colour, f32)>,
    road: (f32, f32, f32),
    houses: Vec<House>,
    trees: Vec<Tree>,
    work: House,
    crop: Colour,
    rows: f32,
}

/// The hour and the standpoint of one exposure.
struct Exposure {
    light: f32,
    warmth: f32,
    shade: f32,
    cloud_seed: u32,
    cloud: f32,
    sky: Colour,
    dx: f32,
    dy: f32,
    zoom: f32,
    turn: f32,
    grain: u32,
}

impl Place {
    pub fn new(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let overhead = dice.below(4) == 0;
        let horizon = if overhead {
            -1.0
        } else {
            dice.between(0.18, 0.55)
        };
        let soil = |dice: &mut Dice| {
            let colour = EARTHS[dice.below(6) as usize];
            let bright = dice.between(0.7, 1.3);
            let red = dice.between(0.85, 1.15);
            let blue = dice.between(0.8, 1.2);
            [
                colour[0] * bright * red,
                colour[1] * bright,
                colour[2] * bright * blue,
            ]
        };
        let earth = [soil(&mut dice), soil(&mut dice)];
        let ridges = (0..=dice.below(4))
            .map(|i| {
                let far = i as f32 * 0.05;
                let colour = blend([92.0, 112.0, 120.0], [56.0, 78.0, 50.0], dice.unit());
                (
                    horizon - 0.16 + far + dice.between(-0.06, 0.06),
                    dice.between(0.03, 0.2),
                    dice.next() as u32,
                    colour,
                )
            })
            .collect();
        let fields = (0..4 + dice.below(9))
            .map(|_| {
                (
                    dice.unit(),
                    dice.between(horizon.max(0.0), 1.0),
                    soil(&mut dice),
                    dice.between(0.0, 60.0),
                )
            })
            .collect();
        let road = (
            dice.between(-0.2, 1.2),
            dice.between(-0.8, 0.8),
            dice.between(0.0, 0.14),
        );
        let house = |dice: &mut Dice, small: f32, big: f32| {
            let wide = dice.between(small, big);
            let left = dice.between(-0.05, 1.0 - wide * 0.5);
            let foot = dice.between(
                horizon.max(0.05) + 0.03,
                (horizon.max(0.05) + 0.4).min(0.95),
            );
            House {
                left,
                right: left + wide,
                foot,
                top: foot - wide * dice.between(0.4, 1.1),
                wall: WALLS[dice.below(5) as usize],
                roof: ROOFS[dice.below(4) as usize],
            }
        };
        let houses = (0..=dice.below(5))
            .map(|_| house(&mut dice, 0.05, 0.25))
            .collect();
        let trees = (0..dice.below(14))
            .map(|_| Tree {
                x: dice.unit(),
                foot: dice.between(horizon.max(0.0), 1.0),
                radius: dice.between(0.02, 0.13),
                colour: blend([40.0, 70.0, 34.0], [92.0, 104.0, 50.0], dice.unit()),
            })
            .collect();
        let mut work = house(&mut dice, 0.4, 0.7);
        let middle = dice.between(0.35, 0.65);
        let half = (work.right - work.left) / 2.0;
        (work.left, work.right) = (middle - half, middle + half);
        work.foot = dice.between(0.6, 0.9);
        work.top = work.foot - half * dice.between(0.9, 1.5);
        Self {
            seed,
            planted: seed.is_multiple_of(2),
            overhead,
            horizon,
            ridges,
            earth,
            fields,
            road,
            houses,
            trees,
            work,
            crop: blend([58.0, 128.0, 40.0], [150.0, 160.0, 60.0], dice.unit()),
            rows: dice.between(14.0, 40.0),
        }
    }

    /// A picture of the place, `visit` naming the occasion: light, sky and the exact standpoint differ
    /// from visit to visit (by up to `wander` of the frame's width), the place does not.
    pub fn photograph(
        &self,
        stage: Stage,
        visit: u64,
        wander: f32,
        wide: u32,
        high: u32,
    ) -> RgbImage {
        let mut dice = Dice::new(self.seed ^ (visit + 1).wrapping_mul(0xD134_2543_DE82_EF95));
        let sky = blend([120.0, 160.0, 214.0], [200.0, 204.0, 208.0], dice.unit());
        let exposure = Exposure {
            light: dice.between(0.72, 1.18),
            warmth: dice.between(-0.1, 0.12),
            shade: dice.between(-0.25, 0.25),
            cloud_seed: dice.next() as u32,
            cloud: dice.between(0.0, 0.8),
            sky,
            dx: dice.between(-wander, wander),
            dy: dice.between(-wander, wander),
            zoom: 1.0 + dice.between(-wander, wander),
            turn: dice.between(-wander, wander) * 0.7,
            grain: dice.next() as u32,
        };
        RgbImage::from_fn(wide, high, |px, py| {
            let aspect = high as f32 / wide as f32;
            let x0 = (px as f32 + 0.5) / wide as f32 - 0.5;
            let y0 = (py as f32 + 0.5) / high as f32 - 0.5;
            let (sin, cos) = exposure.turn.sin_cos();
            let x = 0.5 + exposure.dx + exposure.zoom * (x0 * cos - y0 * aspect * sin);
            let y = 0.5 + exposure.dy + exposure.zoom * (y0 * cos + x0 / aspect * sin * 0.5);
            let seen = self.colour_at(x, y, stage, &exposure);
            let grain = lattice(exposure.grain, px as i32, py as i32) * 14.0 - 7.0;
            let light = exposure.light * (1.0 + exposure.shade * x0);
            let tint = [1.0 + exposure.warmth, 1.0, 1.0 - exposure.warmth];
            Rgb([0, 1, 2].map(|i| (seen[i] * light * tint[i] + grain).clamp(0.0, 255.0) as u8))
        })
    }

    fn colour_at(&self, x: f32, y: f32, stage: Stage, exposure: &Exposure) -> Colour {
        let mut seen = self.ground_at(x, y, stage, exposure);
        for tree in &self.trees {
            let (dx, dy) = (
                (x - tree.x) / tree.radius,
                (y - tree.foot + tree.radius) / tree.radius,
            );
            if dx * dx + dy * dy < 1.0 {
                seen = scaled(
                    tree.colour,
                    0.75 + 0.5 * noise(tree.x.to_bits(), x * 90.0, y * 90.0),
                );
            }
        }
        for house in &self.houses {
            seen = house.over(seen, x, y, 1.0);
        }
        self.work_at(seen, x, y, stage)
    }

    fn ground_at(&self, x: f32, y: f32, stage: Stage, exposure: &Exposure) -> Colour {
        let noise_seed = self.seed as u32;
        if y < self.horizon {
            let depth = (self.horizon - y).max(0.0);
            let cloud = rough(exposure.cloud_seed, x * 3.0, depth * 7.0);
            let clear = blend([216.0, 222.0, 226.0], exposure.sky, (depth * 2.4).min(1.0));
            let mut seen = blend(
                clear,
                [240.0, 240.0, 240.0],
                (cloud * exposure.cloud * 1.6).min(1.0),
            );
            for (height, swing, seed, colour) in &self.ridges {
                let crest = height - swing * (rough(*seed, x * 4.0, 0.5) - 0.5) * 2.0;
                if y > crest {
                    seen = scaled(*colour, 0.8 + 0.4 * rough(*seed ^ 9, x * 20.0, y * 20.0));
                }
            }
            return seen;
        }
        let depth = if self.overhead {
            1.0
        } else {
            0.25 + (y - self.horizon)
        };
        let mut seen = blend(
            self.earth[0],
            self.earth[1],
            rough(noise_seed, x * 5.0 / depth, y * 7.0 / depth),
        );
        let mut nearest = (f32::MAX, 0usize);
        for (i, (fx, fy, ..)) in self.fields.iter().enumerate() {
            let far = (x - fx).abs() * 0.8 + (y - fy).abs() / depth.min(1.0);
            if far < nearest.0 {
                nearest = (far, i);
            }
        }
        if let Some((_, _, colour, stripes)) = self.fields.get(nearest.1)
            && nearest.1 % 3 != 0
        {
            let stripe = if *stripes > 15.0 {
                ((x * stripes + y * stripes * 0.4).sin() * 0.12) + 1.0
            } else {
                1.0
            };
            seen = blend(seen, scaled(*colour, stripe), 0.75);
        }
        let (road_x, slant, half) = self.road;
        if (x - road_x - slant * (y - 0.5)).abs() < half * depth.min(1.0) * 0.5 {
            seen = scaled(
                [150.0, 148.0, 144.0],
                0.9 + 0.2 * noise(noise_seed ^ 3, x * 60.0, y * 60.0),
            );
        }
        if self.planted && y > self.horizon.max(0.0) + 0.12 {
            let row = (y * self.rows / depth).sin() * 0.5 + 0.5;
            seen = match stage {
                Stage::Before => seen,
                Stage::During => blend(seen, [92.0, 68.0, 48.0], 0.45 + 0.4 * row),
                Stage::After => blend(seen, self.crop, 0.35 + 0.5 * row),
                Stage::Upkeep => blend(seen, scaled(self.crop, 0.72), 0.8 + 0.15 * row),
            };
        }
        scaled(
            seen,
            0.85 + 0.3 * noise(noise_seed ^ 0x4D, x * 70.0, y * 70.0),
        )
    }

    /// The thing that is being built, on half of the places; the others are planted.
    fn work_at(&self, seen: Colour, x: f32, y: f32, stage: Stage) -> Colour {
        let grown = match stage {
            Stage::Before => return seen,
            _ if self.planted => return seen,
            Stage::During => 0.5,
            Stage::After | Stage::Upkeep => 1.0,
        };
        let seen = self.work.over(seen, x, y, grown);
        // In use: a hedge and a yard before it.
        let yard = y > self.work.foot && y < self.work.foot + 0.12;
        if stage == Stage::Upkeep && yard && x > self.work.left - 0.1 && x < self.work.right + 0.1 {
            let hedge = y < self.work.foot + 0.045;
            return if hedge {
                [52.0, 92.0, 44.0]
            } else {
                [178.0, 176.0, 170.0]
            };
        }
        seen
    }
}

impl House {
    fn over(&self, seen: Colour, x: f32, y: f32, grown: f32) -> Colour {
        let top = self.foot - (self.foot - self.top) * grown;
        let wide = self.right - self.left;
        if x > self.left && x < self.right && y > top && y < self.foot {
            let (across, down) = ((x - self.left) / wide * 5.0, (y - self.top) / wide * 5.0);
            let window = across.fract() > 0.35
                && across.fract() < 0.7
                && down.fract() > 0.3
                && down.fract() < 0.75;
            return if window {
                [60.0, 70.0, 84.0]
            } else {
                self.wall
            };
        }
        let rise = wide * 0.18;
        if grown >= 1.0 && y <= top && y > top - rise {
            let inward = (top - y) / rise * wide * 0.3;
            if x > self.left - wide * 0.05 + inward && x < self.right + wide * 0.05 - inward {
                return self.roof;
            }
        }
        seen
    }
}
