"""Ground floor: options, settings, paths, logs, clock, worker, texts. No Qt, no domain."""
