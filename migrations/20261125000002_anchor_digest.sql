-- What an approval names: the anchor's bytes, of which the anchor's block is only a part.

ALTER TABLE islands ADD COLUMN anchor_digest BYTEA NOT NULL GENERATED ALWAYS AS (sha256(anchor_bytes)) STORED;
