// Command reader checks a log as somebody else's client: with Go's own packages for signed notes and tiled logs.
//
//	reader <prefix of the log> <verifier key> [<file with an older checkpoint>]
//
// It opens the newest checkpoint, authenticates every tile it needs against it, reads every entry and proves it included,
// and proves that the tree goes on from the older checkpoint. It prints the tree's size, or says what is wrong.
package main

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// height is that of C2SP tlog-tiles: 2^8 hashes a tile.
const height = 8

type log struct{ prefix string }

func (l log) get(path string) ([]byte, error) {
	response, err := http.Get(l.prefix + "/" + path)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", path, response.Status)
	}
	return body, err
}

func (l log) Height() int { return height }

// ReadTiles implements tlog.TileReader; tlog's own paths have the height in them, those of C2SP do not.
func (l log) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, tile := range tiles {
		path := strings.Replace(tile.Path(), fmt.Sprintf("tile/%d/", height), "tile/", 1)
		data, err := l.get(path)
		if err != nil {
			return nil, err
		}
		all = append(all, data)
	}
	return all, nil
}

func (l log) SaveTiles([]tlog.Tile, [][]byte) {}

// open verifies a checkpoint and reads it.
func open(message []byte, verifier note.Verifier) (tlog.Tree, error) {
	opened, err := note.Open(message, note.VerifierList(verifier))
	if err != nil {
		return tlog.Tree{}, err
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[0] != verifier.Name() {
		return tlog.Tree{}, fmt.Errorf("not a checkpoint of %s: %q", verifier.Name(), opened.Text)
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return tlog.Tree{}, err
	}
	root, err := base64.StdEncoding.DecodeString(lines[2])
	if err != nil || len(root) != tlog.HashSize {
		return tlog.Tree{}, fmt.Errorf("not a root: %q", lines[2])
	}
	return tlog.Tree{N: size, Hash: tlog.Hash(root)}, nil
}

// entries reads every bundle of the tree.
func (l log) entries(size int64) ([][]byte, error) {
	var all [][]byte
	for from := int64(0); from < size; from += 1 << height {
		width := min(size-from, 1<<height)
		// An entry bundle is named like a tile of data at level -1.
		tile := tlog.Tile{H: height, L: -1, N: from >> height, W: int(width)}
		path := strings.Replace(tile.Path(), fmt.Sprintf("tile/%d/data/", height), "tile/entries/", 1)
		data, err := l.get(path)
		if err != nil {
			return nil, err
		}
		for len(data) > 0 {
			length := int(binary.BigEndian.Uint16(data))
			all, data = append(all, data[2:2+length]), data[2+length:]
		}
	}
	if int64(len(all)) != size {
		return nil, fmt.Errorf("%d entries in a tree of %d", len(all), size)
	}
	return all, nil
}

func check(arguments []string) (int64, error) {
	reader := log{prefix: arguments[0]}
	verifier, err := note.NewVerifier(arguments[1])
	if err != nil {
		return 0, err
	}
	message, err := reader.get("checkpoint")
	if err != nil {
		return 0, err
	}
	tree, err := open(message, verifier)
	if err != nil {
		return 0, err
	}
	hashes := tlog.TileHashReader(tree, reader)
	entries, err := reader.entries(tree.N)
	if err != nil {
		return 0, err
	}
	for index, entry := range entries {
		proof, err := tlog.ProveRecord(tree.N, int64(index), hashes)
		if err != nil {
			return 0, err
		}
		if err := tlog.CheckRecord(proof, tree.N, tree.Hash, int64(index), tlog.RecordHash(entry)); err != nil {
			return 0, fmt.Errorf("entry %d: %w", index, err)
		}
	}
	if len(arguments) > 2 {
		message, err := os.ReadFile(arguments[2])
		if err != nil {
			return 0, err
		}
		old, err := open(message, verifier)
		if err != nil {
			return 0, err
		}
		proof, err := tlog.ProveTree(tree.N, old.N, hashes)
		if err != nil {
			return 0, err
		}
		if err := tlog.CheckTree(proof, tree.N, tree.Hash, old.N, old.Hash); err != nil {
			return 0, fmt.Errorf("from %d to %d: %w", old.N, tree.N, err)
		}
	}
	return tree.N, nil
}

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "expected a log's prefix and its verifier key")
		os.Exit(2)
	}
	size, err := check(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(size)
}
