-- What auditors read: a row for each path and query in each hour, counted, so that somebody who looks every few seconds does not fill
-- the disk. Neither history nor projection: the hub's own record of its readers.
CREATE TABLE accesses (
    position BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    credential UUID NOT NULL,
    actor TEXT NOT NULL,
    path TEXT NOT NULL,
    query TEXT NOT NULL,
    hour TIMESTAMPTZ NOT NULL,
    count BIGINT NOT NULL CHECK (count >= 1),
    first_at TIMESTAMPTZ NOT NULL,
    last_at TIMESTAMPTZ NOT NULL CHECK (last_at >= first_at),
    UNIQUE (credential, hour, path, query)
) WITH (fillfactor = 80);
