"""The command line: one file per sub-command, each with `register(subparsers)` and `run(args) -> int`. No Qt."""
