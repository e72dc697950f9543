"""Pure rules: no Qt, no database, no network, no thread, no clock."""
