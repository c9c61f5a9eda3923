//! People who sign in: invited once, proven twice, and no code, link or session that works when it should not.

#![allow(clippy::unwrap_used)]

#[path = "support/house.rs"]
mod house;
mod support;

use house::{House, PASSWORD};
use jiff::SignedDuration;
use kandeng_ledger::store::sqlite::Sqlite;
use kandeng_platform::account::{
    Account, Grant, GrantRole, MOST_KEYS, NewKey, NewPerson, PeopleError, Role, Scope, Scopes,
    SignOutEverywhere, Suspend, WithdrawRole, responsible,
};
use kandeng_platform::{Clock as _, CommandError, Context, Language, Platform};
use uuid::Uuid;

use support::{Node, block_on, rows, start};

#[test]
fn an_invited_person_sets_credentials_once_and_signs_in_with_both() {
    let house = House::new();
    block_on(async {
        let (account, token) = house.invite(" Wang.GX ", Role::Officer, "990121").await;
        assert_eq!(
            house.sign_in("wang.gx", PASSWORD, "000000").await,
            Err("sign-in-failed".to_owned())
        );
        let (enrolled, totp) = house.enrol(&token).await;
        assert_eq!(enrolled.account, account);
        assert_eq!(enrolled.recovery.len(), 10);
        // The link works once.
        let again = house.people.by_link(&token, house.now()).unwrap();
        assert!(again.is_none());
        // However the login is written.
        let session = house
            .sign_in("WANG.gx", PASSWORD, &totp.code(house.now()))
            .await
            .unwrap();
        let viewer = house.people.viewer(&session, house.now()).unwrap().unwrap();
        assert_eq!(viewer.account, account);
        assert_eq!(viewer.grants[0].role, Role::Officer);
        assert_eq!(
            house.people.name(account).unwrap().as_deref(),
            Some("王桂香")
        );
    });
}

#[test]
fn a_link_lapses_and_a_new_one_replaces_it() {
    let house = House::new();
    block_on(async {
        let (account, token) = house.invite("wang", Role::Clerk, "990121003001").await;
        house.later(72 * 3_600);
        assert!(house.people.by_link(&token, house.now()).unwrap().is_none());
        let totp = house.people.new_totp("wang").unwrap();
        let late = house
            .people
            .set_credentials(
                &token,
                PASSWORD,
                &totp.base32(),
                &totp.code(house.now()),
                &house.cx(),
            )
            .await;
        assert!(matches!(late, Err(PeopleError::Refused(why)) if why.code == "link-used"));
        let first = house.people.issue_link(account, &house.cx()).await.unwrap();
        let second = house.people.issue_link(account, &house.cx()).await.unwrap();
        assert!(house.people.by_link(&first, house.now()).unwrap().is_none());
        house.enrol(&second).await;
    });
}

#[test]
fn two_people_do_not_share_a_login_however_it_is_written() {
    let house = House::new();
    block_on(async {
        house.invite("Wang", Role::Clerk, "990121003001").await;
        let refused = async |name: &str, login: &str| {
            let new = NewPerson {
                name: name.to_owned(),
                login: login.to_owned(),
                language: Language::Zh,
                grants: Vec::new(),
            };
            match house.people.invite(&new, &house.cx()).await {
                Err(PeopleError::Refused(why)) => why.code,
                other => panic!("{login:?}: {other:?}"),
            }
        };
        // With space, in capitals, in the letters that a Chinese keyboard writes.
        for login in ["wang ", "WANG", "ｗａｎｇ", "Ｗang"] {
            assert_eq!(refused("王小红", login).await, "value-taken", "{login}");
        }
        // Nor does one have what nobody sees.
        for login in ["wang\u{200b}", "\u{202e}wang", "wa\nng", "wang\0", "王/红"] {
            assert_eq!(refused("王小红", login).await, "login-letters", "{login:?}");
        }
        let long = "红".repeat(61);
        for name in ["", " \u{3000}", &long, "王\n红", "\u{202e}红"] {
            let code = refused(name, "hong").await;
            assert_eq!(code, "person-incomplete", "{name:?}");
        }
    });
}

#[test]
fn what_a_keyboard_or_an_application_puts_between_letters_signs_in_all_the_same() {
    let house = House::new();
    block_on(async {
        let (_, token) = house.invite("wang.gx", Role::Clerk, "990121003001").await;
        let (_, totp) = house.enrol(&token).await;
        let code = totp.code(house.now());
        let code = format!(" {} {} ", &code[..3], &code[3..]);
        let signed = house.sign_in("ｗａｎｇ．ｇｘ", PASSWORD, &code).await;
        assert!(signed.is_ok(), "{signed:?}");
    });
}

