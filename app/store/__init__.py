"""SQLite through peewee: rows go in and out as domain dataclasses."""
