//! The scenes that this program has. Adding one is adding a crate and a line here.

use std::path::PathBuf;
use std::sync::Arc;

use kandeng_platform::jurisdiction::Divisions;
use kandeng_platform::node::{Folder, Node, NodeError, Opening};
use kandeng_platform::{Context, Scene, Tables};
use kandeng_supervise::filing::Filing;
use kandeng_supervise::import::IdentityKey;
use kandeng_supervise::project::{AdoptDeclaration, Declaration, declaration_id};
use kandeng_supervise::watch::Hours;
use kandeng_supervise::{Settings, Supervise};

use crate::failure::Failure;

/// Files while they are read.
const UPLOADS: &str = "uploads";

/// Small copies of photos, which can be made again: no backup has them.
const PREVIEWS: &str = "previews";

/// The tables that scenes fill, whether or not their pages are served: a node that is opened without them leaves them
/// behind.
pub(crate) fn tables() -> Vec<Box<dyn Tables>> {
    kandeng_supervise::tables()
}

/// How every command opens a node.
pub(crate) fn opening() -> Opening {
    Opening {
        tables: tables(),
        ..Opening::default()
    }
}

/// The county's key of a node; a folder of an earlier version has none yet, and is given one.
pub(crate) fn county_key(folder: &Folder) -> Result<IdentityKey, Failure> {
    IdentityKey::load_or_create(&folder.county_path()).map_err(|error| {
        let text = error.text();
        Failure::wrong(text.zh, text.en)
    })
}

/// The scene `supervise` of a node that is open.
pub(crate) fn supervise(node: &Node) -> Result<Supervise, Failure> {
    let key = county_key(&node.folder)?;
    let screening = &node.folder.config.screening;
    let settings = Settings {
        datum: None,
        hours: Hours {
            screen: screening.at,
            digest: screening.digest,
            channel: screening.channel.clone(),
        },
        desk: node.folder.config.desk,
        uploads: uploads(node)?,
        evidence: node.folder.evidence(),
        previews: node.folder.path().join(PREVIEWS),
    };
    Ok(Supervise::new(Arc::clone(&node.vault), key, settings))
}

/// The scenes of a node that is open.
pub(crate) fn of(node: &Node) -> Result<Vec<Box<dyn Scene>>, Failure> {
    Ok(vec![Box::new(supervise(node)?)])
}

/// The folder where files are while they are read: empty, whatever a crash left, and its owner's alone.
fn uploads(node: &Node) -> Result<PathBuf, Failure> {
    let folder = node.folder.path().join(UPLOADS);
    match std::fs::remove_dir_all(&folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(Failure::unwritten(&folder)(error));
        }
        _ => {}
    }
    let mut builder = std::fs::DirBuilder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder
        .create(&folder)
        .map_err(Failure::unwritten(&folder))?;
    Ok(folder)
}

/// What a node must have before anybody can work on it: the key and the folder that its ledger knows, and a declaration of items, the one that this build carries while
/// the county has none of its own.
pub(crate) async fn begin(node: &Node) -> Result<(), Failure> {
    node.hold_belongings().await?;
    let platform = &node.platform;
    let newest = platform
        .query(kandeng_supervise::project::newest)
        .map_err(NodeError::from)?;
    if newest.is_some() {
        return Ok(());
    }
    let adopt = AdoptDeclaration {
        text: Filing::embedded_text().to_owned(),
    };
    let cx = Context {
        jurisdiction: node.folder.config.jurisdiction.clone(),
        ..Context::of_the_platform(platform.clock().now())
    };
    platform
        .carry_out::<Declaration, _>(declaration_id(), adopt, &cx)
        .await
        .map_err(NodeError::from)?;
    Ok(())
}

/// How divisions are called, from the file beside the node's settings.
pub(crate) fn divisions(node: &Node) -> Result<Divisions, Failure> {
    Divisions::load(&node.folder.divisions()).map_err(|text| Failure::wrong(text.zh, text.en))
}