#[test]
fn an_account_is_suspended_for_a_reason_that_can_be_read() {
    let house = House::new();
    block_on(async {
        let (account, _) = house.invite("wang", Role::Clerk, "990121003001").await;
        for reason in [String::new(), " \n".to_owned(), "x".repeat(2_001)] {
            let (suspend, cx) = (Suspend { reason }, house.cx());
            let asked = house
                .platform
                .carry_out::<Account, _>(account, suspend, &cx);
            assert!(matches!(
                asked.await,
                Err(CommandError::Refused(why)) if why.code == "reason"
            ));
        }
    });
}

#[test]
fn a_code_signs_in_once_also_from_two_nodes_at_the_same_time() {
    let house = House::new();
    block_on(async {
        let (_, token) = house.invite("wang", Role::Officer, "990121").await;
        let (_, totp) = house.enrol(&token).await;
        let code = totp.code(house.now());
        let both = tokio::join!(
            house.sign_in("wang", PASSWORD, &code),
            house.sign_in("wang", PASSWORD, &code)
        );
        let signed = [both.0, both.1];
        assert_eq!(signed.iter().filter(|signed| signed.is_ok()).count(), 1);
        house.later(5);
        assert_eq!(
            house.sign_in("wang", PASSWORD, &code).await,
            Err("sign-in-failed".to_owned())
        );
        house.later(60);
        let next = totp.code(house.now());
        assert!(house.sign_in("wang", PASSWORD, &next).await.is_ok());
        // An older code, still within the window, is no better.
        let older = totp.code(house.now() - SignedDuration::from_secs(30));
        assert!(house.sign_in("wang", PASSWORD, &older).await.is_err());
    });
}

#[test]
fn a_recovery_code_works_once_and_without_the_password_never() {
    let house = House::new();
    block_on(async {
        let (_, token) = house.invite("wang", Role::Officer, "990121").await;
        let (enrolled, _) = house.enrol(&token).await;
        let code = enrolled.recovery[3].to_uppercase();
        assert!(
            house
                .sign_in("wang", "something else", &code)
                .await
                .is_err()
        );
        assert!(house.sign_in("wang", PASSWORD, &code).await.is_ok());
        assert!(house.sign_in("wang", PASSWORD, &code).await.is_err());
        let other = &enrolled.recovery[4];
        assert!(house.sign_in("wang", PASSWORD, other).await.is_ok());
    });
}

#[test]
fn failures_make_everybody_wait_longer_whether_or_not_there_is_an_account() {
    let house = House::new();
    block_on(async {
        let (_, token) = house.invite("wang", Role::Officer, "990121").await;
        let (_, totp) = house.enrol(&token).await;
        for login in ["wang", "nobody"] {
            for _ in 0..4 {
                assert_eq!(
                    house.sign_in(login, "guess", "123456").await,
                    Err("sign-in-failed".to_owned())
                );
            }
            let told = house.sign_in(login, "guess", "123456").await.unwrap_err();
            assert!(told.starts_with("to be tried again"), "{told}");
        }
        // Who knows the secrets waits too, and is let in then.
        let code = totp.code(house.now());
        assert!(house.sign_in("wang", PASSWORD, &code).await.is_err());
        house.later(2);
        assert!(house.sign_in("wang", PASSWORD, &code).await.is_ok());
        // The fourth failure is on record, once, and what was typed is nowhere.
        let told = house.platform.ledger().read_from(0, 100).unwrap();
        let failed = told.iter().filter(|event| {
            let envelope = event.envelope.as_ref();
            envelope.is_some_and(|envelope| envelope.kind == "account-sign-in-failed")
        });
        assert_eq!(failed.count(), 1);
    });
}

#[test]
fn no_secret_and_no_name_stands_in_the_ledger_or_the_read_model() {
    let house = House::new();
    block_on(async {
        let (_, token) = house.invite("wang.gx", Role::Officer, "990121").await;
        let (enrolled, totp) = house.enrol(&token).await;
        let code = totp.code(house.now());
        let session = house.sign_in("wang.gx", PASSWORD, &code).await.unwrap();
        let mut secrets = vec![
            token,
            session,
            totp.base32(),
            PASSWORD.to_owned(),
            "王桂香".to_owned(),
            "wang.gx".to_owned(),
        ];
        secrets.extend(enrolled.recovery);
        for file in std::fs::read_dir(house.node.folder()).unwrap() {
            let bytes = std::fs::read(file.unwrap().path()).unwrap();
            for secret in &secrets {
                let found = bytes
                    .windows(secret.len())
                    .any(|window| window == secret.as_bytes());
                assert!(!found, "{secret}");
            }
        }
    });
}

