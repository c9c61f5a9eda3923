//! `kandeng serve`: a node with its pages. And what comes before it: `kandeng invite`, `kandeng config check`.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use kandeng_platform::account::{NewPerson, People, PeopleError};
use kandeng_platform::authority::Authority;
use kandeng_platform::deadline::DeadlineLoop;
use kandeng_platform::node::{CONFIG, Config, DiskAt, Folder, Node, NodeError, ServerAt};
use kandeng_platform::notice::NoticeLoop;
use kandeng_platform::page::Site;
use kandeng_platform::{
    Clock as _, CommandError, Context, Language as Reads, SystemClock, Work, watch_room,
};
use kandeng_screening::Language;
use kandeng_server::{Listen, Listening, Reach, ServeError, Server, Telemetry, Tls, serve};

use tokio::task::JoinSet;

use crate::args::{ConfigCheck, ConfigCommand, Invite, Serve};
use crate::failure::Failure;
use crate::language::Words;

/// The folder of the node whose settings are there.
fn folder_of(config: &Path) -> Result<PathBuf, Failure> {
    if config.is_dir() {
        return Ok(config.to_owned());
    }
    if config.file_name().is_none_or(|name| name != CONFIG) {
        let shown = config.display();
        return Err(Failure::wrong(
            format!("{shown}:节点的配置文件名应为 {CONFIG}"),
            format!("{shown}: the settings of a node are called {CONFIG}"),
        ));
    }
    let folder = config
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    Ok(folder.unwrap_or(Path::new(".")).to_owned())
}

pub(crate) fn config(options: &ConfigCheck, words: Words) -> Result<ExitCode, Failure> {
    let ConfigCommand::Check { config } = &options.command;
    let folder = folder_of(config)?;
    let read = Folder::open(&folder)?;
    authority(&read)?;
    let read = read.config;
    tell!(
        "{}",
        words.say_with(
            "config-right",
            &[
                ("path", folder.join(CONFIG).display().to_string()),
                ("origin", read.origin.clone()),
                ("jurisdiction", read.jurisdiction.clone()),
                ("address", address_of(&read.server, read.server.address)),
            ]
        )
    );
    Ok(ExitCode::SUCCESS)
}

/// Where browsers find the pages: by the first of the server's names where it has some, since it answers to no other.
fn address_of(server: &ServerAt, listening: SocketAddr) -> String {
    let scheme = if server.tls.is_some() || server.behind_tls {
        "https"
    } else {
        "http"
    };
    match server.hosts.first() {
        // The port is that of the server in front.
        Some(host) if server.behind_tls => format!("{scheme}://{host}/"),
        Some(host) => format!("{scheme}://{host}:{}/", listening.port()),
        None if server.behind_tls => format!("http://{listening}/"),
        None => format!("{scheme}://{listening}/"),
    }
}

/// The policies of the platform, and those of the node's own folder where there is one.
fn authority(folder: &Folder) -> Result<Authority, Failure> {
    let own = folder.policies();
    let made = if own.is_dir() {
        Authority::with_folder(&own)
    } else {
        Authority::new()
    };
    made.map_err(|error| Failure::wrong(error.0.zh, error.0.en))
}

