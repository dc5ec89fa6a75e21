// Command tessera appends entries to a POSIX log of Tessera's and says how long it took: the peer that our log is measured beside.
//
//	tessera FOLDER ENTRIES BATCH
package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"log"
	"os"
	"strconv"
	"time"

	"github.com/transparency-dev/tessera"
	"github.com/transparency-dev/tessera/storage/posix"
	"golang.org/x/mod/sumdb/note"
)

// An entry of ours has so many bytes.
const length = 34

func number(text string) uint64 {
	value, err := strconv.ParseUint(text, 10, 32)
	if err != nil {
		log.Fatal(err)
	}
	return value
}

func main() {
	ctx := context.Background()
	folder, entries, batch := os.Args[1], number(os.Args[2]), number(os.Args[3])
	private, _, err := note.GenerateKey(rand.Reader, "tessera.invalid/log")
	if err != nil {
		log.Fatal(err)
	}
	signer, err := note.NewSigner(private)
	if err != nil {
		log.Fatal(err)
	}
	driver, err := posix.New(ctx, posix.Config{Path: folder})
	if err != nil {
		log.Fatal(err)
	}
	options := tessera.NewAppendOptions().
		WithCheckpointSigner(signer).
		WithBatching(uint(batch), 200*time.Millisecond).
		WithPushback(4 * uint(batch)).
		WithCheckpointInterval(200 * time.Millisecond)
	appender, shutdown, reader, err := tessera.NewAppender(ctx, driver, options)
	if err != nil {
		log.Fatal(err)
	}
	await := tessera.NewPublicationAwaiter(ctx, reader.ReadCheckpoint, 100*time.Millisecond)

	// As many under way as two batches: an entry is durable when its future answers.
	data := make([]byte, entries*length)
	if _, err := rand.Read(data); err != nil {
		log.Fatal(err)
	}
	window := make([]tessera.IndexFuture, 0, 2*batch)
	var last tessera.IndexFuture
	begun := time.Now()
	drain := func() {
		for _, future := range window {
			if _, err := future(); err != nil {
				log.Fatal(err)
			}
		}
		window = window[:0]
	}
	for at := uint64(0); at < entries; at++ {
		last = appender.Add(ctx, tessera.NewEntry(data[at*length:(at+1)*length]))
		if window = append(window, last); uint64(len(window)) == 2*batch {
			drain()
		}
	}
	drain()
	durable := time.Since(begun)
	// The last one is under a signed checkpoint.
	if _, _, err := await.Await(ctx, last); err != nil {
		log.Fatal(err)
	}
	published := time.Since(begun)
	if err := shutdown(ctx); err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%d %d\n", durable.Milliseconds(), published.Milliseconds())
}
