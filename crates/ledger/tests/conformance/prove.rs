//! Proofs, receipts, erasure, cosignatures.

use kandeng_ledger::{Open, Part, WitnessKey, verify};
use tlog_tiles::tlog::{check_record, check_tree};

use crate::append::fill;
use crate::support::{occasion, trust};
use crate::{Home, runtime, verified};

pub fn proofs_hold_at_every_size(home: &dyn Home) {
    let ledger = home.open();
    fill(&ledger, 300);
    let checkpoints = ledger.read(|reader| reader.checkpoints(0, 1_000)).unwrap();
    assert_eq!(checkpoints.len(), 300);
    let newest = checkpoints.last().unwrap();
    let leaves = ledger.read(|reader| reader.leaves(0, 1_000)).unwrap();
    for checkpoint in &checkpoints {
        let proof = ledger
            .prove_consistency(checkpoint.size, newest.size)
            .unwrap();
        check_tree(
            &proof,
            newest.size,
            newest.root,
            checkpoint.size,
            checkpoint.root,
        )
        .unwrap();
        let position = checkpoint.size * 7 % checkpoint.size.max(1);
        for position in [position, 0, checkpoint.size - 1] {
            let proof = ledger.prove(position, checkpoint).unwrap();
            let hash = leaves[position as usize].hash();
            check_record(&proof, checkpoint.size, checkpoint.root, position, hash).unwrap();
        }
        assert!(ledger.prove(checkpoint.size, checkpoint).is_err());
    }
}

pub fn an_erased_part_is_gone_and_every_proof_stays_valid(home: &dyn Home) {
    let ledger = home.open();
    fill(&ledger, 30);
    let before = ledger.checkpoint().unwrap();
    let open = Open {
        envelope: true,
        payload: true,
    };
    let receipt = ledger.receipt(7, &before, open).unwrap();
    let runtime = runtime();
    for part in [Part::Payload, Part::Envelope] {
        runtime
            .block_on(ledger.erase(occasion(), 7, part, "the person left"))
            .unwrap();
    }
    let entry = ledger.read_from(7, 1).unwrap().remove(0);
    assert_eq!((entry.payload, entry.envelope), (None, None));
    receipt.verify(&trust()).unwrap();
    let newest = ledger.checkpoint().unwrap();
    let later = ledger.receipt(7, &newest, open).unwrap();
    assert_eq!((&later.payload, &later.envelope), (&None, &None));
    later.verify(&trust()).unwrap();
    ledger.close();
    let report = verify(&mut *home.reader(), &trust(), &[before], &mut |_, _| {}).unwrap();
    assert_eq!(
        (report.entries, report.erased, report.continued),
        (32, 2, 1)
    );
}

pub fn cosignatures_are_kept_beside_the_checkpoint(home: &dyn Home) {
    let ledger = home.open();
    fill(&ledger, 3);
    ledger.close();
    let mut store = home.store();
    assert_eq!(home.reader().newest_cosigned().unwrap(), None);
    let witness = WitnessKey::new("witness.example/w1", &[8; 32]).unwrap();
    for (size, time) in [(2, 100), (3, 110), (3, 120)] {
        let checkpoint = home.reader().checkpoints(size, 1).unwrap().remove(0);
        let line = witness.cosign(&checkpoint, time).unwrap();
        store
            .keep_cosigned(&checkpoint.with_signatures(&line).unwrap())
            .unwrap();
    }
    drop(store);
    let newest = home.reader().newest_cosigned().unwrap().unwrap();
    let mut trust = trust();
    trust.witnesses.push(witness.verifier());
    let by = trust.verify(&newest.note).unwrap().witnessed;
    assert_eq!(
        (newest.size, by),
        (3, vec![("witness.example/w1".to_owned(), 120)])
    );
    assert_eq!(home.reader().cosigned(0, 10).unwrap().len(), 2);
    assert_eq!(home.reader().cosigned(3, 10).unwrap().len(), 1);
    assert_eq!(verified(home).entries, 3);
}
