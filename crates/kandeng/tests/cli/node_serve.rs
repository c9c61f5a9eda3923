//! A node with its pages: invited, served, stopped, and settings that cannot be used.

use super::serving::{Serving, init};
use super::{kandeng, refused, stderr, stdout, succeed};

#[test]
fn a_node_is_served_until_it_is_told_to_stop_and_goes_on_the_next_time() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    init(folder);
    let invited = [
        "--lang", "en", "invite", "node", "--login", "li", "--name", "李管",
    ];
    let told = stdout(&succeed(folder, &invited));
    let path = format!("/invitation/{}", told.trim().rsplit('/').next().unwrap());
    for _ in 0..2 {
        let serving = Serving::start(folder);
        assert!(serving.get("/healthz").ends_with("ok\n"));
        assert!(serving.get("/readyz").starts_with("HTTP/1.1 200"));
        let page = serving.get("/");
        assert!(
            page.starts_with("HTTP/1.1 401") && page.contains("Please sign in"),
            "{page}"
        );
        let page = serving.get(&path);
        assert!(
            page.starts_with("HTTP/1.1 200") && page.contains("Your login is li"),
            "{page}"
        );
        // While it runs the folder is its own.
        let twice = kandeng(folder, &["--lang", "en", "serve", "--config", "node"]);
        assert_eq!(twice.status.code(), Some(2), "{}", stderr(&twice));
        assert_eq!(serving.stop(), Some(0));
    }
    // What was asked for is in the log, and no token of a link.
    let log = std::fs::read_to_string(folder.join("log")).unwrap();
    assert!(log.contains("\"route\":\"/invitation/{token}\""), "{log}");
    assert!(!log.contains(path.rsplit('/').next().unwrap()));
    // There is an administrator, who invites everybody else.
    refused(folder, &invited, &["there is an administrator already"]);
    succeed(folder, &["--lang", "en", "verify", "node"]);
}

#[test]
fn settings_that_cannot_be_used_are_told_with_their_line() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    init(folder);
    let check = [
        "--lang",
        "en",
        "config",
        "check",
        "--config",
        "node/kandeng.toml",
    ];
    let told = stdout(&succeed(folder, &check));
    assert!(told.contains("http://127.0.0.1:8080/"), "{told}");
    let path = folder.join("node/kandeng.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    for (more, words) in [
        (
            "[server]\naddress = \"0.0.0.0:80\"\n",
            ["kandeng.toml:", "behind_tls"],
        ),
        (
            "[server]\nprot = 80\n",
            ["kandeng.toml:", "has no key prot"],
        ),
        (
            "[server]\ncertificate = \"nothing.pem\"\nkey = \"nothing.key\"\n",
            ["the certificate", "nothing.pem"],
        ),
    ] {
        std::fs::write(&path, format!("{text}\n{more}")).unwrap();
        refused(folder, &check, &words);
        refused(
            folder,
            &["--lang", "en", "serve", "--config", "node"],
            &words,
        );
    }
    let nowhere = text.replace("\"990121\"", "\"99x\"");
    assert_ne!(nowhere, text);
    std::fs::write(&path, nowhere).unwrap();
    for args in [&check[..], &["--lang", "en", "serve", "--config", "node"]] {
        refused(folder, args, &["kandeng.toml", "99x"]);
    }
    std::fs::write(&path, &text).unwrap();
    // Policies of the node's own forbid; they cannot permit.
    std::fs::create_dir(folder.join("node/policies")).unwrap();
    let own = folder.join("node/policies/own.cedar");
    std::fs::write(&own, "permit (principal, action, resource);").unwrap();
    refused(folder, &check, &["own.cedar", "cannot permit"]);
    refused(
        folder,
        &[
            "--lang",
            "en",
            "config",
            "check",
            "--config",
            "elsewhere.toml",
        ],
        &["elsewhere.toml", "kandeng.toml"],
    );
}
