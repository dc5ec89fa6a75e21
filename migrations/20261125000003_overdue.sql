-- DELIVER that nobody can act on any more becomes REFUSE: found by its packet's timeout.

ALTER TABLE leaves ADD COLUMN timeout uint64;
UPDATE leaves SET timeout = packet.timeout FROM packets AS packet WHERE leaves.kind = 1 AND packet.id = leaves.packet;
ALTER TABLE leaves ADD CHECK ((timeout IS NOT NULL) = (kind = 1));
CREATE INDEX leaves_overdue ON leaves (timeout) WHERE kind = 1 AND NOT done;
