//! What every vault does, wherever it stands: the same checks on files and on a server.

use uuid::Uuid;

use super::store::SealedValue;
use super::{MAX_VALUE, MasterKey, Reference, Vault, VaultError, race_tests};

#[path = "../../../ledger/tests/support/postgres.rs"]
pub(super) mod server;

/// Opens a vault that is the same for every call with one number, and another for every other number.
type Open<'a> = &'a dyn Fn(u32, &MasterKey) -> Result<Vault, VaultError>;

fn opened(open: Open<'_>, number: u32, master: &MasterKey) -> Vault {
    let vault = open(number, master).unwrap();
    vault.erasures_replayed();
    vault
}

fn conforms(open: Open<'_>) {
    let master = MasterKey::generate().unwrap();
    let of = |number| move |master: &MasterKey| opened(open, number, master);
    what_was_sealed_opens_until_its_person_is_erased(&of(0), &master);
    a_vault_is_shut_until_the_erasures_were_replayed(&|| open(1, &master).unwrap());
    another_master_key_opens_nothing_and_says_which_it_would_be(open, &master);
    rotation_wraps_every_key_anew_and_changes_no_value(&of(3), &master);
    a_sealed_value_opens_in_its_own_place_only(&of(4)(&master));
    let again = |number| move || opened(open, number, &MasterKey::parse(&"7".repeat(64)).unwrap());
    race_tests::an_erased_person_stays_erased_in_every_order_of_storing_and_erasing(&again(5));
    race_tests::many_who_store_while_one_erases_leave_nothing_readable(&again(6));
    race_tests::a_person_gets_one_key_however_many_are_first(&again(7));
    pages_hold_every_value_once(&of(8)(&master));
    a_vault_is_carried_across(&of(9)(&master), &of(10)(&master));
}

#[test]
fn a_vault_in_files_conforms() {
    let folder = tempfile::tempdir().unwrap();
    conforms(&|number, master| {
        let at = folder.path().join(number.to_string());
        std::fs::create_dir_all(&at).unwrap();
        Vault::open(
            &at.join("people.db"),
            &at.join("kandeng.db"),
            master.clone(),
        )
    });
}

#[test]
#[ignore = "needs PostgreSQL"]
fn a_vault_on_a_server_conforms() {
    let server = server::Server::start();
    conforms(&|number, master| {
        let at =
            |name: String| kandeng_ledger::store::postgres::Address::parse(&server.address(&name));
        // Keys in the ledger's database, or in one of their own.
        let values = at(format!("values{number}"))?;
        let keys = match number % 2 {
            0 => values.clone(),
            _ => at(format!("keys{number}"))?,
        };
        Vault::open_shared(keys, values, master.clone())
    });
}

