//! A PostgreSQL server of a test's own: a Unix socket in a temporary folder, no TCP, gone with the value,
//! also when the test panics.
//!
//! Other crates' tests use it by `#[path = "../../ledger/tests/support/postgres.rs"] mod postgres;`, then
//!
//! ```ignore
//! let server = postgres::Server::start();
//! let address = kandeng_ledger::store::postgres::Address::parse(&server.address("county")).unwrap();
//! let store = kandeng_ledger::store::postgres::Postgres::open(address).unwrap();
//! ```
//!
//! `address(NAME)` is a database of that name, made when it is not there. A test that uses it is
//! `#[ignore = "needs PostgreSQL"]`. The server runs as an ordinary user, `nobody` when the test runs as root.

#![allow(dead_code, clippy::unwrap_used)]

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// A server that stops when it is dropped.
pub struct Server {
    folder: tempfile::TempDir,
    programs: PathBuf,
    as_nobody: bool,
    options: String,
    port: String,
}

impl Server {
    /// Makes a cluster and starts it.
    pub fn start() -> Self {
        Self::start_with("listen_addresses=''", &[])
    }

    /// The same with further settings and files in the data folder (each readable by the server alone).
    pub fn start_with(settings: &str, files: &[(&str, &[u8])]) -> Self {
        let programs = programs();
        // Short, because the name of a Unix socket is: 107 bytes at most.
        let folder = tempfile::Builder::new()
            .prefix("kd-pg")
            .tempdir_in("/tmp")
            .unwrap();
        let as_nobody = is_root();
        if as_nobody {
            let owned = Command::new("chown")
                .arg("nobody")
                .arg(folder.path())
                .status();
            assert!(owned.unwrap().success(), "chown");
        }
        let server = Self {
            folder,
            programs,
            as_nobody,
            options: settings.to_owned(),
            port: settings
                .split(';')
                .find_map(|setting| setting.strip_prefix("port="))
                .unwrap_or("5432")
                .to_owned(),
        };
        let data = server.data();
        server.run(
            "initdb",
            &[
                "--no-sync",
                "-A",
                "trust",
                "-U",
                "kandeng",
                "-E",
                "UTF8",
                "--locale=C",
                "-D",
                &data,
            ],
        );
        for (name, bytes) in files {
            let path = Path::new(&data).join(name);
            std::fs::File::create(&path)
                .unwrap()
                .write_all(bytes)
                .unwrap();
            let mode = Command::new("chmod").arg("600").arg(&path).status();
            assert!(mode.unwrap().success(), "chmod");
            if as_nobody {
                let owned = Command::new("chown").arg("nobody").arg(&path).status();
                assert!(owned.unwrap().success(), "chown");
            }
        }
        server.up();
        server
    }

    /// Starts the server again, after [`Server::kill`].
    pub fn up(&self) {
        let mut options = format!("-k {}", self.folder.path().display());
        for setting in self
            .options
            .split(';')
            .filter(|setting| !setting.is_empty())
        {
            options.push_str(&format!(" -c {setting}"));
        }
        let log = self.folder.path().join("log").display().to_string();
        self.run(
            "pg_ctl",
            &[
                "-D",
                &self.data(),
                "-l",
                &log,
                "-o",
                &options,
                "-t",
                "60",
                "-w",
                "start",
            ],
        );
    }

    /// Kills the server and all its children with SIGKILL, as the kernel does when memory is short.
    pub fn kill(&self) {
        let pid = self.pid().expect("the server runs");
        let processes: Vec<String> = std::iter::once(pid.clone()).chain(children(&pid)).collect();
        for process in &processes {
            // A child may have gone by itself.
            let _ = Command::new("kill")
                .args(["-9", process])
                .stderr(Stdio::null())
                .status();
        }
        // The next start waits for nobody: all that had the data folder open are gone.
        let until = Instant::now() + Duration::from_secs(20);
        for process in &processes {
            while running(process) {
                assert!(Instant::now() < until, "process {process} does not end");
                std::thread::sleep(Duration::from_millis(2));
            }
        }
        // Where nobody collects the dead, the next start would take the process for a running one.
        std::fs::remove_file(Path::new(&self.data()).join("postmaster.pid")).unwrap();
        std::fs::remove_file(format!("{}.lock", self.socket().display())).unwrap_or(());
    }

