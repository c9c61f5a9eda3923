//! The index against comparing all pairs, and its behaviour among very many copies.

use std::collections::{HashMap, HashSet};

use proptest::prelude::*;

use super::super::hamming_scheme::{Sample, scheme_for};
use super::*;

fn table(hashes: &[(i64, String)]) -> HashTable {
    let mut table = HashTable::default();
    for (id, hash) in hashes {
        assert!(table.insert(*id, hash), "{hash}");
    }
    table
}

fn brute_force(hashes: &[(i64, String)], radius: u32) -> Vec<Pair> {
    let mut pairs = Vec::new();
    for (row, (x, left)) in hashes.iter().enumerate() {
        for (y, right) in &hashes[row + 1..] {
            if left.len() != right.len() || left.split(':').next() != right.split(':').next() {
                continue;
            }
            let differing = |(x, y): (char, char)| {
                (x.to_digit(16).unwrap_or(0) ^ y.to_digit(16).unwrap_or(0)).count_ones()
            };
            let start = left.find(':').unwrap() + 1;
            let distance = left[start..]
                .chars()
                .zip(right[start..].chars())
                .map(differing)
                .sum();
            if distance <= radius && x != y {
                pairs.push(Pair {
                    a: *x.min(y),
                    b: *x.max(y),
                    distance,
                });
            }
        }
    }
    pairs.sort_unstable();
    pairs
}

/// Hashes of which many are near one another: a base with some digits replaced.
fn near_hashes(digits: usize) -> impl Strategy<Value = Vec<(i64, String)>> {
    let hash = (
        prop::sample::select(vec!["D", "P"]),
        0..4u8,
        prop::collection::vec((0..digits, 0..16u32), 0..6),
    );
    prop::collection::vec(hash, 0..25).prop_map(move |hashes| {
        let mut id = 100;
        hashes
            .into_iter()
            .map(|(algorithm, base, changes)| {
                let mut hex = vec![['0', '5', 'a', 'f'][usize::from(base)]; digits];
                for (place, digit) in changes {
                    hex[place] = char::from_digit(digit, 16).unwrap();
                }
                id -= 1;
                (
                    id,
                    format!("{algorithm}:{}", hex.into_iter().collect::<String>()),
                )
            })
            .collect()
    })
}

type Crops = Vec<Vec<String>>;

/// Different hashes, and of each the digits of up to three crops, near one another as well.
fn hashes_with_crops(digits: usize) -> impl Strategy<Value = (Vec<(i64, String)>, Crops)> {
    let crops = prop::collection::vec(prop::collection::vec(near_hashes(digits), 0..3), 25);
    (near_hashes(digits), crops).prop_map(|(mut hashes, crops)| {
        hashes.sort_by(|a, b| a.1.cmp(&b.1));
        hashes.dedup_by(|a, b| a.1 == b.1);
        let hex = |hash: &(i64, String)| hash.1.split_once(':').unwrap().1.to_owned();
        let first = |crops: &Vec<(i64, String)>| crops.first().map(hex);
        let crops = crops
            .iter()
            .map(|all| all.iter().filter_map(first).collect());
        (hashes, crops.collect())
    })
}

fn table_with_crops(hashes: &[(i64, String)], crops: &Crops) -> HashTable {
    let mut table = HashTable::default();
    for ((id, hash), crops) in hashes.iter().zip(crops) {
        let algorithm = hash.split_once(':').unwrap().0;
        let crops = format!("{algorithm}:{}", crops.concat());
        assert!(table.insert_with_crops(*id, hash, Some(&crops)), "{hash}");
    }
    table
}

/// Each crop as a picture of its own, which stands for the picture it was cut from.
fn brute_force_with_crops(hashes: &[(i64, String)], crops: &Crops, radius: u32) -> Vec<Pair> {
    let mut pairs = brute_force(hashes, radius);
    for (row, ((id, hash), crops)) in hashes.iter().zip(crops).enumerate() {
        for crop in crops {
            let algorithm = hash.split_once(':').unwrap().0;
            for (other, (other_id, other_hash)) in hashes.iter().enumerate() {
                let two = [
                    (*id, format!("{algorithm}:{crop}")),
                    (*other_id, other_hash.clone()),
                ];
                if other != row {
                    pairs.extend(brute_force(&two, radius));
                }
            }
        }
    }
    pairs.sort_unstable();
    pairs.dedup_by_key(|pair| (pair.a, pair.b));
    pairs
}