fn what_was_sealed_opens_until_its_person_is_erased(
    open: &dyn Fn(&MasterKey) -> Vault,
    master: &MasterKey,
) {
    let (one, two) = (open(master), open(master));
    let (person, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
    let longest = "看".repeat(MAX_VALUE / 3);
    let references = [
        one.store(person, "王桂香").unwrap(),
        one.store(person, "").unwrap(),
        two.store(person, &longest).unwrap(),
    ];
    let kept = two.store(other, "other").unwrap();
    for vault in [&one, &two] {
        for (reference, text) in references.iter().zip(["王桂香", "", &longest]) {
            let read = vault.read(*reference).unwrap();
            assert_eq!(read, Some((person, text.to_owned())));
        }
    }
    assert_eq!(one.read(Reference(Uuid::from_u128(5))).unwrap(), None);
    let long = one.store(person, &"x".repeat(MAX_VALUE + 1));
    assert!(matches!(long, Err(VaultError::TooLarge(_))));

    one.destroy(&[person]).unwrap();
    one.destroy(&[person]).unwrap();
    // At once for whoever has the vault open already, and for whoever opens it anew.
    for vault in [&one, &two, &open(master)] {
        for reference in references {
            assert_eq!(vault.read(reference).unwrap(), None);
        }
        assert!(matches!(
            vault.store(person, "again"),
            Err(VaultError::Erased)
        ));
        let read = vault.read(kept).unwrap();
        assert_eq!(read, Some((other, "other".to_owned())));
    }
    assert_eq!(one.keys.everything().unwrap().1, [person]);
    assert_eq!(one.values.page(None, 10).unwrap().len(), 1);
    // Nobody is erased, and that is no fault.
    one.destroy(&[]).unwrap();
}

fn a_vault_is_shut_until_the_erasures_were_replayed(open: &dyn Fn() -> Vault) {
    let vault = open();
    let stored = vault.store(Uuid::from_u128(1), "x");
    assert!(matches!(stored, Err(VaultError::NotReplayed)));
    let read = vault.read(Reference(Uuid::from_u128(1)));
    assert!(matches!(read, Err(VaultError::NotReplayed)));
}

fn another_master_key_opens_nothing_and_says_which_it_would_be(open: Open<'_>, master: &MasterKey) {
    let wrong = MasterKey::generate().unwrap();
    // With nothing in it a vault is anybody's; whoever is first closes it.
    let (vault, early) = (opened(open, 2, master), opened(open, 2, &wrong));
    vault.store(Uuid::from_u128(1), "x").unwrap();
    let told = [
        early.store(Uuid::from_u128(2), "x").err(),
        open(2, &wrong).err(),
    ];
    for told in told {
        let Some(VaultError::WrongMaster { ours, theirs }) = told else {
            panic!("it is taken");
        };
        assert_eq!((ours.as_str(), theirs.as_str()), (wrong.id(), master.id()));
    }
}

fn rotation_wraps_every_key_anew_and_changes_no_value(
    open: &dyn Fn(&MasterKey) -> Vault,
    master: &MasterKey,
) {
    let new = MasterKey::generate().unwrap();
    let (one, two) = (open(master), open(master));
    let people: Vec<Uuid> = (0..5).map(Uuid::from_u128).collect();
    let references: Vec<Reference> = people
        .iter()
        .map(|person| one.store(*person, "王桂香").unwrap())
        .collect();
    one.destroy(&people[..1]).unwrap();
    let (keys, values) = (
        one.keys.everything().unwrap().0,
        one.values.page(None, 10).unwrap(),
    );
    assert_eq!(one.rotate(new.clone()).unwrap(), 4);
    assert_eq!(one.values.page(None, 10).unwrap(), values);
    for (before, after) in keys.iter().zip(one.keys.everything().unwrap().0) {
        assert_eq!(after.master, new.id());
        assert_ne!(before.wrapped, after.wrapped);
    }
    // Whoever has the old key is told, and closes nothing by it.
    for told in [
        two.read(references[1]).err(),
        two.store(people[1], "x").err(),
    ] {
        assert!(matches!(told, Some(VaultError::WrongMaster { .. })));
    }
    let told = two.store(Uuid::from_u128(9), "x").err();
    assert!(matches!(told, Some(VaultError::WrongMaster { .. })));
    // Again, as after an answer that was lost.
    assert_eq!(one.rotate(new.clone()).unwrap(), 4);
    for vault in [&one, &open(&new)] {
        assert_eq!(vault.read(references[0]).unwrap(), None);
        for reference in &references[1..] {
            assert!(vault.read(*reference).unwrap().is_some());
        }
    }
}

fn a_sealed_value_opens_in_its_own_place_only(vault: &Vault) {
    let (person, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
    let reference = vault.store(person, "mine").unwrap();
    vault.store(other, "theirs").unwrap();
    let value = vault.values.get(reference).unwrap().unwrap();
    for (number, person) in [(8, other), (9, person)] {
        let moved = SealedValue {
            reference: Reference(Uuid::from_u128(number)),
            person,
            sealed: value.sealed.clone(),
        };
        vault.values.put(std::slice::from_ref(&moved)).unwrap();
        assert!(matches!(
            vault.read(moved.reference),
            Err(VaultError::Changed)
        ));
    }
    // What stands under a reference is not written over.
    let over = SealedValue {
        person: other,
        ..value.clone()
    };
    vault.values.put(&[over]).unwrap();
    assert_eq!(vault.values.get(reference).unwrap(), Some(value));
}

fn pages_hold_every_value_once(vault: &Vault) {
    let mut all: Vec<Uuid> = (0..23)
        .map(|number| vault.store(Uuid::from_u128(number % 3), "x").unwrap().0)
        .collect();
    all.sort_unstable();
    let mut paged = Vec::new();
    while let page = vault
        .values
        .page(paged.last().copied().map(Reference), 7)
        .unwrap()
        && !page.is_empty()
    {
        paged.extend(page.iter().map(|value| value.reference.0));
    }
    assert_eq!(paged, all);
}

fn a_vault_is_carried_across(from: &Vault, to: &Vault) {
    let people: Vec<Uuid> = (0..4).map(Uuid::from_u128).collect();
    let references: Vec<Reference> = people
        .iter()
        .map(|person| from.store(*person, "王桂香").unwrap())
        .collect();
    from.destroy(&people[..1]).unwrap();
    assert_eq!(to.take_from(from).unwrap(), 3);
    // Broken off and begun again, with somebody forgotten on either side meanwhile.
    from.destroy(&people[1..2]).unwrap();
    to.destroy(&people[2..3]).unwrap();
    let later = from.store(people[3], "later").unwrap();
    to.take_from(from).unwrap();
    for reference in &references[..3] {
        assert_eq!(to.read(*reference).unwrap(), None);
    }
    for reference in [references[3], later] {
        assert_eq!(to.read(reference).unwrap(), from.read(reference).unwrap());
    }
    for person in &people[..3] {
        assert!(matches!(to.store(*person, "x"), Err(VaultError::Erased)));
    }
    assert_eq!(to.values.page(None, 10).unwrap().len(), 2);
    assert_eq!(to.sealed_for_good().unwrap(), 0);
    to.values
        .put(&[SealedValue {
            reference: Reference(Uuid::from_u128(9)),
            person: Uuid::from_u128(9),
            sealed: vec![1],
        }])
        .unwrap();
    assert_eq!(to.sealed_for_good().unwrap(), 1);
    // A vault with other people's keys is not mixed with this one.
    let stranger = from.store(Uuid::from_u128(7), "x").unwrap();
    to.store(Uuid::from_u128(7), "y").unwrap();
    assert!(matches!(to.take_from(from), Err(VaultError::Foreign)));
    assert!(from.read(stranger).unwrap().is_some());
}