#[test]
fn sessions_end_when_they_are_told_to_and_by_themselves() {
    let house = House::new();
    block_on(async {
        let (account, token) = house.invite("wang", Role::Officer, "990121").await;
        let (_, totp) = house.enrol(&token).await;
        let sign_in = || async {
            house.later(60);
            let code = totp.code(house.now());
            house.sign_in("wang", PASSWORD, &code).await.unwrap()
        };
        let open = |token: &str| house.people.viewer(token, house.now()).unwrap();
        let (first, second) = (sign_in().await, sign_in().await);
        let viewer = open(&first).unwrap();
        house.people.sign_out(&viewer, &house.cx()).await.unwrap();
        assert!(open(&first).is_none() && open(&second).is_some());
        let third = sign_in().await;
        let cx = house.cx();
        let everywhere = house
            .platform
            .carry_out::<Account, _>(account, SignOutEverywhere, &cx);
        everywhere.await.unwrap();
        assert!(open(&second).is_none() && open(&third).is_none());
        let fourth = sign_in().await;
        house.later(12 * 3_600);
        assert!(open(&fourth).is_none());
        let fifth = sign_in().await;
        let suspend = Suspend {
            reason: "on leave".to_owned(),
        };
        house
            .platform
            .carry_out::<Account, _>(account, suspend, &house.cx())
            .await
            .unwrap();
        assert!(open(&fifth).is_none());
        house.later(60);
        let code = totp.code(house.now());
        assert!(house.sign_in("wang", PASSWORD, &code).await.is_err());
        assert_eq!(rows(&house.platform, "sessions").len(), 0);
    });
}

#[test]
fn new_credentials_end_what_was_open_under_the_old_ones() {
    let house = House::new();
    block_on(async {
        let (account, token) = house.invite("wang", Role::Officer, "990121").await;
        let (_, totp) = house.enrol(&token).await;
        let code = totp.code(house.now());
        let session = house.sign_in("wang", PASSWORD, &code).await.unwrap();
        let link = house.people.issue_link(account, &house.cx()).await.unwrap();
        assert!(
            house
                .people
                .viewer(&session, house.now())
                .unwrap()
                .is_some()
        );
        house.enrol(&link).await;
        assert!(
            house
                .people
                .viewer(&session, house.now())
                .unwrap()
                .is_none()
        );
        let old = totp.code(house.now());
        assert!(house.sign_in("wang", PASSWORD, &old).await.is_err());
    });
}

#[test]
fn a_poor_password_and_a_wrong_code_leave_the_link_as_it_was() {
    let house = House::new();
    block_on(async {
        let (_, token) = house.invite("wang", Role::Officer, "990121").await;
        let totp = house.people.new_totp("wang").unwrap();
        let code = totp.code(house.now());
        for (password, code, why) in [
            ("short", code.as_str(), "password-length"),
            ("wangwangwang", code.as_str(), "password-common"),
            (PASSWORD, "000000", "code-wrong"),
        ] {
            let set = house
                .people
                .set_credentials(&token, password, &totp.base32(), code, &house.cx())
                .await;
            assert!(
                matches!(&set, Err(PeopleError::Refused(refusal)) if refusal.code == why),
                "{why}: {set:?}"
            );
        }
        house.enrol(&token).await;
    });
}

#[test]
fn there_is_one_first_administrator() {
    let house = House::new();
    block_on(async {
        let new = || NewPerson {
            name: "李管".to_owned(),
            login: "admin.li".to_owned(),
            language: Language::Zh,
            grants: Vec::new(),
        };
        let cx = house.cx();
        let first = house.people.invite_first(new(), "990121", &cx).await;
        assert!(first.is_ok());
        let second = house.people.invite_first(new(), "990121", &cx).await;
        assert!(
            matches!(second, Err(PeopleError::Refused(why)) if why.code == "administrator-exists")
        );
    });
}

#[test]
fn the_nearest_grant_says_who_is_responsible() {
    let house = House::new();
    block_on(async {
        let mut officers = Vec::new();
        for (login, of) in [("county", "990121"), ("township", "990121003")] {
            let (account, token) = house.invite(login, Role::Officer, of).await;
            house.enrol(&token).await;
            officers.push(account);
        }
        // Invited, and not in use yet.
        house.invite("new", Role::Officer, "990121004").await;
        let of = |place: &str| {
            house
                .platform
                .query(|connection| responsible(connection, Role::Officer, place))
                .unwrap()
        };
        assert_eq!(of("990121003001"), [officers[1].to_string()]);
        assert_eq!(of("990121004001"), [officers[0].to_string()]);
        assert!(of("990122001").is_empty());
        let grant = Grant {
            role: Role::Officer,
            jurisdiction: "990121003".to_owned(),
        };
        let cx = house.cx();
        house
            .platform
            .carry_out::<Account, _>(officers[1], WithdrawRole(grant.clone()), &cx)
            .await
            .unwrap();
        assert_eq!(of("990121003001"), [officers[0].to_string()]);
        let nowhere = GrantRole(Grant {
            jurisdiction: "99012".to_owned(),
            ..grant
        });
        let refused = house
            .platform
            .carry_out::<Account, _>(officers[1], nowhere, &cx)
            .await;
        assert!(refused.is_err());
    });
}

