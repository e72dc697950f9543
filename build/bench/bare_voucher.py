"""Bare, for `voucher`: httpx alone posts the same bodies that ours posts, once each, on one connection."""

import json
import sys
import time
from pathlib import Path

import httpx


def main() -> None:
    """Arguments: a file of lines `{"url":…, "headers": {…}, "body":…, "kind":…}`."""
    times: dict[str, list[float]] = {}
    with httpx.Client(trust_env=False, timeout=20) as client:
        for line in Path(sys.argv[1]).read_text(encoding="utf-8").splitlines():
            call = json.loads(line)
            began = time.perf_counter()
            reply = client.post(call["url"], content=call["body"].encode(), headers=call["headers"])
            reply.raise_for_status()
            reply.json()
            times.setdefault(call["kind"], []).append((time.perf_counter() - began) * 1000)
    print(json.dumps(times))


if __name__ == "__main__":
    main()