    /// The address of a database there, made when it is not there.
    pub fn address(&self, database: &str) -> String {
        let mut client = self.client("postgres");
        let there = client
            .query_opt("select 1 from pg_database where datname = $1", &[&database])
            .unwrap();
        if there.is_none() {
            client
                .batch_execute(&format!("create database {database}"))
                .unwrap();
        }
        self.text(database)
    }

    /// A connection that can do what an attacker with the database can do.
    pub fn client(&self, database: &str) -> postgres::Client {
        postgres::Client::connect(&self.text(database), postgres::NoTls).unwrap()
    }

    /// A connection by an address of the test's own.
    pub fn client_at(&self, address: &str) -> postgres::Client {
        postgres::Client::connect(address, postgres::NoTls).unwrap()
    }

    fn text(&self, database: &str) -> String {
        format!(
            "host={} port={} user=kandeng dbname={database}",
            self.folder.path().display(),
            self.port
        )
    }

    /// The file of the server's socket.
    pub fn socket(&self) -> PathBuf {
        self.folder.path().join(format!(".s.PGSQL.{}", self.port))
    }

    fn data(&self) -> String {
        self.folder.path().join("data").display().to_string()
    }

    fn pid(&self) -> Option<String> {
        let file = std::fs::read_to_string(Path::new(&self.data()).join("postmaster.pid")).ok()?;
        Some(file.lines().next()?.to_owned())
    }

    fn run(&self, program: &str, arguments: &[&str]) {
        let path = self.programs.join(program);
        let mut command = if self.as_nobody {
            let mut command = Command::new("setpriv");
            command
                .args(["--reuid=nobody", "--regid=nogroup", "--clear-groups"])
                .arg(path);
            command
        } else {
            Command::new(path)
        };
        let done = command
            .args(arguments)
            .current_dir(self.folder.path())
            .env("LC_ALL", "C")
            .stdin(Stdio::null())
            // Not a pipe: the server keeps what it inherits open.
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .unwrap();
        let log = std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
        assert!(done.success(), "{program} failed: {log}");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Without a panic within a panic: a server that is gone already is no fault.
        let path = self.programs.join("pg_ctl");
        let mut command = if self.as_nobody {
            let mut command = Command::new("setpriv");
            command
                .args(["--reuid=nobody", "--regid=nogroup", "--clear-groups"])
                .arg(path);
            command
        } else {
            Command::new(path)
        };
        let _ = command
            .args([
                "-D",
                &self.data(),
                "-m",
                "immediate",
                "-t",
                "20",
                "-w",
                "stop",
            ])
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
    }
}

/// The processes that a server has started.
fn children(of: &str) -> Vec<String> {
    let parent = |stat: &str| {
        let rest = stat.rsplit_once(") ")?.1;
        rest.split(' ').nth(1).map(str::to_owned)
    };
    let processes = std::fs::read_dir("/proc").unwrap();
    processes
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.bytes().all(|byte| byte.is_ascii_digit()))
        .filter(|process| {
            std::fs::read_to_string(format!("/proc/{process}/stat"))
                .is_ok_and(|stat| parent(&stat).as_deref() == Some(of))
        })
        .collect()
}

fn running(process: &str) -> bool {
    // A zombie waits for its parent only; it has nothing open.
    std::fs::read_to_string(format!("/proc/{process}/stat"))
        .is_ok_and(|stat| !stat.contains(") Z "))
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output().unwrap();
    id.stdout == b"0\n"
}

/// Where `initdb` and `pg_ctl` are: the newest that Debian has, or wherever `PATH` leads.
fn programs() -> PathBuf {
    let mut found: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .map(|versions| {
            versions
                .filter_map(|version| Some(version.ok()?.path().join("bin")))
                .collect()
        })
        .unwrap_or_default();
    found.retain(|bin| bin.join("initdb").exists());
    found.sort_by_key(|bin| {
        let version = bin.parent().and_then(|path| path.file_name());
        version.and_then(|name| name.to_str()?.parse::<u32>().ok())
    });
    let path = std::env::var_os("PATH").unwrap_or_default();
    let in_path = std::env::split_paths(&path).find(|bin| bin.join("initdb").exists());
    found
        .pop()
        .or(in_path)
        .expect("there is no initdb: install PostgreSQL (Debian: postgresql)")
}