#[test]
fn an_erased_person_signs_in_no_more_and_has_no_name() {
    let house = House::new();
    block_on(async {
        let (account, token) = house.invite("wang", Role::Officer, "990121").await;
        let (_, totp) = house.enrol(&token).await;
        house
            .platform
            .erase_person(&house.vault, account, "asked", &house.cx())
            .await
            .unwrap();
        let code = totp.code(house.now());
        assert!(house.sign_in("wang", PASSWORD, &code).await.is_err());
        assert_eq!(house.people.name(account).unwrap(), None);
    });
}

#[test]
fn accounts_made_anew_are_what_they_were() {
    let house = House::new();
    block_on(async {
        let (account, token) = house.invite("wang", Role::Officer, "990121").await;
        let (_, totp) = house.enrol(&token).await;
        let code = totp.code(house.now());
        house.sign_in("wang", PASSWORD, &code).await.unwrap();
        house.people.issue_link(account, &house.cx()).await.unwrap();
        house.invite("li", Role::Clerk, "990121003001").await;
    });
    let all = |platform: &Platform| {
        ["accounts", "account_grants", "sessions"].map(|table| rows(platform, table))
    };
    let here = all(&house.platform);
    assert_eq!(here[0].len(), 2);
    let House { node, platform, .. } = house;
    drop(platform);
    let beside = Node::beside(&node);
    let rebuilt = beside.open_elsewhere(Sqlite::open(&node.database(), None).unwrap());
    assert_eq!(all(&rebuilt), here);
    assert!(start() < node.clock.now());
}

#[test]
fn a_key_for_a_program_is_shown_once_and_ends_with_its_days_its_withdrawal_or_the_account() {
    let house = House::new();
    block_on(async {
        let (account, link) = house.invite("wang", Role::Auditor, "990121").await;
        let person = |at| Context {
            actor: account,
            at,
            ..house.cx()
        };
        let new = |days| NewKey {
            label: "月报".to_owned(),
            scopes: Scopes::from([Scope::File]),
            days,
        };
        // Nobody who has not set credentials yet.
        let early = house.people.make_key(&new(30), &person(house.now())).await;
        assert!(matches!(early, Err(PeopleError::Refused(_))));
        house.enrol(&link).await;
        let make = async |days| {
            house
                .people
                .make_key(&new(days), &person(house.now()))
                .await
        };
        for days in [0, 367] {
            assert!(
                matches!(make(days).await, Err(PeopleError::Refused(_))),
                "{days}"
            );
        }
        let bearer = |key: &str| house.people.bearer(key, house.now()).unwrap();
        let (short, long) = (make(1).await.unwrap(), make(30).await.unwrap());
        let (viewer, scopes) = bearer(&long).unwrap();
        assert_eq!(
            (viewer.account, scopes),
            (account, Scopes::from([Scope::File]))
        );
        assert_eq!(viewer.grants[0].role, Role::Auditor);
        let listed = house.people.keys_of(account, house.now()).unwrap();
        assert_eq!(listed.len(), 2);
        assert!(listed.iter().all(|key| key.label == "月报"));
        // Neither the key nor what it is called stands in the ledger.
        let ledger = house.platform.ledger();
        for entry in ledger.read_from(0, 1_000).unwrap() {
            let payload = entry.payload.unwrap_or_default().to_string();
            assert!(
                !payload.contains(&long) && !payload.contains("月报"),
                "{payload}"
            );
        }
        house.later(86_400);
        assert!(bearer(&short).is_none() && bearer(&long).is_some());
        let kept = house.people.keys_of(account, house.now()).unwrap();
        assert_eq!(kept.len(), 1);
        // Nobody else withdraws it.
        let other = Context {
            actor: Uuid::from_u128(9),
            ..person(house.now())
        };
        house.people.withdraw_key(kept[0].id, &other).await.unwrap();
        assert!(bearer(&long).is_some());
        let theirs = person(house.now());
        house
            .people
            .withdraw_key(kept[0].id, &theirs)
            .await
            .unwrap();
        assert!(bearer(&long).is_none());
        for _ in 0..MOST_KEYS {
            make(2).await.unwrap();
        }
        assert!(matches!(make(2).await, Err(PeopleError::Refused(_))));
        house.later(3 * 86_400);
        let last = make(30).await.unwrap();
        let reason = "离岗".to_owned();
        house
            .platform
            .carry_out::<Account, _>(account, Suspend { reason }, &house.cx())
            .await
            .unwrap();
        assert!(bearer(&last).is_none());
    });
}