proptest! {
    #[test]
    fn the_index_finds_what_comparing_all_pairs_finds(
        hashes in prop::sample::select(vec![1usize, 2, 15, 16, 17, 32, 48, 63, 64]).prop_flat_map(near_hashes),
        radius in 0u32..30,
    ) {
        prop_assert_eq!(table(&hashes).pairs(radius), brute_force(&hashes, radius));
    }

    #[test]
    fn many_blocks_find_the_same_as_few(
        (hashes, crops) in hashes_with_crops(16),
        radius in 1u32..12,
        count in prop::sample::select(vec![2usize, 300, 20_000, 1_000_000]),
        looked_up in prop::sample::select(vec![0usize, 300, 20_000_000]),
    ) {
        // The blocks that would serve another number of hashes must find the same pairs.
        let table = table_with_crops(&hashes, &crops);
        let mut found = Vec::new();
        for class in &table.classes {
            let (pictures, mut clusters) = Clusters::of::<1>(class);
            clusters.pair_copies();
            let sample = Sample::of(&pictures.hashes, 64);
            let blocks = scheme_for::<1>(&sample, count, looked_up, radius);
            for index in 0..blocks.len() {
                Search::of(&pictures, &blocks, index, radius)
                    .for_each_hit(|hit| clusters.take(&pictures, hit, radius));
            }
            found.append(&mut clusters.pairs);
        }
        found.sort_unstable();
        prop_assert_eq!(found, brute_force_with_crops(&hashes, &crops, radius));
    }

    #[test]
    fn crops_are_found_as_comparing_all_pairs_finds_them(
        (hashes, crops) in prop::sample::select(vec![1usize, 15, 16, 17, 33, 64]).prop_flat_map(hashes_with_crops),
        radius in 0u32..30,
    ) {
        let found = table_with_crops(&hashes, &crops).pairs(radius);
        prop_assert_eq!(found, brute_force_with_crops(&hashes, &crops, radius));
    }

    #[test]
    fn what_is_written_is_read_again((hashes, crops) in hashes_with_crops(20)) {
        let (mut bytes, mut read) = (Vec::new(), HashTable::default());
        table_with_crops(&hashes, &crops).write(&mut bytes);
        prop_assert_eq!(read.read(&bytes), Some(()));
        prop_assert_eq!(read.pairs(9), table_with_crops(&hashes, &crops).pairs(9));
        let mut appended = HashTable::default();
        appended.append(&read);
        prop_assert_eq!(appended.pairs(9), read.pairs(9));
        if bytes.len() > 1 {
            prop_assert_eq!(HashTable::default().read(&bytes[..bytes.len() - 1]), None);
        }
    }
}

#[test]
fn only_hashes_of_one_algorithm_and_length_are_compared() {
    let hashes = [
        (1, "D:00ff"),
        (2, "D:00fe"),
        (3, "P:00ff"),
        (4, "D:00ff00"),
        (5, "d:00ff"),
    ];
    let hashes = hashes.map(|(id, hash)| (id, hash.to_owned()));
    // Programs write the algorithm in either case.
    let pair = |a, b, distance| Pair { a, b, distance };
    let mut found = table(&hashes).pairs(2);
    found.sort_unstable_by_key(|pair| (pair.a, pair.b));
    assert_eq!(found, [pair(1, 2, 1), pair(1, 5, 0), pair(2, 5, 1)]);
}

#[test]
fn a_text_that_is_no_hash_is_left_out() {
    let mut table = HashTable::default();
    for text in [
        "",
        "D",
        "D:",
        "D:xy",
        "00ff",
        &format!("D:{}", "0".repeat(65)),
    ] {
        assert!(!table.insert(1, text), "{text}");
    }
    assert!(table.is_empty());
    assert!(table.insert(1, " D:00FF "));
}

#[test]
fn an_id_is_not_paired_with_itself() {
    let hashes = [
        (1, "D:00ff".to_owned()),
        (1, "D:00ff".to_owned()),
        (1, "D:00fe".to_owned()),
    ];
    assert_eq!(table(&hashes).pairs(4), []);
}

fn partners(pairs: &[Pair]) -> HashMap<i64, HashSet<i64>> {
    let mut partners: HashMap<i64, HashSet<i64>> = HashMap::new();
    for pair in pairs {
        partners.entry(pair.a).or_default().insert(pair.b);
        partners.entry(pair.b).or_default().insert(pair.a);
    }
    partners
}