pub(crate) fn invite(options: &Invite, words: Words) -> Result<ExitCode, Failure> {
    let node = Node::open(&options.dir, super::scenes::opening())?;
    let jurisdiction = node.folder.config.jurisdiction.clone();
    let cx = Context {
        jurisdiction: jurisdiction.clone(),
        ..Context::of_the_platform(SystemClock.now())
    };
    let new = NewPerson {
        name: options.name.clone(),
        login: options.login.clone(),
        language: match words.language {
            Language::Zh => Reads::Zh,
            Language::En => Reads::En,
        },
        grants: Vec::new(),
    };
    let people = People::new(node.platform.clone(), Arc::clone(&node.vault));
    let invited = super::runtime()?.block_on(people.invite_first(new, &jurisdiction, &cx));
    drop(people);
    let server = &node.folder.config.server;
    let address = address_of(server, server.address);
    node.close();
    let (_, token) = invited.map_err(failed)?;
    let link = format!("{address}invitation/{token}");
    tell!("{}", words.say_with("invite-made", &[("link", link)]));
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn failed(error: PeopleError) -> Failure {
    match error {
        PeopleError::Refused(refusal) => Failure::wrong(refusal.text.zh, refusal.text.en),
        PeopleError::Command(error) => NodeError::from(error).into(),
        PeopleError::Vault(error) => {
            let text = error.text();
            Failure::wrong(text.zh, text.en)
        }
        // Only who signs in is made to wait.
        PeopleError::Wait(_) => NodeError::from(CommandError::Busy).into(),
    }
}

pub(crate) fn run(options: &Serve, words: Words) -> Result<ExitCode, Failure> {
    served(&folder_of(&options.config)?, None, words)
}

/// Serves the node in a folder on this machine alone, at a port. What may be opened is written to `pages`, one path a
/// line: whoever walks through the demonstration knows by it that nothing was left out.
pub(crate) fn at(
    folder: &Path,
    port: u16,
    pages: &Path,
    words: Words,
) -> Result<ExitCode, Failure> {
    served(folder, Some((port, pages)), words)
}

fn served(folder: &Path, demo: Option<(u16, &Path)>, words: Words) -> Result<ExitCode, Failure> {
    let authority = authority(&Folder::open(folder)?)?;
    let node = Node::open(folder, super::scenes::opening())?;
    let mut config = node.folder.config.clone();
    if let Some((port, _)) = demo {
        config.server = ServerAt {
            address: (std::net::Ipv4Addr::LOCALHOST, port).into(),
            ..ServerAt::default()
        };
    }
    let telemetry = config.watch.traces.as_deref();
    let telemetry = telemetry
        .map(|endpoint| Telemetry::start(endpoint, config.watch.one_in))
        .transpose()
        .map_err(|error| Failure::wrong(error.to_string(), error.to_string()))?;
    // Whoever tries the demonstration reads the terminal.
    let much = if demo.is_some() { "warn" } else { "info" };
    kandeng_server::log(much, telemetry.as_ref());
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| {
            Failure::wrong(
                format!("系统不能启动线程:{error}"),
                format!("the system starts no thread: {error}"),
            )
        })?;
    let pages = demo.map(|(_, pages)| pages);
    let served = runtime.block_on(until_stopped(&node, &config, authority, pages, words));
    // Whoever still holds the node's parts lets them go with this.
    drop(runtime);
    if let Some(telemetry) = telemetry {
        telemetry.stop();
    }
    node.close();
    served?;
    crate::complain(&words.say("serve-stopped"));
    Ok(ExitCode::SUCCESS)
}

