//! A node's folder: what it is called in there, whether a folder is one, and who may write to it.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use kandeng_ledger::{SigningKey, Trust};

use super::NodeError;
use super::config::{CONFIG, Config};
use super::evidence::Evidence;
use super::secrets::{parse_hex, read_secret};

/// A folder that a node lives in. Opening one reads its settings and nothing else.
#[derive(Clone, Debug)]
pub struct Folder {
    path: PathBuf,
    /// The node's settings.
    pub config: Config,
}

impl Folder {
    /// The node in `path`.
    ///
    /// # Errors
    /// When there is none, or its settings are wrong.
    pub fn open(path: &Path) -> Result<Self, NodeError> {
        if !path.join(CONFIG).is_file() {
            let shown = path.display();
            return Err(if path.exists() {
                NodeError::wrong(
                    format!(
                        "{shown} 不是看灯的文件夹:其中没有 {CONFIG};用 kandeng init {shown} 新建一个"
                    ),
                    format!(
                        "{shown} is no folder of Kandeng: there is no {CONFIG} in it; `kandeng init {shown}` makes one"
                    ),
                )
            } else {
                NodeError::wrong(
                    format!("找不到 {shown};用 kandeng init {shown} 新建一个"),
                    format!("{shown} does not exist; `kandeng init {shown}` makes it"),
                )
            });
        }
        Ok(Self {
            path: path.to_owned(),
            config: Config::read(path)?,
        })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The node's database: the read model, sealed personal values and, in the embedded store, the ledger.
    pub fn database(&self) -> PathBuf {
        self.path.join("kandeng.db")
    }

    /// People's keys. Never in a backup of the node.
    pub fn people(&self) -> PathBuf {
        self.path.join("people.db")
    }

    /// The folder of keys.
    pub fn keys(&self) -> PathBuf {
        self.path.join("keys")
    }

    /// The key that signs checkpoints.
    pub(super) fn signing_path(&self) -> PathBuf {
        self.keys().join("signing.key")
    }

    /// The key that names streams of unique values.
    pub(super) fn naming_path(&self) -> PathBuf {
        self.keys().join("naming.key")
    }

    /// The key by which scenes tell whether two numbers of people or accounts are the same, without the numbers.
    pub fn county_path(&self) -> PathBuf {
        self.keys().join("county.key")
    }

    /// Where keys are within the folder, and whether a node cannot do without: signing, naming, that of scenes (a folder
    /// of an earlier version has none until somebody asks), and the master key where a file holds it.
    pub(super) fn key_files(&self) -> Vec<(PathBuf, bool)> {
        let keys = Path::new("keys");
        let mut files = vec![
            (keys.join("signing.key"), true),
            (keys.join("naming.key"), true),
            (keys.join("county.key"), false),
        ];
        let master = self.config.master.file(Path::new(""));
        files.extend(
            master
                .filter(|path| path.is_relative())
                .map(|path| (path, true)),
        );
        files
    }

    /// Where the county's own policies are, if it has any: `*.cedar`.
    pub fn policies(&self) -> PathBuf {
        self.path.join(POLICIES)
    }

    /// Where the names of divisions are, if the county brought them.
    pub fn divisions(&self) -> PathBuf {
        self.path.join(DIVISIONS)
    }

    /// The public key, for whoever verifies.
    pub fn public_path(&self) -> PathBuf {
        self.path.join(PUBLIC)
    }

    /// What a node that serves pages keeps free: a file to be given up when room ends. In no backup.
    pub fn reserve(&self) -> PathBuf {
        self.path.join("reserve")
    }

    /// Files that events name.
    pub fn evidence(&self) -> Evidence {
        Evidence::new(self.path.join("evidence"))
    }

    /// Where an earlier checkpoint must be found again, if the node has such a place.
    pub fn second_place(&self) -> Option<PathBuf> {
        let folder = self.config.second_place.as_ref()?;
        Some(self.path.join(folder))
    }

    /// The key that signs checkpoints.
    ///
    /// # Errors
    /// When it is not there, others may read it, or it is of another ledger.
    pub fn signing(&self) -> Result<SigningKey, NodeError> {
        let path = self.signing_path();
        let key = SigningKey::parse(&read_secret(&path)?).map_err(|error| {
            NodeError::wrong(
                format!("{} 不是签名密钥:{error}", path.display()),
                format!("{} is no signing key: {error}", path.display()),
            )
        })?;
        if key.origin() != self.config.origin {
            let (ours, theirs) = (&self.config.origin, key.origin());
            return Err(NodeError::wrong(
                format!(
                    "{} 是账本 {theirs} 的密钥,而 {CONFIG} 的 origin 是 {ours};请放回本账本的密钥",
                    path.display()
                ),
                format!(
                    "{} is the key of the ledger {theirs}, and the origin in {CONFIG} is {ours}; put this ledger's key back",
                    path.display()
                ),
            ));
        }
        Ok(key)
    }

    /// The key that names streams of unique values.
    ///
    /// # Errors
    /// When it is not there, or others may read it.
    pub fn naming(&self) -> Result<[u8; 32], NodeError> {
        let path = self.naming_path();
        parse_hex(&read_secret(&path)?, &path)
    }

    /// Whose signature the ledger's checkpoints carry: from the public key, so that verifying needs no secret.
    ///
    /// # Errors
    /// When the file is not there or of another ledger.
    pub fn trust(&self) -> Result<Trust, NodeError> {
        let path = self.public_path();
        let text = fs::read_to_string(&path).map_err(NodeError::unread(&path))?;
        let trust = Trust {
            ledger: text.trim().to_owned(),
            witnesses: self
                .config
                .witness
                .iter()
                .map(|witness| witness.key.clone())
                .collect(),
        };
        if trust.origin() != self.config.origin {
            return Err(NodeError::wrong(
                format!(
                    "{} 是账本 {} 的公钥,而 {CONFIG} 的 origin 是 {}",
                    path.display(),
                    trust.origin(),
                    self.config.origin
                ),
                format!(
                    "{} is the public key of the ledger {}, and the origin in {CONFIG} is {}",
                    path.display(),
                    trust.origin(),
                    self.config.origin
                ),
            ));
        }
        Ok(trust)
    }

    /// Whether it is a backup.
    pub(super) fn is_backup(&self) -> bool {
        self.path.join(super::backup::BACKUP).is_file()
    }

    /// Nobody may write to a backup: what came of it would not be known anywhere else.
    pub(super) fn refuse_backup(&self) -> Result<(), NodeError> {
        if !self.is_backup() {
            return Ok(());
        }
        let shown = self.path.display();
        Err(NodeError::wrong(
            format!("{shown} 是备份,不能直接写入;请先用 kandeng restore {shown} 新文件夹 恢复"),
            format!(
                "{shown} is a backup and not to be written to; bring it back first: `kandeng restore {shown} FOLDER`"
            ),
        ))
    }

    /// Takes the folder for writing, until what is given back is dropped or the process ends.
    ///
    /// # Errors
    /// [`NodeError::InUse`] when another process has it.
    pub fn lock(&self) -> Result<Lock, NodeError> {
        self.refuse_backup()?;
        let path = self.path.join("lock");
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(NodeError::unwritten(&path))?;
        match file.try_lock() {
            Ok(()) => Ok(Lock { file }),
            Err(fs::TryLockError::WouldBlock) => Err(NodeError::InUse(self.path.clone())),
            Err(fs::TryLockError::Error(error)) => Err(NodeError::unwritten(&path)(error)),
        }
    }
}

/// The name of the public key's file, in a node's folder and in its second place.
pub(super) const PUBLIC: &str = "ledger.pub";

/// The county's own policies.
pub(super) const POLICIES: &str = "policies";

/// Names of divisions, by code.
pub(super) const DIVISIONS: &str = "divisions.csv";

/// The folder is taken. The system gives it free when the process ends, however it ends.
#[derive(Debug)]
pub struct Lock {
    file: File,
}

/// Closing the file is not enough: a process that is being started by another thread holds it too, until it
/// runs its program.
impl Drop for Lock {
    fn drop(&mut self) {
        // If it fails, closing the file gives the folder free.
        let _ = self.file.unlock();
    }
}

/// A folder that is made beside its place and renamed to it when it is whole. A crash before that leaves a
/// folder `.NAME.kandeng-…` that nobody reads; the next attempt removes it.
pub(super) struct Beside {
    place: PathBuf,
    beside: tempfile::TempDir,
    making: File,
}

/// The file that is locked while a folder is being made: a folder whose lock nobody holds is left over.
const MAKING: &str = ".making";

impl Beside {
    /// Begins a folder that is to be `place`, which is not there or empty.
    pub(super) fn begin(place: &Path) -> Result<Self, NodeError> {
        if !is_free(place)? {
            let shown = place.display();
            return Err(NodeError::wrong(
                format!("{shown} 已存在且不是空文件夹;请另取名字,或先把它移开"),
                format!(
                    "{shown} is there and not empty; name another folder, or move it away first"
                ),
            ));
        }
        let parent = parent_of(place);
        fs::create_dir_all(&parent).map_err(NodeError::unwritten(&parent))?;
        let prefix = format!(
            ".{}.kandeng-",
            place.file_name().unwrap_or_default().to_string_lossy()
        );
        remove_left_over(&parent, &prefix)?;
        let mut builder = tempfile::Builder::new();
        builder.prefix(&prefix);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            // Nobody else lists what is in there, keys among it.
            builder.permissions(fs::Permissions::from_mode(0o700));
        }
        let beside = builder
            .tempdir_in(&parent)
            .map_err(NodeError::unwritten(place))?;
        let path = beside.path().join(MAKING);
        let making = File::create(&path).map_err(NodeError::unwritten(&path))?;
        making.lock().map_err(NodeError::unwritten(&path))?;
        Ok(Self {
            place: place.to_owned(),
            beside,
            making,
        })
    }

