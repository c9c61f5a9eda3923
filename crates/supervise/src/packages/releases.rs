//! Release and record packages, process by process: each as one release that says what holds now.

use std::collections::HashMap;

use kandeng_screening::Text;
use serde_json::Value;

use super::found::{Found, NotCarried};
use super::{PackageError, PackageKind, shape};
use crate::ocds::{merged, when};

/// What a process comes to, handed on with its place.
type Take<'t> = dyn FnMut(&mut Found, String, Value) -> Result<(), PackageError> + 't;

/// Goes through the processes of a package.
pub(super) fn each(
    text: &str,
    kind: PackageKind,
    found: &mut Found,
    take: &mut Take<'_>,
) -> Result<(), PackageError> {
    if kind == PackageKind::Records {
        return shape::each(text, "records", |index, record| {
            self::record(found, take, format!("/records/{index}"), record)
        });
    }
    // Releases of one process may stand far apart, so all are held until they are merged: as text, which is no more than
    // the file has, where values are many times that.
    let mut by_ocid: HashMap<String, Vec<(String, String)>> = HashMap::new();
    let mut order = Vec::new();
    shape::each(text, "releases", |index, release| {
        let place = format!("/releases/{index}");
        let ocid = ocid_of(&place, &release)?;
        let known = by_ocid.entry(ocid.clone()).or_insert_with(|| {
            order.push(ocid);
            Vec::new()
        });
        known.push((place, release.to_string()));
        Ok(())
    })?;
    for ocid in order {
        let releases = by_ocid.remove(&ocid).unwrap_or_default();
        let releases = releases.into_iter().map(|(place, text)| {
            let release =
                serde_json::from_str(&text).map_err(|error| PackageError::json(&error))?;
            Ok((place, release))
        });
        whole(found, take, releases.collect::<Result<_, PackageError>>()?)?;
    }
    Ok(())
}

/// Who a release is about.
fn ocid_of(place: &str, release: &Value) -> Result<String, PackageError> {
    let ocid = release.get("ocid").and_then(Value::as_str);
    ocid.map(str::to_owned).ok_or_else(|| {
        PackageError::at(
            &format!("{place}/ocid"),
            "没有 ocid,无法分辨是哪个合同过程",
            "there is no ocid, so nobody can tell which contracting process it is",
        )
    })
}

/// The compiled release of a record, else its releases merged when all are there.
fn record(
    found: &mut Found,
    take: &mut Take<'_>,
    place: String,
    mut record: Value,
) -> Result<(), PackageError> {
    let ocid = ocid_of(&place, &record)?;
    if let Some(compiled) = record
        .get_mut("compiledRelease")
        .filter(|one| one.is_object())
    {
        let mut compiled = compiled.take();
        if let Some(fields) = compiled.as_object_mut() {
            fields.entry("ocid").or_insert_with(|| Value::from(ocid));
        }
        return take(found, format!("{place}/compiledRelease"), compiled);
    }
    let releases = record.get_mut("releases").and_then(Value::as_array_mut);
    let releases: Vec<(String, Value)> = releases
        .into_iter()
        .flatten()
        .enumerate()
        .map(|(index, release)| (format!("{place}/releases/{index}"), release.take()))
        .collect();
    let in_full = |release: &Value| release.get("ocid").is_some() || release.get("url").is_none();
    if !releases.is_empty() && releases.iter().all(|(_, release)| in_full(release)) {
        return whole(found, take, releases);
    }
    let left = NotCarried {
        code: String::new(),
        place: format!("{place}/releases"),
        value: None,
        why: Text::new(
            "只有链接,没有完整内容(compiledRelease 或 releases);请先汇编",
            "links only and nothing in full (compiledRelease or releases); compile it first",
        ),
    };
    found.leave(&ocid, vec![left]);
    Ok(())
}

/// The releases of one process as one; where each thing stands is looked up in the newest release that has it.
fn whole(
    found: &mut Found,
    take: &mut Take<'_>,
    mut releases: Vec<(String, Value)>,
) -> Result<(), PackageError> {
    if releases.len() == 1
        && let Some((place, release)) = releases.pop()
    {
        return take(found, place, release);
    }
    releases.sort_by_cached_key(|(_, release)| when(release));
    let newest = releases
        .last()
        .map(|(place, _)| place.clone())
        .unwrap_or_default();
    let compiled = merged(
        releases
            .iter()
            .map(|(_, release)| release.clone())
            .collect(),
    );
    let (projects, left) = (found.projects.len(), found.left.len());
    take(found, newest.clone(), compiled.clone())?;
    let mend = |place: &mut String| {
        let Some(inner) = place.strip_prefix(&newest) else {
            return;
        };
        let mut newest_first = releases.iter().rev();
        let stands = newest_first.find_map(|(holder, release)| {
            let there = place_in(&compiled, release, inner)?;
            Some(format!("{holder}{there}"))
        });
        if let Some(stands) = stands {
            *place = stands;
        }
    };
    for project in &mut found.projects[projects..] {
        for cell in project.rows.iter_mut().flat_map(|row| &mut row.cells) {
            mend(&mut cell.place);
        }
    }
    for one in &mut found.left[left..] {
        mend(&mut one.place);
    }
    Ok(())
}

/// Where a release says what stands at a place of what it was compiled into; nothing where it says nothing of that. A
/// list of things with ids holds those of all releases, and each release its own in its own order.
fn place_in(compiled: &Value, release: &Value, inner: &str) -> Option<String> {
    let (mut whole, mut part) = (compiled, release);
    let mut place = String::new();
    for step in inner.split('/').skip(1) {
        if let Value::Array(list) = whole {
            let index: usize = step.parse().ok()?;
            whole = list.get(index)?;
            let own = part.as_array()?;
            let at = match whole.get("id") {
                Some(id) => own.iter().position(|one| one.get("id") == Some(id))?,
                None => index,
            };
            part = own.get(at)?;
            place = format!("{place}/{at}");
        } else {
            let key = step.replace("~1", "/").replace("~0", "~");
            whole = whole.get(&key)?;
            part = part.get(&key)?;
            place = format!("{place}/{step}");
        }
    }
    Some(place)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_thing_of_a_list_stands_where_its_own_release_has_it() {
        let first = json!({"ocid": "a", "date": "2025-03-14T01:00:00+08:00",
            "awards": [{"id": "1", "value": {"amount": 1}}], "x/y": "z"});
        let second = json!({"ocid": "a", "date": "2025-03-13T20:00:00Z",
            "awards": [{"id": "2", "value": {"amount": 2}}]});
        // By their texts the first would be the later one.
        assert!(when(&first) < when(&second));
        let compiled = merged(vec![first.clone(), second.clone()]);
        let places = |inner: &str| {
            [&first, &second].map(|release| place_in(&compiled, release, inner).unwrap_or_default())
        };
        let amount = |index: u8| format!("/awards/{index}/value/amount");
        assert_eq!(places(&amount(0)), [amount(0), String::new()]);
        assert_eq!(places(&amount(1)), [String::new(), amount(0)]);
        assert_eq!(places("/x~1y"), ["/x~1y", ""]);
        assert_eq!(places("/awards/2"), ["", ""]);
    }
}
