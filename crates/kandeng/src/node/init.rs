//! `kandeng init`: the folder of a new node.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use kandeng_platform::node::{Config, init};

use crate::args::Init;
use crate::failure::Failure;
use crate::language::Words;

/// The division code where none is given: a province that there is not.
const FICTIONAL: &str = "990000";

pub(crate) fn run(options: &Init, words: Words) -> Result<ExitCode, Failure> {
    // The name stands in every signature for the life of the ledger: one that nobody chose says that it is for
    // trying out (RFC 2606), and no other ledger has it.
    let named = options.origin.is_some();
    let origin = options.origin.clone().unwrap_or_else(|| {
        let id = uuid::Uuid::new_v4().simple().to_string();
        format!("ledger.invalid/{}", &id[..12])
    });
    let jurisdiction = options.jurisdiction.as_deref().unwrap_or(FICTIONAL);
    let mut config = Config::new(&origin, jurisdiction);
    if let Some(second) = &options.second {
        config.second_place = Some(absolute(second)?);
    }
    let folder = init(&options.dir, &config)?;
    let public = std::fs::read_to_string(folder.public_path())
        .map_err(Failure::unread(&folder.public_path()))?;
    tell!(
        "{}",
        words.say_with(
            "init-made",
            &[
                ("dir", options.dir.display().to_string()),
                ("origin", origin),
                ("public", public.trim().to_owned()),
            ]
        )
    );
    tell!(
        "{}",
        words.say_with(
            "init-keys",
            &[("keys", folder.keys().display().to_string())]
        )
    );
    if !named {
        tell!("{}", words.say("init-unnamed"));
    }
    if options.second.is_none() {
        tell!("{}", words.say("init-no-second"));
    }
    Ok(ExitCode::SUCCESS)
}

/// A path that means the same from wherever the node is started.
fn absolute(path: &Path) -> Result<PathBuf, Failure> {
    std::path::absolute(path).map_err(Failure::unread(path))
}