#[test]
fn ten_thousand_copies_make_stars_and_not_all_pairs() {
    let mut hashes: Vec<(i64, String)> = (0..10_000)
        .map(|id| (id, "D:0123456789abcdef".to_owned()))
        .collect();
    hashes.extend((10_000..20_000).map(|id| (id, "D:0123456789abcdee".to_owned())));
    hashes.push((20_000, "D:0123456789abcdff".to_owned()));
    let pairs = table(&hashes).pairs(2);
    assert!(
        pairs.len() <= 20_001 * usize::from(PARTNERS),
        "{}",
        pairs.len()
    );
    let partners = partners(&pairs);
    for (id, _) in &hashes {
        assert!(partners[id].len() >= usize::from(PARTNERS), "{id}");
    }
    let joined = pairs
        .iter()
        .filter(|pair| pair.a < 10_000 && pair.b >= 10_000);
    assert!(joined.count() > 0, "the two pictures stay joined");
}

#[test]
fn what_is_reported_does_not_depend_on_the_order_of_the_rows() {
    let mut hashes: Vec<(i64, String)> = (0..300)
        .map(|id| {
            (
                id,
                format!("D:00000000000{:05x}", 1u32 << (id % 17) | 1 << (id % 13)),
            )
        })
        .collect();
    let pairs = table(&hashes).pairs(6);
    hashes.reverse();
    assert_eq!(table(&hashes).pairs(6), pairs);
}

#[test]
fn a_crowd_of_different_hashes_keeps_enough_partners_of_each() {
    // 136 + 16 hashes within 4 bits of one another.
    let mut hashes = Vec::new();
    for x in 0..16 {
        for y in 0..=x {
            hashes.push((
                hashes.len() as i64,
                format!("D:{:016x}", 1u64 << x | 1 << (y + 20)),
            ));
        }
    }
    let pairs = table(&hashes).pairs(4);
    assert!(pairs.len() <= hashes.len() * usize::from(PARTNERS));
    let (kept, all) = (partners(&pairs), partners(&brute_force(&hashes, 4)));
    for (id, others) in all {
        assert!(
            kept[&id].len() >= others.len().min(usize::from(PARTNERS)),
            "{id}"
        );
    }
}

#[test]
fn a_crop_is_compared_with_hashes_and_not_with_crops() {
    let mut table = HashTable::default();
    table.insert_with_crops(1, "D:0000", Some("D:00ffff00"));
    table.insert_with_crops(2, "D:0f0f", Some("D:ff00"));
    assert!(table.pairs(0).is_empty(), "their crops are the same");
    table.insert(3, "D:ff01");
    let pair = |a, b| Pair { a, b, distance: 1 };
    assert_eq!(table.pairs(1), [pair(1, 3), pair(2, 3)]);
}

#[test]
fn the_distance_is_the_least_of_hashes_and_crops() {
    let mut table = HashTable::default();
    table.insert_with_crops(1, "D:0000", Some("D:ffff00ff0007"));
    table.insert_with_crops(2, "D:000f", Some("D:0001"));
    let pair = |distance| Pair {
        a: 1,
        b: 2,
        distance,
    };
    assert_eq!(table.pairs(4), [pair(1)]);
    assert_eq!(table.pairs(1), [pair(1)]);
    assert_eq!(table.pairs(0), []);
}

#[test]
fn crops_that_cannot_be_read_leave_the_hash_as_it_is() {
    for crops in ["", "D", "D:", "D:00f", "D:00fx", "P:00ff", "D:00ff0"] {
        let mut table = HashTable::default();
        assert!(table.insert_with_crops(1, "D:0000", Some(crops)), "{crops}");
        table.insert(2, "D:00ff");
        table.insert(3, "D:0001");
        assert_eq!(table.pairs(1).len(), 1, "{crops}");
    }
    assert!(!HashTable::default().insert_with_crops(1, "D:00x0", Some("D:0000")));
}

#[test]
fn pictures_of_the_same_hash_share_the_crops_of_the_first_that_has_any() {
    let mut hashes = [(1, None), (2, Some("D:00ff")), (4, Some("D:ff00"))];
    for _ in 0..2 {
        let mut table = HashTable::default();
        for (id, crops) in hashes {
            table.insert_with_crops(id, "D:0000", crops);
        }
        table.insert(3, "D:00ff");
        let with_three = table
            .pairs(0)
            .into_iter()
            .filter(|pair| pair.a == 3 || pair.b == 3);
        assert_eq!(with_three.count(), 3, "one picture, three ids");
        hashes.reverse();
    }
}
