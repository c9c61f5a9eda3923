//! `kandeng vault rotate`: another master key over people's keys.

use std::process::ExitCode;

use kandeng_platform::node::{Folder, Secret, rotate};

use crate::args::{Vault, VaultCommand};
use crate::failure::Failure;
use crate::language::Words;

pub(crate) fn run(options: &Vault, words: Words) -> Result<ExitCode, Failure> {
    let VaultCommand::Rotate { dir, new_key } = &options.command;
    let folder = Folder::open(dir)?;
    let lock = folder.lock()?;
    let done = rotate(&folder, &lock, new_key)?;
    let path = new_key.display().to_string();
    if done.made {
        tell!(
            "{}",
            words.say_with("rotate-made", &[("path", path.clone())])
        );
    }
    tell!(
        "{}",
        words.say_with(
            "rotate-done",
            &[
                ("keys", done.keys.to_string()),
                ("new", done.new),
                ("old", done.old.clone()),
            ]
        )
    );
    let next = match done.was {
        Secret::File(was) => words.say_with(
            "rotate-file",
            &[
                ("path", path),
                ("was", folder.path().join(was).display().to_string()),
                ("old", done.old),
            ],
        ),
        Secret::Variable(name) => words.say_with(
            "rotate-variable",
            &[("path", path), ("name", name), ("old", done.old)],
        ),
    };
    tell!("{next}");
    Ok(ExitCode::SUCCESS)
}
