//! Which row of a filing a row of a file is: known by what it holds, not by its place.

use std::collections::{HashMap, VecDeque};

use super::rows::{FileCell, HeldRow};

/// Rows that are left over on both sides are compared each with each up to so many; beyond, in order.
const COMPARED: usize = 200;

/// Places of rows that say the same, by what they say.
type Alike = HashMap<Vec<Option<String>>, VecDeque<usize>>;

/// For each row of the file the row of the filing that it is: the same one, else the most alike. `row_by_row`: each row
/// says what it has, and rows are compared by that; else they are compared by what the file has for any of them.
pub(super) fn matched(
    rows: &[(i64, Vec<FileCell>)],
    kept: &[HeldRow<'_>],
    places: &[Option<usize>],
    row_by_row: bool,
) -> Vec<Option<usize>> {
    let all: Vec<bool> = (0..places.len())
        .map(|place| rows.iter().any(|(_, cells)| cells[place].said))
        .collect();
    let said = |cells: &[FileCell]| -> Vec<bool> {
        if row_by_row {
            cells.iter().map(|cell| cell.said).collect()
        } else {
            all.clone()
        }
    };
    let file_key = |cells: &[FileCell], said: &[bool]| -> Vec<Option<String>> {
        let columns = (0..places.len()).filter(|place| said[*place] && places[*place].is_some());
        columns
            .map(|place| cells[place].stands().map(str::to_owned))
            .collect()
    };
    let held_key = |row: &HeldRow<'_>, said: &[bool]| -> Vec<Option<String>> {
        let columns = places.iter().enumerate().filter(|(place, _)| said[*place]);
        columns
            .filter_map(|(_, place)| *place)
            .map(|place| row.canonical[place].clone())
            .collect()
    };
    // Rows that say most come first, so that one that says less does not take what is another's.
    let mut order: Vec<usize> = (0..rows.len()).collect();
    let counts: Vec<usize> = rows
        .iter()
        .map(|(_, cells)| said(cells).iter().filter(|said| **said).count())
        .collect();
    order.sort_by_key(|row| std::cmp::Reverse(counts[*row]));
    let mut is_free = vec![true; kept.len()];
    let mut by_said: HashMap<Vec<bool>, Alike> = HashMap::new();
    let mut pairs: Vec<Option<usize>> = vec![None; rows.len()];
    for row in order {
        let cells = &rows[row].1;
        let said = said(cells);
        let known = by_said.entry(said.clone()).or_insert_with(|| {
            let mut known = Alike::new();
            for (place, row) in kept.iter().enumerate() {
                known
                    .entry(held_key(row, &said))
                    .or_default()
                    .push_back(place);
            }
            known
        });
        let Some(same) = known.get_mut(&file_key(cells, &said)) else {
            continue;
        };
        while let Some(place) = same.pop_front() {
            if std::mem::take(&mut is_free[place]) {
                pairs[row] = Some(place);
                break;
            }
        }
    }
    let mut left: Vec<usize> = (0..kept.len()).filter(|place| is_free[*place]).collect();
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
        let cells = &rows[row].1;
        let said = said(cells);
        let key = file_key(cells, &said);
        let filled = key.iter().flatten().count();
        let alike = |place: usize| {
            let held = held_key(&kept[place], &said);
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
