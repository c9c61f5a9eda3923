//! What a node must have for its ledger to go on meaning what it meant: the county's key, by which numbers of people are
//! told apart, and the folder of evidence, which all nodes of a ledger share. The ledger knows both from their first use;
//! a node that was given others does not start.

use std::fs;
use std::io;
use std::path::Path;

use kandeng_ledger::StreamName;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::secrets::{parse_hex, read_secret, write_secret};
use super::{Node, NodeError};
use crate::aggregate::{Aggregate, Decide, Decision, Events, fold};
use crate::context::{Context, Refusal};
use crate::hex::hex;

/// In the folder of evidence: which one it is.
pub(super) const MARKER: &str = "folder.id";

/// Beside the county's key: the id of another key that is to take its place for good.
const ACCEPTED: &str = "county.accepted";

/// What a ledger's nodes have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "payload", rename_all = "kebab-case")]
pub enum BelongingsEvent {
    /// Numbers of people and accounts are hashed under the key of that id from here on.
    CountyKeyUsed {
        /// A hash of the key.
        id: String,
    },
    /// Files are kept in the folder of that id.
    EvidenceFolderUsed {
        /// What stands in its `folder.id`.
        id: String,
    },
}

impl Events for BelongingsEvent {
    const VERSIONS: &'static [(&'static str, u16)] =
        &[("county-key-used", 1), ("evidence-folder-used", 1)];
}

/// What a ledger's nodes have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Belongings {
    county: Option<String>,
    evidence: Option<String>,
}

impl Belongings {
    /// The one of a ledger.
    fn id() -> Uuid {
        // Any constant does: there is one in a ledger.
        Uuid::from_u128(0x6b61_6e64_656e_8062_8000_6265_6c6f_6e67)
    }
}

impl Aggregate for Belongings {
    const STREAM: &'static str = "belongings";
    type Event = BelongingsEvent;

    fn apply(&mut self, event: BelongingsEvent) {
        match event {
            BelongingsEvent::CountyKeyUsed { id } => self.county = Some(id),
            BelongingsEvent::EvidenceFolderUsed { id } => self.evidence = Some(id),
        }
    }
}

/// A node uses these.
#[derive(Clone, Debug)]
struct Use {
    county: String,
    evidence: String,
    /// Whether whoever runs the node accepts that another key takes the place of the one that is known.
    accepted: bool,
}

impl Decide<Use> for Belongings {
    fn decide(&self, uses: Use, _: &Context) -> Result<Decision<BelongingsEvent>, Refusal> {
        let mut events = Vec::new();
        match &self.county {
            Some(known) if *known == uses.county => {}
            Some(known) if !uses.accepted => return Err(other_key(known, &uses.county)),
            _ => events.push(BelongingsEvent::CountyKeyUsed { id: uses.county }),
        }
        match &self.evidence {
            Some(known) if *known == uses.evidence => {}
            Some(known) => return Err(other_folder(known)),
            None => events.push(BelongingsEvent::EvidenceFolderUsed { id: uses.evidence }),
        }
        Ok(Decision::of(events))
    }
}

fn other_key(known: &str, given: &str) -> Refusal {
    Refusal::new(
        "another-county-key",
        format!(
            "keys/county.key 不是本账本一直使用的密钥(账本记为 {known},此处为 {given});用它会使同一个证件号、账号前后对不上。请放回原来的密钥;确已遗失的,见 OPERATIONS.md“Keys”"
        ),
        format!(
            "keys/county.key is not the key that this ledger has used so far (it knows {known}, this is {given}); with it the same \
             number of a person or an account would no longer be known again. Put the old key back; if it is lost for good, see \
             OPERATIONS.md, Keys"
        ),
    )
}

fn other_folder(known: &str) -> Refusal {
    Refusal::new(
        "another-evidence-folder",
        format!(
            "evidence 不是本账本各节点共用的佐证材料文件夹(其中的 {MARKER} 应为 {known});请挂载共用的文件夹,见 OPERATIONS.md"
        ),
        format!(
            "evidence is not the folder that the nodes of this ledger share (its {MARKER} should hold {known}); mount the shared \
             one, see OPERATIONS.md"
        ),
    )
}

impl Node {
    /// Holds the node's belongings against what the ledger knows, and tells the ledger of them where it knows none. Makes
    /// the county's key and marks the folder of evidence where neither was ever used. To be called before anything is
    /// read with the key or kept in the folder.
    ///
    /// # Errors
    /// When the key or the folder is another than the ledger's, or cannot be read or made.
    pub async fn hold_belongings(&self) -> Result<(), NodeError> {
        let stream = StreamName::new(Belongings::STREAM, Belongings::id())
            .map_err(crate::platform::CommandError::from)?;
        let events = self.platform.ledger().read_stream(&stream, 0)?;
        let known = fold::<Belongings>(events)
            .map_err(crate::platform::CommandError::from)?
            .state;
        let path = self.folder.county_path();
        if !path.exists() {
            if let Some(known) = &known.county {
                return Err(NodeError::Wrong(other_key(known, "-").text));
            }
            write_secret(&path, &hex(&crate::vault::random_key()?))?;
        }
        let county = key_id(&parse_hex(&read_secret(&path)?, &path)?);
        let accepted = self.folder.keys().join(ACCEPTED);
        let is_accepted = fs::read_to_string(&accepted).is_ok_and(|text| text.trim() == county);
        let folder = self.folder.evidence();
        let evidence = match (marker(folder.folder())?, &known.evidence) {
            (Some(id), _) => id,
            (None, Some(known)) => return Err(NodeError::Wrong(other_folder(known).text)),
            (None, None) => mark(folder.folder())?,
        };
        let uses = Use {
            county,
            evidence,
            accepted: is_accepted,
        };
        let cx = Context {
            jurisdiction: self.folder.config.jurisdiction.clone(),
            ..Context::of_the_platform(self.platform.clock().now())
        };
        self.platform
            .carry_out::<Belongings, _>(Belongings::id(), uses, &cx)
            .await?;
        if is_accepted {
            // A crash before this leaves a file that accepts the key that is in use.
            fs::remove_file(&accepted).map_err(NodeError::unwritten(&accepted))?;
        }
        Ok(())
    }
}

/// A hash that tells keys apart and tells nothing of the key.
fn key_id(key: &[u8; 32]) -> String {
    let mut hash = Sha256::new();
    hash.update(b"kandeng county key\n");
    hash.update(key);
    hex(&hash.finalize()[..8])
}

/// Which folder it is; nothing where nobody has marked it.
fn marker(folder: &Path) -> Result<Option<String>, NodeError> {
    let path = folder.join(MARKER);
    match fs::read_to_string(&path) {
        Ok(text) => Ok(Some(text.trim().to_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(NodeError::unread(&path)(error)),
    }
}

fn mark(folder: &Path) -> Result<String, NodeError> {
    let id = hex(&crate::vault::random_key()?[..8]);
    let path = folder.join(MARKER);
    let write = || {
        fs::create_dir_all(folder)?;
        let mut file = fs::File::create_new(&path)?;
        io::Write::write_all(&mut file, format!("{id}\n").as_bytes())?;
        file.sync_all()
    };
    write().map_err(NodeError::unwritten(&path))?;
    Ok(id)
}
