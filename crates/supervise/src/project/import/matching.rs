//! Which row of a filing a row of a file is: known by what it holds, not by its place.

use std::collections::{HashMap, VecDeque};

use super::rows::{FileCell, HeldRow};

/// Rows that are left over on both sides are compared each with each up to so many; beyond, in order.
const COMPARED: usize = 200;

/// For each row of the file the row of the filing that it is: the same one, else the most alike.
pub(super) fn matched(
    rows: &[(i64, Vec<FileCell>)],
    kept: &[HeldRow<'_>],
    places: &[Option<usize>],
) -> Vec<Option<usize>> {
    let said: Vec<bool> = (0..places.len())
        .map(|place| rows.iter().any(|(_, cells)| cells[place].said))
        .collect();
    let file_key = |cells: &[FileCell]| -> Vec<Option<String>> {
        let columns = (0..places.len()).filter(|place| said[*place] && places[*place].is_some());
        columns
            .map(|place| cells[place].stands().map(str::to_owned))
            .collect()
    };
    let held_key = |row: &HeldRow<'_>| -> Vec<Option<String>> {
        let columns = places.iter().enumerate().filter(|(place, _)| said[*place]);
        columns
            .filter_map(|(_, place)| *place)
            .map(|place| row.canonical[place].clone())
            .collect()
    };
    let mut free: HashMap<Vec<Option<String>>, VecDeque<usize>> = HashMap::new();
    for (place, row) in kept.iter().enumerate() {
        free.entry(held_key(row)).or_default().push_back(place);
    }
    let mut pairs: Vec<Option<usize>> = rows
        .iter()
        .map(|(_, cells)| free.get_mut(&file_key(cells))?.pop_front())
        .collect();
    let mut left: Vec<usize> = free.into_values().flatten().collect();
    left.sort_unstable();
    let open: Vec<usize> = (0..rows.len())
        .filter(|row| pairs[*row].is_none())
        .collect();
    if open.len() > COMPARED || left.len() > COMPARED {
        for (row, place) in open.into_iter().zip(left) {
            pairs[row] = Some(place);
        }
        return pairs;
    }
    for row in open {
        let key = file_key(&rows[row].1);
        let filled = key.iter().flatten().count();
        let alike = |place: usize| {
            let held = held_key(&kept[place]);
            let same = key
                .iter()
                .zip(&held)
                .filter(|(file, held)| file.is_some() && file == held);
            same.count()
        };
        let best = left.iter().map(|place| (alike(*place), *place));
        let best = best.max_by_key(|(same, place)| (*same, std::cmp::Reverse(*place)));
        // A row that shares less than half with any other is a new one.
        if let Some((same, place)) = best
            && same > 0
            && 2 * same >= filled
        {
            left.retain(|known| *known != place);
            pairs[row] = Some(place);
        }
    }
    pairs
}