async fn until_stopped(
    node: &Node,
    config: &Config,
    authority: Authority,
    pages: Option<&Path>,
    words: Words,
) -> Result<(), Failure> {
    let platform = node.platform.clone();
    let people = People::new(platform.clone(), Arc::clone(&node.vault));
    super::scenes::begin(node).await?;
    let divisions = super::scenes::divisions(node)?;
    let scenes = super::scenes::of(node)?;
    let site = Site::with_divisions(
        platform.clone(),
        people,
        authority,
        &config.jurisdiction,
        divisions,
    );
    let of = &config.server;
    let tls = of.tls.as_ref().map(|(certificate, key)| Tls {
        certificate: node.folder.path().join(certificate),
        key: node.folder.path().join(key),
    });
    let reach = Reach::of(of);
    let secure = reach.secure;
    let work: Vec<Work> = scenes
        .iter()
        .flat_map(|scene| scene.work(site.clone()))
        .collect();
    let server = Server::new(site.clone(), scenes, reach);
    if let Some(path) = pages {
        let opened = server
            .declared()
            .into_iter()
            .filter(|route| route.method == "GET");
        let lines: String = opened.map(|route| format!("{}\n", route.path)).collect();
        std::fs::write(path, lines).map_err(Failure::unwritten(path))?;
    }
    let listen = Listen {
        address: of.address,
        connections: of.connections,
        tls,
    };
    keep_room(node, config.disk);
    let listening = serve(server.router(), &listen).await.map_err(unserved)?;
    let watched = match config.watch.metrics {
        Some(address) => {
            let metrics = server.metrics().router(&site);
            let listening = serve(metrics, &Listen::at(address)).await;
            Some(listening.map_err(unserved)?)
        }
        None => None,
    };
    let deadlines = DeadlineLoop::new(platform.clone());
    let notices = NoticeLoop::new(platform.clone(), node.senders()?);
    let deadlines = tokio::spawn(async move { deadlines.run().await });
    let notices = tokio::spawn(async move { notices.run().await });
    tokio::spawn(watch_room(platform.clone()));
    let mut of_scenes = JoinSet::new();
    for work in work {
        of_scenes.spawn(work);
    }
    let mut stopping = Stopping::listen().map_err(unheard)?;
    let address = address_of(of, listening.address);
    tell!("{}", words.say_with("serve-at", &[("address", address)]));
    if !secure {
        crate::complain(&words.say("serve-demo"));
    }
    let accounts: u32 = platform
        .query(|connection| {
            connection.query_row("select count(*) from accounts", [], |row| row.get(0))
        })
        .map_err(NodeError::from)?;
    if accounts == 0 {
        crate::complain(&words.say("serve-nobody"));
    }
    let stopped = tokio::select! {
        // Asked for while all this was opened.
        () = std::future::ready(()), if crate::interrupt::was_asked() => Ok(()),
        stopped = stopping.wait(&listening) => stopped.map_err(unheard),
        // They end only when ledger or read model fail for good: a node that fires no deadline must not look well.
        ended = deadlines => Err(ended_early("deadlines", &ended)),
        ended = notices => Err(ended_early("notices", &ended)),
        Some(ended) = of_scenes.join_next() => Err(ended_early("scenes", &ended)),
    };
    // No new requests; those under way are answered, and what pages that stand open listen to ends.
    site.stop();
    listening.stop().await;
    if let Some(watched) = watched {
        watched.stop().await;
    }
    stopped
}

/// Keeps room free for the day when the disk is full; what was kept under another setting is given back.
fn keep_room(node: &Node, disk: DiskAt) {
    let path = node.folder.reserve();
    if disk.reserve == 0 {
        // There may be none.
        let _ = std::fs::remove_file(path);
    } else {
        node.platform.room().keep(path, disk.bytes());
    }
}

fn unheard(error: std::io::Error) -> Failure {
    Failure::wrong(
        format!("收不到停止信号:{error}"),
        format!("the signals to stop cannot be waited for: {error}"),
    )
}

fn unserved(error: ServeError) -> Failure {
    Failure::wrong(error.to_string(), error.to_string())
}

fn ended_early(
    what: &str,
    ended: &Result<Result<(), CommandError>, tokio::task::JoinError>,
) -> Failure {
    let why = match ended {
        Ok(Ok(())) => String::new(),
        Ok(Err(error)) => error.to_string(),
        Err(error) => error.to_string(),
    };
    Failure::wrong(
        format!("{what} 不再运行:{why}"),
        format!("{what} run no more: {why}"),
    )
}

/// What tells the server to stop: Ctrl-C, or what a service manager sends. Listened for from when this is made, so before
/// anybody is told where the pages are.
struct Stopping {
    #[cfg(unix)]
    signals: [tokio::signal::unix::Signal; 3],
}

impl Stopping {
    #[cfg(unix)]
    fn listen() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            signals: [
                signal(SignalKind::interrupt())?,
                signal(SignalKind::terminate())?,
                signal(SignalKind::hangup())?,
            ],
        })
    }

    #[cfg(not(unix))]
    fn listen() -> std::io::Result<Self> {
        Ok(Self {})
    }

    /// Waits for it. Told to look at its files again (SIGHUP), the server takes up its certificate anew and goes on.
    #[cfg(unix)]
    async fn wait(&mut self, listening: &Listening) -> std::io::Result<()> {
        let [interrupt, terminate, again] = &mut self.signals;
        loop {
            tokio::select! {
                _ = interrupt.recv() => return Ok(()),
                _ = terminate.recv() => return Ok(()),
                _ = again.recv() => {
                    if let Err(error) = listening.renew_certificate().await {
                        tracing::warn!(%error, "the certificate stays as it was");
                    }
                }
            }
        }
    }

    #[cfg(not(unix))]
    async fn wait(&mut self, _: &Listening) -> std::io::Result<()> {
        tokio::signal::ctrl_c().await
    }
}
