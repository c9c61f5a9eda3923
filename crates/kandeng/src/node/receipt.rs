//! `kandeng receipt`: the proof that an entry is in the ledger, as a text that others can check (C2SP tlog-proof).

use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

use kandeng_ledger::{Checkpoint, Open, ReceiptError, receipt};
use kandeng_platform::node::Folder;

use crate::args::{Opened, Receipt};
use crate::failure::Failure;
use crate::language::Words;
use crate::whole_file::write_file;

pub(crate) fn run(options: &Receipt, _: Words) -> Result<ExitCode, Failure> {
    let folder = Folder::open(&options.dir)?;
    let trust = folder.trust()?;
    let mut reader = folder.reader()?;
    let newest = reader.checkpoint()?;
    let size = newest.as_ref().map_or(0, |checkpoint| checkpoint.size);
    // The newest that a witness has cosigned says more, as soon as it reaches so far.
    let witnessed = reader.newest_cosigned()?;
    let reaches = |checkpoint: &Checkpoint| options.position < checkpoint.size;
    let Some(checkpoint) = witnessed.filter(reaches).or(newest.filter(reaches)) else {
        return Err(super::no_entry(options.position, size));
    };
    let open = Open {
        envelope: matches!(options.open, Opened::Both | Opened::Envelope),
        payload: matches!(options.open, Opened::Both | Opened::Payload),
    };
    let receipt = receipt(reader.as_mut(), options.position, &checkpoint, open)
        .and_then(|receipt| receipt.verify(&trust).map(|_| receipt))
        .map_err(|error| wrong(&error))?;
    let text = receipt.text();
    match options
        .output
        .as_deref()
        .filter(|path| *path != Path::new("-"))
    {
        Some(path) => write_file(path, |out| out.write_all(text.as_bytes()))?,
        // Every byte of it is signed or hashed: it is printed as it is.
        None => Failure::of_stdout(std::io::stdout().lock().write_all(text.as_bytes()))?,
    }
    Ok(ExitCode::SUCCESS)
}

/// A receipt is verified before it is given away.
fn wrong(error: &ReceiptError) -> Failure {
    Failure::wrong(
        format!("这张回执不成立:{error};请用 kandeng verify 查明"),
        format!("this receipt would prove nothing: {error}; look at it with `kandeng verify`"),
    )
}
