//! `kandeng backup` and `kandeng restore`.

use std::process::ExitCode;
use std::sync::atomic::Ordering;

use jiff::Timestamp;
use kandeng_platform::node::{Folder, Loss, Restore, backup, backup_people, restore};

use crate::args;
use crate::failure::Failure;
use crate::language::Words;
use crate::progress::bar;

pub(crate) fn run(options: &args::Backup, words: Words) -> Result<ExitCode, Failure> {
    let folder = Folder::open(&options.dir)?;
    let stop = crate::interrupt::flag();
    let bar = bar(1, words.say("progress-migrate"));
    let done = backup(
        &folder,
        &options.to,
        options.with_keys,
        Timestamp::now(),
        &mut |done, total| {
            bar.set_length(total);
            bar.set_position(done);
            !stop.load(Ordering::Relaxed)
        },
    );
    bar.finish_and_clear();
    let done = done?;
    tell!(
        "{}",
        words.say_with(
            "backup-done",
            &[
                ("to", options.to.display().to_string()),
                ("size", done.size.to_string()),
                ("evidence", done.evidence.to_string()),
            ]
        )
    );
    let keys = if done.with_keys {
        "backup-with-keys"
    } else {
        "backup-without-keys"
    };
    tell!("{}", words.say(keys));
    if let Some(to) = &options.people {
        let made = backup_people(&folder, to, Timestamp::now())?;
        let day = made
            .lapses
            .to_zoned_datetime(jiff::tz::TimeZone::fixed(jiff::tz::offset(8)));
        tell!(
            "{}",
            words.say_with(
                "backup-people",
                &[
                    ("path", to.display().to_string()),
                    ("day", day.date().to_string()),
                ]
            )
        );
    }
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn bring_back(options: &args::Restore, words: Words) -> Result<ExitCode, Failure> {
    let mut known = Vec::new();
    for path in &options.checkpoint {
        known.push(super::verify::checkpoint(path)?);
    }
    let reason = options
        .reason
        .clone()
        .unwrap_or_else(|| "later entries are lost".to_owned());
    // Whoever runs the command where nobody is named: the machine's own account has no id.
    let loss = Loss {
        by: options.decided_by.unwrap_or_default(),
        reason: &reason,
    };
    let what = Restore {
        from: &options.from,
        to: &options.dir,
        keys: options.keys.as_deref(),
        people: options.people.as_deref(),
        known: &known,
        accept_loss: options.accept_loss.then_some(loss),
    };
    let bar = bar(1, words.say("progress-verify"));
    let restored = restore(&what, Timestamp::now(), &mut |done, total| {
        bar.set_length(total);
        bar.set_position(done);
    });
    bar.finish_and_clear();
    let restored = restored?;
    tell!(
        "{}",
        words.say_with(
            "restore-done",
            &[
                ("dir", options.dir.display().to_string()),
                ("entries", restored.entries.to_string()),
                ("evidence", restored.evidence.to_string()),
                ("erased", restored.erased.to_string()),
            ]
        )
    );
    tell!(
        "{}",
        words.say_with(
            "restore-deadlines",
            &[
                ("running", restored.running.to_string()),
                ("due", restored.due.to_string()),
            ]
        )
    );
    if let Some((gap, origin)) = &restored.loss {
        tell!(
            "{}",
            words.say_with(
                "restore-loss",
                &[
                    ("origin", origin.clone()),
                    ("old", gap.origin.clone()),
                    ("from", gap.kept.to_string()),
                    ("to", (gap.known - 1).to_string()),
                    (
                        "public",
                        options.dir.join("ledger.pub").display().to_string()
                    ),
                ]
            )
        );
    }
    if restored.sealed > 0 {
        let sealed = restored.sealed.to_string();
        crate::complain(&words.say_with(
            "warning",
            &[(
                "problem",
                words.say_with("restore-sealed", &[("sealed", sealed)]),
            )],
        ));
    }
    Ok(ExitCode::SUCCESS)
}
