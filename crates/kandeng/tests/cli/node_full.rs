//! The disk of a node that is served is full: it goes on reading, says so, and takes everything again by itself.

use super::serving::{Serving, field, init, invited};
use super::small_disk::SmallDisk;
use super::{refused, succeed};

#[test]
fn a_node_whose_disk_is_full_reads_on_and_takes_everything_again_once_there_is_room() {
    let Some(disk) = SmallDisk::of(48) else {
        return;
    };
    let folder = disk.path();
    init(folder);
    let link = invited(folder, "li");
    let serving = Serving::start_with(folder, &[("KANDENG_DISK_RESERVE_MIB", "4")]);
    assert_eq!(
        std::fs::metadata(folder.join("node/reserve"))
            .unwrap()
            .len(),
        4 << 20
    );
    let mut admin = serving.visitor();
    admin.enrol(&link, "li");
    let token = admin.token();
    let somebody = [
        ("form_token", token.as_str()),
        ("name", "Zhao"),
        ("login", "zhao"),
        ("role", "officer"),
        ("jurisdiction", "990121"),
        ("language", "en"),
    ];
    disk.fill();
    let met = admin.post("/people", &somebody);
    assert!(met.starts_with("HTTP/1.1 503"), "{met}");
    assert!(met.contains("Not saved: the disk is full"), "{met}");
    assert_eq!(field(&met, "login"), "zhao");
    assert!(serving.get("/readyz").contains("read-only"));
    let page = admin.get("/people");
    assert!(page.starts_with("HTTP/1.1 200") && page.contains("disk is full"));
    assert!(!page.contains("zhao"), "{page}");
    disk.empty();
    // Nobody does anything: it is looked for again and again.
    serving.wait_for("/readyz", "\r\n\r\nok\n");
    assert!(!admin.get("/people").contains("disk is full"));
    let sent = admin.post("/people", &somebody);
    assert!(sent.contains("/invitation/"), "{sent}");
    assert_eq!(serving.stop(), Some(0));
    succeed(folder, &["--lang", "en", "verify", "node"]);
}

#[test]
fn a_node_that_finds_no_room_for_its_reserve_only_reads() {
    let Some(disk) = SmallDisk::of(16) else {
        return;
    };
    let folder = disk.path();
    init(folder);
    let link = invited(folder, "li");
    let serving = Serving::start_with(folder, &[("KANDENG_DISK_RESERVE_MIB", "64")]);
    assert!(serving.get("/readyz").contains("read-only"));
    let page = serving.get(&link);
    assert!(page.starts_with("HTTP/1.1 200") && page.contains("disk is full"));
    let chosen = [
        ("password", "x"),
        ("again", "x"),
        ("totp", ""),
        ("code", ""),
    ];
    let refused_now = serving.visitor().post(&link, &chosen);
    assert!(refused_now.starts_with("HTTP/1.1 503"), "{refused_now}");
    assert_eq!(serving.stop(), Some(0));
    // A county that wants none says so; what is no number of MiB is told.
    let serving = Serving::start_with(folder, &[("KANDENG_DISK_RESERVE_MIB", "0")]);
    assert!(serving.get("/readyz").ends_with("\r\n\r\nok\n"));
    assert_eq!(serving.stop(), Some(0));
    let path = folder.join("node/kandeng.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, format!("{text}\n[disk]\nreserve_mib = -1\n")).unwrap();
    let check = ["--lang", "en", "config", "check", "--config", "node"];
    refused(
        folder,
        &check,
        &["kandeng.toml:", "reserve_mib is from 0 to"],
    );
}
