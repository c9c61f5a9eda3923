//! What only a database server can do to a ledger: go away, come back, lose answers, be somebody else.

#![allow(clippy::unwrap_used)]

mod support;

use std::time::{Duration, Instant};

use kandeng_ledger::store::Store as _;
use kandeng_ledger::store::postgres::{Address, Postgres, PostgresReader};
use kandeng_ledger::{Append, AppendError, Fault, Ledger, StoreError, verify};
use support::cut::{Cut, Way};
use support::postgres::Server;
use support::{command, key, one, project, trust};

fn open(address: &str) -> Ledger {
    let store = Postgres::open(Address::parse(address).unwrap()).unwrap();
    Ledger::start(store, key()).unwrap()
}

fn entries(address: &str) -> u64 {
    let mut reader = PostgresReader::open(Address::parse(address).unwrap()).unwrap();
    let report = verify(&mut reader, &trust(), &[], &mut |_, _| {}).unwrap();
    report.entries
}

#[test]
#[ignore = "needs PostgreSQL"]
fn a_server_that_was_restarted_meanwhile_is_not_noticed() {
    let server = Server::start();
    let address = server.address("county");
    let ledger = open(&address);
    for version in 0..5 {
        ledger.append_all_blocking(one(1, version)).unwrap();
        assert_eq!(ledger.read_from(0, 10).unwrap().len() as u64, version + 1);
        server.kill();
        server.up();
    }
    ledger.close();
    assert_eq!(entries(&address), 5);
}

#[test]
#[ignore = "needs PostgreSQL"]
fn while_the_server_is_away_appends_say_so_and_later_ones_are_kept() {
    let server = Server::start();
    let address = server.address("county");
    let ledger = open(&address);
    ledger.append_all_blocking(one(1, 0)).unwrap();
    server.kill();
    let append = || Append {
        occasion: command(5),
        ..one(1, 1)
    };
    let away = ledger.append_all_blocking(append()).unwrap_err();
    assert!(
        matches!(away, AppendError::Store(StoreError::Database { .. })),
        "{away}"
    );
    assert!(ledger.read_from(0, 1).is_err());
    server.up();
    let appended = ledger.append_all_blocking(append()).unwrap();
    assert_eq!(appended.positions, 1..2);
    ledger.close();
    assert_eq!(entries(&address), 2);
}

/// The way is cut at every message in turn, in every manner. Whoever is told "appended" finds it; whoever is
/// told otherwise asks again with the same id and gets the truth.
#[test]
#[ignore = "needs PostgreSQL"]
fn an_answer_that_was_lost_is_told_truthfully() {
    let server = Server::start();
    let direct = server.address("county");
    let folder = tempfile::tempdir().unwrap();
    let way = Way::new(folder.path(), server.socket());
    let ledger = open(&way.address("county"));
    let mut version = 0;
    let mut told = [0; 3];
    for cut in [Cut::BeforeServer, Cut::AfterServer, Cut::BeforeClient] {
        // As long as the cut comes within what an append sends.
        for pass in 0.. {
            let id = 1_000 * (cut as u128 + 1) + u128::from(pass);
            let append = || Append {
                occasion: command(id),
                ..one(1, version)
            };
            ledger.read_from(0, 1).unwrap();
            way.cut_after(pass, cut);
            let first = ledger.append_all_blocking(append());
            let was_cut = way.mend();
            let place = match first {
                Ok(appended) => {
                    told[0] += 1;
                    appended.positions.start
                }
                Err(AppendError::Store(_)) => match ledger.append_all_blocking(append()) {
                    Ok(appended) => {
                        told[1] += 1;
                        appended.positions.start
                    }
                    Err(AppendError::Repeated { first, count: 1 }) => {
                        told[2] += 1;
                        first
                    }
                    Err(other) => panic!("{other}"),
                },
                Err(other) => panic!("{other}"),
            };
            assert_eq!(place, version, "{cut:?} {pass}");
            version += 1;
            if !was_cut && pass > 3 {
                break;
            }
            assert!(pass < 200, "the cut never came");
        }
    }
    assert!(told[0] > 0 && told[1] + told[2] >= 0, "{told:?}");
    println!("{version} appends: {told:?}");
    ledger.close();
    assert_eq!(entries(&direct), version);
}

#[test]
#[ignore = "needs PostgreSQL"]
fn a_follower_whose_connections_are_cut_goes_on() {
    let server = Server::start();
    let address = server.address("county");
    let (here, there) = (open(&address), open(&address));
    let mut client = server.client("county");
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_time()
        .build()
        .unwrap();
    let mut follower = here.follow(0);
    for version in 0..4 {
        client
            .execute(
                "select pg_terminate_backend(pid) from pg_stat_activity \
                 where pid <> pg_backend_pid() and application_name = 'kandeng-ledger'",
                &[],
            )
            .unwrap();
        let id = command(u128::from(version) + 1);
        let append = || Append {
            occasion: id.clone(),
            ..one(1, version)
        };
        while there.append_all_blocking(append()).is_err() {}
        let heard = runtime.block_on(async {
            tokio::time::timeout(Duration::from_secs(20), follower.next()).await
        });
        let heard = heard.expect("it was not heard of").unwrap().unwrap();
        assert_eq!(heard[0].position, version);
    }
}