    /// Where it is being made.
    pub(super) fn path(&self) -> &Path {
        self.beside.path()
    }

    /// Puts it in its place, on disk when this returns.
    pub(super) fn finish(self) -> Result<(), NodeError> {
        let finish = || -> io::Result<()> {
            fs::remove_file(self.beside.path().join(MAKING))?;
            sync_all(self.beside.path())?;
            // A crash before this line leaves nothing at the place; after it, everything.
            fs::rename(self.beside.path(), &self.place)?;
            File::open(parent_of(&self.place))?.sync_all()
        };
        finish().map_err(NodeError::unwritten(&self.place))?;
        drop(self.making);
        Ok(())
    }
}

/// Removes folders that a process that was killed was making.
fn remove_left_over(parent: &Path, prefix: &str) -> Result<(), NodeError> {
    for entry in fs::read_dir(parent)
        .map_err(NodeError::unread(parent))?
        .flatten()
    {
        if !entry.file_name().to_string_lossy().starts_with(prefix) {
            continue;
        }
        let left = entry.path();
        // Without the file it was killed between removing it and the rename, or is a second old.
        let in_use = File::open(left.join(MAKING))
            .is_ok_and(|making| matches!(making.try_lock(), Err(fs::TryLockError::WouldBlock)));
        if in_use {
            return Err(NodeError::InUse(left));
        }
        fs::remove_dir_all(&left).map_err(NodeError::unwritten(&left))?;
    }
    Ok(())
}

/// Whether nothing is there, or a folder with nothing in it.
fn is_free(place: &Path) -> Result<bool, NodeError> {
    match fs::read_dir(place) {
        Ok(mut entries) => Ok(entries.next().is_none()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => Ok(false),
        Err(error) => Err(NodeError::unread(place)(error)),
    }
}

fn parent_of(place: &Path) -> PathBuf {
    match place.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// Everything in a folder is on disk when this returns.
fn sync_all(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            sync_all(&path)?;
        } else {
            File::open(&path)?.sync_all()?;
        }
    }
    File::open(folder)?.sync_all()
}
