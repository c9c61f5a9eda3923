//! What was planted, as (rule, subject): kept apart from the county, so that nobody screens with it open.
//! Projects are named by code, companies by organisation code, other bodies by name.

use super::brief::Brief;
use super::county::{County, Owner};
use super::disturb::upkeep_body_of_its_own;
use super::error::SynthError;
use super::life::code;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// A rule and a subject that it must flag.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Answer {
    /// Id of the rule.
    pub rule: String,
    /// Project code, or id of an organisation.
    pub subject: String,
}

/// Every planted answer, sorted.
pub(super) fn answers(county: &County) -> Vec<Answer> {
    let mut all = BTreeSet::new();
    for (number, group) in county.planting.groups.iter().enumerate() {
        for project in &group.members {
            let subject = code(&Brief::of(county, *project));
            all.extend(group.rules.iter().map(|rule| Answer {
                rule: (*rule).to_owned(),
                subject: subject.clone(),
            }));
        }
        let company = |role| county.company_name(county.private_company(number, role)).0;
        let organization = match group.id {
            "K11" => Some(("K11", company(15))),
            "K12a" | "K12b" => Some(("K12", company(0))),
            "K35" => Some(("K35", company(0))),
            "K30" => Some(("K30", county.owner(Owner::Centre(number)).1)),
            "K39" => Some((
                "K39",
                upkeep_body_of_its_own(&Brief::of(county, group.members[0]), number),
            )),
            _ => None,
        };
        all.extend(organization.map(|(rule, subject)| Answer {
            rule: rule.to_owned(),
            subject,
        }));
    }
    all.into_iter().collect()
}

/// Writes `answers.csv` into a folder of its own.
pub(super) fn write(answers: &[Answer], folder: &Path) -> Result<PathBuf, SynthError> {
    std::fs::create_dir_all(folder).map_err(|source| SynthError::io(folder, source))?;
    let path = folder.join("answers.csv");
    let mut text = String::from("rule,subject\n");
    for answer in answers {
        text.push_str(&answer.rule);
        text.push(',');
        text.push_str(&answer.subject);
        text.push('\n');
    }
    std::fs::write(&path, text).map_err(|source| SynthError::io(&path, source))?;
    Ok(path)
}
