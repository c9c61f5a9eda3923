"""Checks what the ledger publishes with software that is not ours: aics-tlog (PyPI), Python 3.12 or newer.

    check.py FOLDER VERIFIER

FOLDER is laid out as for check.go beside this file. Every line printed is one thing that held; the first that does
not ends the program.
"""

import base64
import sys
from pathlib import Path

import aics_tlog as tlog


def head(note, key):
    """Size and root of a checkpoint whose signature holds."""
    seen = tlog.verify_checkpoint(tlog.parse_note(note), key, expected_origin=key.name)
    assert seen.ok, seen.error
    return seen.size, seen.root


def hashes(lines):
    return [base64.b64decode(line, validate=True) for line in lines]


def main():
    folder, key = Path(sys.argv[1]), tlog.parse_vkey(sys.argv[2])
    size, root = head((folder / "checkpoint").read_bytes(), key)
    print(f"checkpoint of {size} entries is signed by {key.name}")

    reader = tlog.FileSystemTileReader(folder)
    seen = tlog.audit_tiles(reader, size, root)
    print(f"{seen.tiles} tiles and {seen.bundles} bundles give the signed root")

    receipts = sorted((folder / "receipts").glob("*.tlog-proof"))
    for path in receipts:
        proof, note = path.read_text().split("\n\n", 1)
        name, extra, index, *lines = proof.split("\n")
        assert name == "c2sp.org/tlog-proof@v1", name
        base64.b64decode(extra.removeprefix("extra "), validate=True)
        index = int(index.removeprefix("index "))
        of, under = head(note, key)
        leaf = tlog.leaf_hash(tlog.read_entry(reader, index, size))
        assert tlog.verify_inclusion(leaf, index, of, hashes(lines), under), path
    print(f"{len(receipts)} receipts hold")

    requests = sorted((folder / "consistency").glob("*.txt"))
    for path in requests:
        proof, note = path.read_text().split("\n\n", 1)
        old, *lines = proof.split("\n")
        old_size, old_root = head(path.with_suffix(".old").read_text(), key)
        assert old == f"old {old_size}", old
        of, under = head(note, key)
        assert tlog.verify_consistency(old_size, of, old_root, under, hashes(lines)), path
    print(f"{len(requests)} consistency proofs hold")


main()
