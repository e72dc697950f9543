"""One file per screen, and what all screens share. A screen draws views and emits wishes. UI thread."""