#[test]
#[ignore = "needs PostgreSQL"]
fn what_an_attacker_appended_is_not_signed_over() {
    let server = Server::start();
    let address = server.address("county");
    let ledger = open(&address);
    for version in 0..5 {
        ledger.append_all_blocking(one(1, version)).unwrap();
    }
    let mut client = server.client("county");
    client
        .batch_execute(
            "insert into ledger_entries select 5, stream, 5, leaf, envelope, envelope_salt, payload, \
             payload_salt from ledger_entries where position = 0; update ledger_head set size = 6;",
        )
        .unwrap();
    let refused = ledger.append_all_blocking(one(2, 0)).unwrap_err();
    let damaged = |position| matches!(refused, AppendError::Store(StoreError::Damaged { position: at, .. }) if at == position);
    assert!(damaged(5), "{refused}");
    let mut reader = PostgresReader::open(Address::parse(&address).unwrap()).unwrap();
    let wrong = verify(&mut reader, &trust(), &[], &mut |_, _| {}).unwrap_err();
    assert_eq!(wrong.position, 5);
    // Nor is a changed payload passed over.
    client
        .batch_execute(
            "delete from ledger_entries where position = 5; update ledger_head set size = 5; \
             update ledger_entries set payload = '{\"number\":9}' where position = 3;",
        )
        .unwrap();
    let wrong = verify(&mut reader, &trust(), &[], &mut |_, _| {}).unwrap_err();
    assert_eq!(
        (wrong.position, wrong.fault),
        (3, Fault::Changed("payload"))
    );
}

#[test]
#[ignore = "needs PostgreSQL"]
fn a_node_that_hangs_with_the_ledger_in_hand_loses_it_and_keeps_nothing() {
    let server = Server::start();
    let address = server.address("county");
    let mut hanging = Postgres::open(Address::parse(&address).unwrap()).unwrap();
    hanging.begin(&[project(1)], &[]).unwrap();
    let start = Instant::now();
    let ledger = open(&address);
    let appended = loop {
        match ledger.append_all_blocking(one(1, 0)) {
            Ok(appended) => break appended,
            Err(AppendError::Store(_)) => assert!(start.elapsed() < Duration::from_mins(1)),
            Err(other) => panic!("{other}"),
        }
    };
    assert_eq!(appended.positions, 0..1);
    assert!(
        hanging
            .commit(&kandeng_ledger::store::Batch::default())
            .is_err()
    );
    drop(hanging);
    ledger.close();
    assert_eq!(entries(&address), 1);
}

#[test]
#[ignore = "needs PostgreSQL"]
fn a_server_that_does_not_sync_is_refused() {
    let server = Server::start_with("listen_addresses='';fsync=off", &[]);
    let address = Address::parse(&server.address("county")).unwrap();
    let refused = Postgres::open(address).err().unwrap();
    assert!(refused.to_string().contains("fsync"), "{refused}");
    // A server whose commits are lazy is told not to be.
    drop(server);
    let server = Server::start_with("listen_addresses='';synchronous_commit=off", &[]);
    let address = server.address("county");
    let ledger = open(&address);
    ledger.append_all_blocking(one(1, 0)).unwrap();
    server.kill();
    server.up();
    drop(ledger);
    assert_eq!(entries(&address), 1);
}

#[test]
#[ignore = "needs PostgreSQL"]
fn over_tls_only_the_right_server_is_spoken_to_and_no_secret_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = |name: &str| {
        let path = |end: &str| folder.path().join(format!("{name}.{end}"));
        let made = std::process::Command::new("openssl")
            .args([
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:prime256v1",
            ])
            .args(["-nodes", "-days", "2", "-subj", "/CN=localhost"])
            .args(["-addext", "subjectAltName=DNS:localhost"])
            .args(["-addext", "basicConstraints=critical,CA:FALSE"])
            .arg("-keyout")
            .arg(path("key"))
            .arg("-out")
            .arg(path("crt"))
            .output()
            .unwrap();
        assert!(
            made.status.success(),
            "{}",
            String::from_utf8_lossy(&made.stderr)
        );
        (path("crt"), std::fs::read(path("key")).unwrap())
    };
    let (right, secret) = certificate("right");
    let (wrong, _) = certificate("wrong");
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let settings = format!("listen_addresses=127.0.0.1;port={port};ssl=on");
    let files: &[(&str, &[u8])] = &[
        ("server.crt", &std::fs::read(&right).unwrap()),
        ("server.key", &secret),
    ];
    let server = Server::start_with(&settings, files);
    let text = format!(
        "postgres://kandeng:open%20sesame@localhost:{port}/postgres?sslmode=require&hostaddr=127.0.0.1"
    );
    let address = Address::parse(&text).unwrap();
    let store = Postgres::open(address.clone().with_roots(&right)).unwrap();
    let ledger = Ledger::start(store, key()).unwrap();
    ledger.append_all_blocking(one(1, 0)).unwrap();
    ledger.close();
    let encrypted = server
        .client_at(&format!(
            "host=127.0.0.1 port={port} user=kandeng dbname=postgres sslmode=disable"
        ))
        .query_one("show ssl", &[])
        .unwrap();
    assert_eq!(encrypted.get::<_, String>(0), "on");
    // Another's certificate, and none to hold it against.
    for address in [address.clone().with_roots(&wrong), address.clone()] {
        let refused = Postgres::open(address).err().unwrap();
        let said = format!("{refused} {refused:?}");
        assert!(!said.contains("sesame"), "{said}");
    }
    assert!(!format!("{address:?}").contains("sesame"));
    let away = Address::parse(&text.replace(&port.to_string(), "1")).unwrap();
    let refused = Postgres::open(away.with_roots(&right)).err().unwrap();
    assert!(!format!("{refused} {refused:?}").contains("sesame"));
}
