//! What is wrong with a command line, in the language asked for. clap finds it and says which kind it is;
//! its own sentences, which are English, are not shown.

use clap::error::{ContextKind, ContextValue, ErrorKind};

use kandeng_supervise::import::shown;

use crate::language::Words;

/// The sentence, what was perhaps meant, how the command is used, and where help is.
pub(crate) fn explain(error: &clap::Error, words: Words) -> String {
    let mut lines = vec![words.say_with("error", &[("problem", problem(error, words))])];
    let meant = [
        ContextKind::SuggestedSubcommand,
        ContextKind::SuggestedArg,
        ContextKind::SuggestedValue,
    ]
    .into_iter()
    .flat_map(|kind| texts(error, kind))
    .collect::<Vec<_>>();
    if !meant.is_empty() {
        let meant = meant.join(&words.say("list-comma"));
        lines.push(words.say_with("usage-meant", &[("meant", meant)]));
    }
    // clap leads it with a heading of its own.
    if let Some(usage) = texts(error, ContextKind::Usage).first() {
        let usage = usage.trim_start_matches("Usage:").trim();
        lines.push(words.say_with("usage", &[("usage", usage.to_owned())]));
    }
    lines.push(words.say("usage-help"));
    lines.join("\n")
}

fn problem(error: &clap::Error, words: Words) -> String {
    let first = |kind| texts(error, kind).into_iter().next().unwrap_or_default();
    let comma = words.say("list-comma");
    let argument = texts(error, ContextKind::InvalidArg)
        .iter()
        .map(|argument| shown(argument))
        .collect::<Vec<_>>()
        .join(&comma);
    let value = shown(&first(ContextKind::InvalidValue));
    let say = |key: &str, more: &[(&'static str, String)]| {
        let mut values = vec![("argument", argument.clone()), ("value", value.clone())];
        values.extend_from_slice(more);
        words.say_with(key, &values)
    };
    match error.kind() {
        ErrorKind::InvalidValue if value.is_empty() => {
            let choices = texts(error, ContextKind::ValidValue);
            say("usage-no-value", &[]) + &chosen_from(&choices, words)
        }
        ErrorKind::InvalidValue => {
            let choices = texts(error, ContextKind::ValidValue);
            say("usage-wrong-value", &[]) + &chosen_from(&choices, words)
        }
        ErrorKind::ValueValidation => {
            let expected = if argument.starts_with("--as-of") {
                "usage-expects-date"
            } else if argument.starts_with("--decided-by") {
                "usage-expects-account"
            } else if argument.starts_with("--projects") {
                "usage-expects-projects"
            } else if argument.starts_with("--memory") || argument.starts_with("--time-limit") {
                "usage-expects-positive"
            } else {
                "usage-expects-number"
            };
            say("usage-wrong-value", &[]) + &words.say(expected)
        }
        ErrorKind::UnknownArgument => say("usage-unknown-argument", &[]),
        ErrorKind::InvalidSubcommand => say(
            "usage-unknown-command",
            &[("command", shown(&first(ContextKind::InvalidSubcommand)))],
        ),
        ErrorKind::MissingSubcommand => {
            let commands = texts(error, ContextKind::ValidSubcommand).join(&comma);
            say("usage-no-command", &[("commands", commands)])
        }
        ErrorKind::MissingRequiredArgument => say("usage-missing-argument", &[]),
        ErrorKind::ArgumentConflict => {
            let others: Vec<_> = texts(error, ContextKind::PriorArg)
                .into_iter()
                .filter(|other| *other != argument)
                .collect();
            if others.is_empty() {
                say("usage-twice", &[])
            } else {
                say("usage-conflict", &[("others", others.join(&comma))])
            }
        }
        ErrorKind::TooManyValues => say("usage-too-many-values", &[]),
        ErrorKind::NoEquals => say("usage-no-equals", &[]),
        ErrorKind::TooFewValues | ErrorKind::WrongNumberOfValues => say(
            "usage-number-of-values",
            &[
                (
                    "expected",
                    first(ContextKind::MinValues) + &first(ContextKind::ExpectedNumValues),
                ),
                ("given", first(ContextKind::ActualNumValues)),
            ],
        ),
        ErrorKind::InvalidUtf8 => say("usage-not-utf-8", &[]),
        // Kinds that a later clap may add, and those of writing help.
        _ => say("usage-other", &[]),
    }
}

fn chosen_from(choices: &[String], words: Words) -> String {
    if choices.is_empty() {
        return String::new();
    }
    let choices = choices.join(&words.say("list-comma"));
    words.say_with("usage-expects-choice", &[("choices", choices)])
}

/// What the error holds of a kind, as plain texts.
fn texts(error: &clap::Error, kind: ContextKind) -> Vec<String> {
    match error.get(kind) {
        Some(ContextValue::String(text)) => vec![text.clone()],
        Some(ContextValue::Strings(texts)) => texts.clone(),
        Some(ContextValue::StyledStr(text)) => vec![text.to_string()],
        Some(ContextValue::StyledStrs(texts)) => texts.iter().map(ToString::to_string).collect(),
        Some(ContextValue::Number(number)) => vec![number.to_string()],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use clap::{Arg, ArgAction, Command};
    use kandeng_screening::Language;

    use super::*;
    use crate::args;

    /// Command lines that are wrong, the kind of each, and what must be named.
    const WRONG: [(&str, ErrorKind, &[&str]); 18] = [
        (
            "screen a.xlsx --format pdf",
            ErrorKind::InvalidValue,
            &["--format", "pdf", "parquet"],
        ),
        (
            "screen a.xlsx --format jsom",
            ErrorKind::InvalidValue,
            &["--format", "jsom", "json"],
        ),
        (
            "screen a.xlsx --format",
            ErrorKind::InvalidValue,
            &["--format", "parquet"],
        ),
        (
            "screen a.xlsx --currency",
            ErrorKind::InvalidValue,
            &["--currency"],
        ),
        (
            "screen a.xlsx --lang fr",
            ErrorKind::InvalidValue,
            &["--lang", "fr", "zh", "en"],
        ),
        (
            "screen a.xlsx --as-of yesterday",
            ErrorKind::ValueValidation,
            &["--as-of", "yesterday", "2026-06-30"],
        ),
        (
            "screen a.xlsx --memory much",
            ErrorKind::ValueValidation,
            &["--memory", "much"],
        ),
        (
            "restore a b --accept-loss --decided-by me",
            ErrorKind::ValueValidation,
            &["--decided-by", "me"],
        ),
        (
            "ledger tail",
            ErrorKind::MissingRequiredArgument,
            &["kandeng ledger tail"],
        ),
        (
            "synth --projects -5 -o x",
            ErrorKind::UnknownArgument,
            &["-5"],
        ),
        (
            "screen a.xlsx --formt json",
            ErrorKind::UnknownArgument,
            &["--formt", "--format"],
        ),
        (
            "screne a.xlsx",
            ErrorKind::InvalidSubcommand,
            &["screne", "screen"],
        ),
        (
            "help frobnicate",
            ErrorKind::InvalidSubcommand,
            &["frobnicate"],
        ),
        (
            "screen",
            ErrorKind::MissingRequiredArgument,
            &["kandeng screen"],
        ),
        (
            "synth --seed 4",
            ErrorKind::MissingRequiredArgument,
            &["--output"],
        ),
        (
            "--lang en",
            ErrorKind::MissingSubcommand,
            &["screen", "template", "rules", "synth", "demo"],
        ),
        (
            "screen a.xlsx --kind ocds --kind county",
            ErrorKind::ArgumentConflict,
            &["--kind"],
        ),
        (
            "rules profile a.xlsx --plans=yes",
            ErrorKind::TooManyValues,
            &["--plans", "yes"],
        ),
    ];

    fn refusal(line: Vec<OsString>, language: Language) -> (ErrorKind, String) {
        let words = Words::new(language);
        let error = args::parse_from(words, line).unwrap_err();
        (error.kind(), explain(&error, words))
    }

    fn is_chinese(text: &str) -> bool {
        text.chars().any(|letter| ('一'..='龥').contains(&letter))
    }

    fn check(told: &str, language: Language) {
        assert!(!told.contains("Unknown localization"), "{told}");
        match language {
            Language::En => assert!(!is_chinese(told), "{told}"),
            Language::Zh => {
                for line in told.lines() {
                    assert!(is_chinese(line), "{line:?} in {told}");
                }
            }
        }
    }

    #[test]
    fn every_kind_of_mistake_is_explained_in_both_languages() {
        for language in [Language::Zh, Language::En] {
            for (line, kind, named) in WRONG {
                let line = format!("kandeng {line}");
                let (found, told) =
                    refusal(line.split(' ').map(OsString::from).collect(), language);
                assert_eq!(found, kind, "{line}: {told}");
                for word in named {
                    assert!(told.contains(word), "{line}: no {word} in {told}");
                }
                check(&told, language);
            }
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_value_that_is_no_text_is_refused_in_both_languages() {
        use std::os::unix::ffi::OsStringExt as _;
        for language in [Language::Zh, Language::En] {
            let mut line: Vec<_> = ["kandeng", "screen", "a.xlsx", "--currency"]
                .map(OsString::from)
                .into();
            line.push(OsString::from_vec(vec![0xff, 0xfe]));
            let (kind, told) = refusal(line, language);
            assert_eq!(kind, ErrorKind::InvalidUtf8);
            assert!(told.contains("UTF-8"));
            check(&told, language);
        }
    }

    /// Arguments such as ours has none of today.
    fn with_other_arguments() -> Command {
        Command::new("kandeng")
            .arg(Arg::new("pair").long("pair").num_args(2))
            .arg(Arg::new("many").long("many").num_args(2..))
            .arg(Arg::new("equals").long("equals").require_equals(true))
            .arg(
                Arg::new("this")
                    .long("this")
                    .action(ArgAction::SetTrue)
                    .conflicts_with("that"),
            )
            .arg(Arg::new("that").long("that").action(ArgAction::SetTrue))
    }

    /// What is wrong with them.
    const OTHERS: [(&str, ErrorKind, &[&str]); 4] = [
        (
            "--pair a",
            ErrorKind::WrongNumberOfValues,
            &["--pair", "2", "1"],
        ),
        ("--many a", ErrorKind::TooFewValues, &["--many", "2", "1"]),
        ("--equals a", ErrorKind::NoEquals, &["--equals"]),
        (
            "--this --that",
            ErrorKind::ArgumentConflict,
            &["--this", "--that"],
        ),
    ];

    #[test]
    fn kinds_that_no_argument_of_ours_can_cause_today_have_their_sentence_too() {
        for (line, kind, named) in OTHERS {
            let line = format!("kandeng {line}");
            for language in [Language::Zh, Language::En] {
                let error = with_other_arguments()
                    .try_get_matches_from(line.split(' '))
                    .unwrap_err();
                assert_eq!(error.kind(), kind);
                let told = problem(&error, Words::new(language));
                for word in named {
                    assert!(told.contains(word), "no {word} in {told}");
                }
                check(&told, language);
            }
        }
    }

    #[test]
    fn no_kind_of_mistake_is_left_out_of_these_tests() {
        let tested: Vec<ErrorKind> = WRONG
            .iter()
            .chain(&OTHERS)
            .map(|(_, kind, _)| *kind)
            .chain([ErrorKind::InvalidUtf8])
            .collect();
        for kind in [
            ErrorKind::InvalidValue,
            ErrorKind::UnknownArgument,
            ErrorKind::InvalidSubcommand,
            ErrorKind::NoEquals,
            ErrorKind::ValueValidation,
            ErrorKind::TooManyValues,
            ErrorKind::TooFewValues,
            ErrorKind::WrongNumberOfValues,
            ErrorKind::ArgumentConflict,
            ErrorKind::MissingRequiredArgument,
            ErrorKind::MissingSubcommand,
            ErrorKind::InvalidUtf8,
        ] {
            assert!(tested.contains(&kind), "{kind:?}");
        }
    }
}
