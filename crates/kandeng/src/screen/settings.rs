//! What the engine is told from the arguments: the day, the audience, the rules chosen, parameters, limits.

use std::collections::BTreeSet;
use std::time::Duration;

use kandeng_screening::pack::{Audience, Pack, Param};
use kandeng_screening::{Labels, Settings};

use kandeng_supervise::import::shown;

use crate::args::How;
use crate::failure::Failure;

pub(super) fn settings(
    how: &How,
    pack: &Pack,
    as_of: jiff::civil::Date,
    audience: Audience,
    labels: Labels,
    profile: bool,
) -> Result<Settings, Failure> {
    let mut settings = Settings::new(as_of, audience);
    settings.labels = labels;
    settings.profile = profile;
    if let Some(mib) = how.memory {
        settings.memory_limit = mib.get().saturating_mul(1 << 20);
    }
    if let Some(seconds) = how.time_limit {
        settings.time_limit = Duration::from_secs(seconds.get());
    }
    if !how.only.is_empty() {
        let mut only = BTreeSet::new();
        for id in how.only.iter().map(|id| id.trim()) {
            if id.is_empty() {
                return Err(Failure::wrong(
                    "--only 中有空的规则编号;应写成 --only Q01,Q02",
                    "--only names a rule without an id; it reads --only Q01,Q02",
                ));
            }
            let rule = pack.rule(id).ok_or_else(|| Failure::no_rule(id))?;
            if !rule.audience.is_seen_by(audience) {
                return Err(Failure::wrong(
                    format!("规则 {} 只对监督人员显示;请加 --audience officer", rule.id),
                    format!(
                        "rule {} is shown to officers only; add --audience officer",
                        rule.id
                    ),
                ));
            }
            only.insert(rule.id.clone());
        }
        settings.only = Some(only);
    }
    for assignment in &how.set {
        let (rule, name, value) = read_assignment(assignment, pack)?;
        settings.params.insert((rule, name), value);
    }
    Ok(settings)
}

/// `RULE.param=value` as the rule's own kind of value.
fn read_assignment(text: &str, pack: &Pack) -> Result<(String, String, Param), Failure> {
    let parts = text.split_once('=').and_then(|(left, value)| {
        left.split_once('.')
            .map(|(rule, name)| (rule.trim(), name.trim(), value.trim()))
    });
    // The value may be anything, a person's number too.
    let told = shown(text);
    let Some((id, name, value)) = parts else {
        return Err(Failure::wrong(
            format!("--set 应写成“规则.参数=值”,而不是“{told}”"),
            format!("--set reads RULE.param=value, not `{told}`"),
        ));
    };
    let rule = pack.rule(id).ok_or_else(|| Failure::no_rule(id))?;
    let Some(default) = rule.params.get(name) else {
        let known: Vec<_> = rule.params.keys().cloned().collect();
        return Err(Failure::wrong(
            format!(
                "规则 {} 没有参数 {name};它的参数:{}",
                rule.id,
                known.join("、")
            ),
            format!(
                "rule {} has no parameter {name}; it has: {}",
                rule.id,
                known.join(", ")
            ),
        ));
    };
    let value = default.parse_like(value).map_err(|_| {
        Failure::wrong(
            format!("--set {told}:取值应与默认值 {default} 同类"),
            format!("--set {told}: the value must be of the same kind as the default, {default}"),
        )
    })?;
    Ok((rule.id.clone(), name.to_owned(), value))
}
