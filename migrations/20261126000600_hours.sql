-- Packets of a span of time: they are recorded in its order, so that a few ranges of blocks hold them.
CREATE INDEX packets_by_time ON packets USING brin (recorded_at);
