//! Help in the language asked for. clap arranges it; every word of it comes from the locale files, by the
//! names of commands and arguments.

use clap::{Arg, Command};

use crate::language::Words;

/// The command with all that is told about it in the language asked for.
pub(crate) fn described(mut command: Command, words: Words) -> Command {
    // Arguments that hold for all commands, `help` and `version` are where they belong only after this.
    command.build();
    let name = command.get_name().to_owned();
    describe(command, words, "help", &name)
}

/// Arguments that mean something else in one command than in the others of that name.
const OWN: [(&str, &str); 5] = [
    ("screen", "output"),
    ("template", "output"),
    ("docs", "output"),
    ("synth", "kind"),
    ("demo", "projects"),
];

/// `key` names the command's text, `path` is what a person types to get there.
fn describe(command: Command, words: Words, key: &str, path: &str) -> Command {
    let about = words.say(key);
    let own = command.get_name().to_owned();
    let command = command
        .about(about)
        .mut_args(|arg| describe_argument(arg, &own, words));
    let names: Vec<String> = command
        .get_subcommands()
        .map(|inner| inner.get_name().to_owned())
        .collect();
    let command = names.into_iter().fold(command, |command, name| {
        command.mut_subcommand(&name, |inner| {
            if name == "help" {
                return inner.about(words.say("help-help"));
            }
            describe(
                inner,
                words,
                &format!("{key}-{name}"),
                &format!("{path} {name}"),
            )
        })
    });
    let usage = usage(&command, words, path);
    let template = template(&command, words);
    command.override_usage(usage).help_template(template)
}

/// Its text, then the values that may be chosen, then the one that holds when none is given.
fn describe_argument(arg: Arg, command: &str, words: Words) -> Arg {
    let id = arg.get_id().as_str().replace('_', "-");
    let mut help = if OWN.contains(&(command, &id)) {
        words.say(&format!("arg-{command}-{id}"))
    } else {
        words.say(&format!("arg-{id}"))
    };
    if !arg.get_action().takes_values() {
        return arg.help(help);
    }
    let choices: Vec<String> = arg
        .get_possible_values()
        .iter()
        .map(|value| value.get_name().to_owned())
        .collect();
    if !choices.is_empty() {
        let choices = choices.join(&words.say("list-comma"));
        help.push_str(&words.say_with("arg-choices", &[("choices", choices)]));
    }
    let default: Vec<_> = arg
        .get_default_values()
        .iter()
        .map(|value| value.to_string_lossy().into_owned())
        .collect();
    if !default.is_empty() {
        help.push_str(&words.say_with("arg-default", &[("value", default.join(" "))]));
    }
    arg.help(help)
        .value_name(words.say(&format!("value-{id}")))
        .hide_possible_values(true)
        .hide_default_value(true)
}

/// `kandeng synth [OPTIONS] --output <PATH>`.
fn usage(command: &Command, words: Words, path: &str) -> String {
    let mut line = vec![path.to_owned(), words.say("usage-options")];
    let required = command
        .get_opts()
        .filter(|arg| arg.is_required_set())
        .map(ToString::to_string);
    line.extend(required);
    line.extend(command.get_positionals().map(ToString::to_string));
    if command.has_subcommands() {
        line.push(words.say("usage-command"));
    }
    line.join(" ")
}

/// The parts of a command's help; a part that would be empty is not there.
fn template(command: &Command, words: Words) -> String {
    let mut parts = vec![
        "{about}".to_owned(),
        words.say_with("usage", &[("usage", "{usage}".to_owned())]),
    ];
    let mut part = |there: bool, key: &str, tag: &str| {
        if there {
            parts.push(format!("{}\n{tag}", words.say(key)));
        }
    };
    part(
        command.has_subcommands(),
        "usage-heading-commands",
        "{subcommands}",
    );
    part(
        command.get_positionals().next().is_some(),
        "usage-heading-arguments",
        "{positionals}",
    );
    part(true, "usage-heading-options", "{options}");
    parts.join("\n\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::Cli;
    use clap::CommandFactory as _;
    use kandeng_screening::Language;

    /// The help of a command and of all commands below it.
    fn all_help(command: &mut Command, into: &mut Vec<String>) {
        into.push(command.render_help().to_string());
        for inner in command.get_subcommands_mut() {
            if inner.get_name() != "help" {
                all_help(inner, into);
            }
        }
    }

    fn helps(language: Language) -> Vec<String> {
        let mut texts = Vec::new();
        all_help(
            &mut described(Cli::command(), Words::new(language)),
            &mut texts,
        );
        texts
    }

    #[test]
    fn every_command_and_argument_is_described_in_both_languages() {
        for language in [Language::Zh, Language::En] {
            let texts = helps(language);
            assert!(texts.len() > 10);
            for text in texts {
                assert!(!text.contains("Unknown localization"), "{text}");
            }
        }
    }

    #[test]
    fn only_screening_is_said_to_write_to_standard_output() {
        let says = helps(Language::En);
        let of = |command: &str| {
            let usage = format!("Usage: kandeng {command} ");
            says.iter().find(|text| text.contains(&usage)).unwrap()
        };
        assert!(of("screen").contains("standard output"));
        for command in ["template", "synth", "rules docs"] {
            assert!(!of(command).contains("standard output"), "{}", of(command));
        }
        assert!(of("demo").contains("20,000") && !of("demo").contains("1,000,000"));
    }

    #[test]
    fn help_in_chinese_has_no_english_sentence() {
        for text in helps(Language::Zh) {
            let of_clap = [
                "Usage",
                "Commands",
                "Options",
                "OPTIONS",
                "COMMAND",
                "Arguments",
                "Print",
                "default",
                "possible",
            ];
            for word in of_clap {
                assert!(!text.contains(word), "{word} is in {text}");
            }
            for line in text.lines().filter(|line| !line.trim().is_empty()) {
                let has_chinese = line.chars().any(|letter| ('一'..='龥').contains(&letter));
                assert!(has_chinese, "{line:?} is in {text}");
            }
        }
    }

    #[test]
    fn help_in_english_has_no_chinese() {
        for text in helps(Language::En) {
            let chinese = text.chars().find(|letter| ('一'..='龥').contains(letter));
            assert_eq!(chinese, None, "{text}");
        }
    }
}
