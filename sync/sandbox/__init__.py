"""The simulated hospital: middleware, control door and faults, a process of its own.

It imports nothing else of this program: it is the second opinion on `docs/remote/middleware.yaml`. See `server.serve`.
"""
