//! `kandeng migrate`: the ledger moved from the node's own file to PostgreSQL.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::Ordering;

use kandeng_platform::node::{Folder, Secret, StoreAt, migrate};

use crate::args::{Migrate, MoveTo};
use crate::failure::Failure;
use crate::language::Words;
use crate::progress::bar;

pub(crate) fn run(options: &Migrate, words: Words) -> Result<ExitCode, Failure> {
    let stop = crate::interrupt::flag();
    let folder = Folder::open(&options.dir)?;
    let MoveTo::Postgres = options.move_to;
    let store = StoreAt::Postgres {
        address: address(options)?,
        certificates: absolute(options.certificates.as_ref())?,
        keys: secret(
            options.keys_address_file.as_ref(),
            options.keys_address_variable.as_ref(),
        )?,
    };
    let lock = folder.lock()?;
    let bar = bar(1, words.say("progress-migrate"));
    let copied = migrate(&folder, &lock, &store, &mut |done, total| {
        bar.set_length(total);
        bar.set_position(done);
        !stop.load(Ordering::Relaxed)
    });
    bar.finish_and_clear();
    let copied = copied?;
    tell!(
        "{}",
        words.say_with(
            "migrate-done",
            &[
                ("entries", copied.entries.to_string()),
                ("checkpoints", copied.checkpoints.to_string()),
                ("root", copied.root.unwrap_or_else(|| "-".to_owned())),
            ]
        )
    );
    Ok(ExitCode::SUCCESS)
}

/// Where the address is kept: never on the command line, where everybody on the machine could read it.
fn address(options: &Migrate) -> Result<Secret, Failure> {
    secret(
        options.address_file.as_ref(),
        options.address_variable.as_ref(),
    )?
    .ok_or_else(|| {
        Failure::wrong(
            "请用 --address-file 或 --address-variable 指明 PostgreSQL 的地址在哪里",
            "name where the address of PostgreSQL is with --address-file or --address-variable",
        )
    })
}

fn secret(file: Option<&PathBuf>, variable: Option<&String>) -> Result<Option<Secret>, Failure> {
    let file = absolute(file)?.map(Secret::File);
    Ok(file.or_else(|| variable.cloned().map(Secret::Variable)))
}

fn absolute(path: Option<&PathBuf>) -> Result<Option<PathBuf>, Failure> {
    path.map(|path| std::path::absolute(path).map_err(Failure::unread(path)))
        .transpose()
}
