"""Who holds a lease: a process of some host. A dead one of this host needs no waiting for."""

from __future__ import annotations

import os
import socket


def this_process() -> str:
    """`host/pid`, as it stands before the colon of a lease token."""
    return f"{socket.gethostname()}/{os.getpid()}"


def is_dead(token: str) -> bool:
    """Whether the process that made the token certainly ended: it was one of this host, and no
    process has its number. Anything else may still be at work."""
    host, _, number = token.partition(":")[0].rpartition("/")
    if host != socket.gethostname() or not number.isdecimal():
        return False
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return True
    except (PermissionError, OverflowError):
        return False
    return False
