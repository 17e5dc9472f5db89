"""Says whether addresses answer: `python healthy.py http://127.0.0.1:8000/health`; the image has no curl.

The exit code is 0 when each of them answers with 200 within three seconds, and 1 otherwise. No proxy is asked.
"""

from __future__ import annotations

import sys
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit

_LONGEST = 3.0  # seconds
_GOOD = 200


def complaint(address: str) -> str:
    """What is wrong at an address; nothing when it answers as it should."""
    parts = urlsplit(address)
    connection = HTTPConnection(parts.hostname or "", parts.port, timeout=_LONGEST)
    try:
        connection.request("GET", parts.path or "/")
        status = connection.getresponse().status
    except (OSError, HTTPException) as error:
        return f"{address} does not answer: {error}."
    finally:
        connection.close()
    return "" if status == _GOOD else f"{address} answers with {status}."


def main(addresses: list[str]) -> int:
    """Ask all addresses, and tell what is wrong."""
    found = list(filter(None, map(complaint, addresses)))
    sys.stderr.writelines(f"{each}\n" for each in found)
    return 1 if found or not addresses else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
