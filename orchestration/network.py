"""Ports to listen on; one that cannot be had is told in a sentence, not in a traceback."""

from __future__ import annotations

import os
import socket

from orchestration.errors import PortUnavailableError

BACKLOG = 2048  # connections waiting while a burst of webhooks arrives
_LAST_PORT = 65_535


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one. Raises PortUnavailableError.

    Its protocol is named: event loops turn Nagle's algorithm off only where they see TCP, and with
    it on, an answer in two parts waits 40 ms for the client's delayed acknowledgement.
    """
    try:
        return _listening(host, port)
    except (OSError, OverflowError) as error:
        number = getattr(error, "errno", None)
        reason = os.strerror(number) if number and number > 0 else str(error)
        raise PortUnavailableError(f"Cannot listen on {host}, port {port}: {reason}.") from None


def _listening(host: str, port: int) -> socket.socket:
    if not 0 <= port <= _LAST_PORT:  # the resolver would take another one, without a word
        raise OverflowError(f"ports end at {_LAST_PORT}")
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    family, kind, protocol, _, address = found[0]
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
    except BaseException:
        listener.close()
        raise
    return listener


def require_free(host: str, port: int) -> None:
    """Raises PortUnavailableError when nothing can listen there now."""
    listen(host, port).close()


def free_port(host: str = "127.0.0.1") -> int:
    """A port that was free a moment ago."""
    with listen(host, 0) as probe:
        port: int = probe.getsockname()[1]
    return port
