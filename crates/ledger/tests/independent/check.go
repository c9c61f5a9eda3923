// Checks what the ledger publishes with software that is not ours: Go's own transparency log and signed
// notes (golang.org/x/mod/sumdb/tlog and note).
//
//	check FOLDER VERIFIER
//
// FOLDER holds `checkpoint`, `tile/…`, and for the test `receipts/*.tlog-proof` and
// `consistency/*.txt` (bodies of C2SP tlog-witness requests) with `consistency/*.old` (the older
// checkpoints). Every line printed is one thing that held; the first that does not ends the program.
package main

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func fail(format string, args ...interface{}) {
	fmt.Printf("FAILED: "+format+"\n", args...)
	os.Exit(1)
}

func must(err error, what string) {
	if err != nil {
		fail("%s: %v", what, err)
	}
}

type head struct {
	size int64
	root tlog.Hash
}

// openCheckpoint verifies the signature and reads size and root.
func openCheckpoint(text []byte, verifiers note.Verifiers, origin string) head {
	opened, err := note.Open(text, verifiers)
	must(err, "signature of the checkpoint")
	lines := strings.Split(opened.Text, "\n")
	if len(lines) < 4 || lines[0] != origin {
		fail("the checkpoint's origin is %q", lines[0])
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	must(err, "size of the checkpoint")
	root, err := tlog.ParseHash(lines[2])
	must(err, "root of the checkpoint")
	return head{size, root}
}

// path is the C2SP form of the number of a tile.
func path(prefix string, number int64, width int64) string {
	name := fmt.Sprintf("%03d", number%1000)
	for number >= 1000 {
		number /= 1000
		name = fmt.Sprintf("x%03d/%s", number%1000, name)
	}
	if width < 256 {
		name += fmt.Sprintf(".p/%d", width)
	}
	return prefix + "/" + name
}

func hashes(lines []string) []tlog.Hash {
	var all []tlog.Hash
	for _, line := range lines {
		hash, err := tlog.ParseHash(line)
		must(err, "a hash of a proof")
		all = append(all, hash)
	}
	return all
}

func main() {
	folder, vkey := os.Args[1], os.Args[2]
	verifier, err := note.NewVerifier(vkey)
	must(err, "the ledger's public key")
	verifiers := note.VerifierList(verifier)

	text, err := os.ReadFile(filepath.Join(folder, "checkpoint"))
	must(err, "checkpoint")
	newest := openCheckpoint(text, verifiers, verifier.Name())
	fmt.Printf("checkpoint of %d entries is signed by %s\n", newest.size, verifier.Name())

	// Every leaf into the library's own tree.
	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		found := make([]tlog.Hash, len(indexes))
		for i, index := range indexes {
			found[i] = stored[index]
		}
		return found, nil
	})
	leaves := int64(0)
	for number := int64(0); number*256 < newest.size; number++ {
		width := newest.size - number*256
		if width > 256 {
			width = 256
		}
		bundle, err := os.ReadFile(filepath.Join(folder, path("tile/entries", number, width)))
		must(err, "a bundle of entries")
		for len(bundle) > 0 {
			length := int(binary.BigEndian.Uint16(bundle))
			leaf := bundle[2 : 2+length]
			bundle = bundle[2+length:]
			more, err := tlog.StoredHashes(leaves, leaf, reader)
			must(err, "hashing a leaf")
			stored = append(stored, more...)
			leaves++
		}
	}
	if leaves != newest.size {
		fail("%d leaves in the bundles, %d in the checkpoint", leaves, newest.size)
	}
	root, err := tlog.TreeHash(newest.size, reader)
	must(err, "hashing the tree")
	if root != newest.root {
		fail("the leaves give another root than the checkpoint")
	}
	fmt.Printf("%d leaves give the signed root\n", leaves)

	tiles := 0
	for level := 0; newest.size>>(8*level) > 0; level++ {
		width := newest.size >> (8 * level)
		for number := int64(0); number*256 < width; number++ {
			tile := tlog.Tile{H: 8, L: level, N: number, W: 256}
			if left := width - number*256; left < 256 {
				tile.W = int(left)
			}
			data, err := tlog.ReadTileData(tile, reader)
			must(err, "a tile")
			name := path(fmt.Sprintf("tile/%d", level), number, int64(tile.W))
			published, err := os.ReadFile(filepath.Join(folder, name))
			must(err, "a tile")
			if !bytes.Equal(data, published) {
				fail("%s is another tile", name)
			}
			tiles++
		}
	}
	fmt.Printf("%d tiles are the library's\n", tiles)

	receipts, _ := filepath.Glob(filepath.Join(folder, "receipts", "*.tlog-proof"))
	for _, name := range receipts {
		text, err := os.ReadFile(name)
		must(err, name)
		parts := strings.SplitN(string(text), "\n\n", 2)
		lines := strings.Split(parts[0], "\n")
		if lines[0] != "c2sp.org/tlog-proof@v1" {
			fail("%s: first line %q", name, lines[0])
		}
		rest := lines[1:]
		if strings.HasPrefix(rest[0], "extra ") {
			_, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(rest[0], "extra "))
			must(err, name)
			rest = rest[1:]
		}
		index, err := strconv.ParseInt(strings.TrimPrefix(rest[0], "index "), 10, 64)
		must(err, name)
		tree := openCheckpoint([]byte(parts[1]), verifiers, verifier.Name())
		leaf := stored[tlog.StoredHashIndex(0, index)]
		must(tlog.CheckRecord(hashes(rest[1:]), tree.size, tree.root, index, leaf), name)
	}
	fmt.Printf("%d receipts hold\n", len(receipts))

	requests, _ := filepath.Glob(filepath.Join(folder, "consistency", "*.txt"))
	for _, name := range requests {
		text, err := os.ReadFile(name)
		must(err, name)
		older, err := os.ReadFile(strings.TrimSuffix(name, ".txt") + ".old")
		must(err, name)
		old := openCheckpoint(older, verifiers, verifier.Name())
		parts := strings.SplitN(string(text), "\n\n", 2)
		lines := strings.Split(parts[0], "\n")
		if lines[0] != fmt.Sprintf("old %d", old.size) {
			fail("%s: first line %q", name, lines[0])
		}
		tree := openCheckpoint([]byte(parts[1]), verifiers, verifier.Name())
		proof := hashes(lines[1:])
		must(tlog.CheckTree(proof, tree.size, tree.root, old.size, old.root), name)
	}
	fmt.Printf("%d consistency proofs hold\n", len(requests))
}
