//! The index against comparing all pairs, and its behaviour among very many copies.

use std::collections::{HashMap, HashSet};

use proptest::prelude::*;

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
        hashes in near_hashes(16),
        radius in 1u32..12,
        count in prop::sample::select(vec![2usize, 300, 20_000, 1_000_000]),
    ) {
        // The blocks that would serve another number of hashes must find the same pairs.
        let table = table(&hashes);
        let mut found = Vec::new();
        for class in &table.classes {
            let mut clusters = Clusters::<1>::of(class);
            clusters.pair_copies(&mut found);
            let blocks = scheme::<1>(count, 64, radius);
            for (index, block) in blocks.iter().enumerate() {
                let buckets = Buckets::of(&clusters.hashes, block);
                buckets.for_each_pair(block, |left, right| {
                    compare(left, right, radius, |x, y, distance| {
                        if !blocks[..index].iter().any(|block| block.holds(&x.hash, &y.hash)) {
                            clusters.pair(x.place, y.place, distance, &mut found);
                        }
                    });
                });
            }
        }
        found.sort_unstable();
        prop_assert_eq!(found, brute_force(&hashes, radius));
    }

    #[test]
    fn what_is_written_is_read_again(hashes in near_hashes(20)) {
        let (mut bytes, mut read) = (Vec::new(), HashTable::default());
        table(&hashes).write(&mut bytes);
        prop_assert_eq!(read.read(&bytes), Some(()));
        prop_assert_eq!(read.pairs(9), table(&hashes).pairs(9));
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
    assert_eq!(
        table(&hashes).pairs(2),
        [Pair {
            a: 1,
            b: 2,
            distance: 1
        }]
    );
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
