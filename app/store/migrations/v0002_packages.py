"""Version 2: every package claim has a source; what happened to packages is a log; the present is derived from both.

`packages` grows by whole sources: a manifest stands in `staged` until all its rows are here, and only sources in state
`complete` are asked. `disputes` are the contradictions between claims as they were found, `doubts` the packages that
may not stand for their content because of one. `source_counts` says how many smallest packs a source names per
content. `opened` and `aliases` follow from `package_events`, which is never shortened.
"""

from __future__ import annotations

STATEMENTS: tuple[str, ...] = (
    """CREATE TABLE sources (
        id INTEGER PRIMARY KEY, kind TEXT NOT NULL, name TEXT NOT NULL, version INTEGER NOT NULL, delivery INTEGER,
        trust INTEGER NOT NULL, state TEXT NOT NULL, rows INTEGER NOT NULL, made_ms INTEGER NOT NULL,
        at_ms INTEGER NOT NULL, says TEXT, UNIQUE (kind, name, version))""",
    "CREATE INDEX sources_by_delivery ON sources (delivery) WHERE delivery IS NOT NULL",
    """CREATE TABLE contents (
        id INTEGER PRIMARY KEY, drug TEXT NOT NULL, batch TEXT NOT NULL, expiry TEXT NOT NULL, made TEXT NOT NULL,
        UNIQUE (drug, batch, expiry, made))""",
    "ALTER TABLE packages RENAME TO packages_v1",
    "DROP INDEX packages_by_parent",
    """CREATE TABLE packages (
        code TEXT NOT NULL, source INTEGER NOT NULL, level INTEGER, parent TEXT, content INTEGER, line INTEGER,
        amount INTEGER, PRIMARY KEY (code, source)) WITHOUT ROWID""",
    """INSERT INTO sources (kind, name, version, delivery, trust, state, rows, made_ms, at_ms)
        SELECT 'middleware', number, 1, id, 30, 'complete', 0, coalesce(shipped_ms, 0), coalesce(shipped_ms, 0)
        FROM deliveries""",
    """INSERT INTO packages SELECT p.code, s.id, p.level, p.parent, NULL, p.line, NULL
        FROM packages_v1 p JOIN sources s ON s.delivery = p.delivery""",
    "DROP TABLE packages_v1",
    "CREATE INDEX packages_by_parent ON packages (parent, source) WHERE parent IS NOT NULL",
    """CREATE TABLE source_counts (
        source INTEGER NOT NULL, content INTEGER NOT NULL, packs INTEGER NOT NULL,
        PRIMARY KEY (source, content)) WITHOUT ROWID""",
    """CREATE TABLE disputes (
        code TEXT NOT NULL, source INTEGER NOT NULL, other INTEGER NOT NULL, kind TEXT NOT NULL, says TEXT,
        other_says TEXT, PRIMARY KEY (code, source, other, kind)) WITHOUT ROWID""",
    "CREATE INDEX disputes_by_source ON disputes (source)",
    """CREATE TABLE doubts (
        code TEXT NOT NULL, source INTEGER NOT NULL, other INTEGER NOT NULL, because TEXT NOT NULL,
        PRIMARY KEY (code, source, other, because)) WITHOUT ROWID""",
    """CREATE TABLE package_events (
        id TEXT PRIMARY KEY, at_ms INTEGER NOT NULL, origin TEXT NOT NULL, operator TEXT, device TEXT,
        verb TEXT NOT NULL, parent TEXT, code TEXT, level INTEGER, drug TEXT, prefix TEXT, replaces TEXT,
        declares TEXT, note TEXT) WITHOUT ROWID""",
    "CREATE INDEX package_events_by_parent ON package_events (parent) WHERE parent IS NOT NULL",
    "CREATE INDEX package_events_by_code ON package_events (code) WHERE code IS NOT NULL",
    "CREATE TABLE opened (code TEXT NOT NULL, event TEXT NOT NULL, PRIMARY KEY (code, event)) WITHOUT ROWID",
    """CREATE TABLE aliases (old TEXT PRIMARY KEY, new TEXT NOT NULL, event TEXT NOT NULL) WITHOUT ROWID""",
    "CREATE INDEX aliases_by_new ON aliases (new)",
    """CREATE TABLE learned_prefixes (
        prefix TEXT PRIMARY KEY, drug TEXT NOT NULL, level INTEGER NOT NULL, event TEXT NOT NULL) WITHOUT ROWID""",
    """CREATE INDEX entries_estimated ON entries (receipt, seq)
        WHERE counted = 1 AND in_force = 1 AND note = 'estimated'""",
    """CREATE TABLE prefix_units (
        prefix TEXT PRIMARY KEY, drug TEXT NOT NULL, multiplier INTEGER NOT NULL, divisor INTEGER NOT NULL)
        WITHOUT ROWID""",
    """CREATE TABLE maker_patterns (
        pattern TEXT NOT NULL, drug TEXT NOT NULL, PRIMARY KEY (pattern, drug)) WITHOUT ROWID""",
)
