"""One module per remote call, and the registry of them all. Pure but for the call itself; the caller's thread."""
