from __future__ import annotations

import pytest

from orchestration.errors import PortUnavailableError
from orchestration.network import free_port, listen, require_free


def test_a_taken_port_is_told_with_a_way_out() -> None:
    """Starting a second service on one port names the port and what to do."""
    with listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PortUnavailableError, match=str(port)) as raised:
            require_free("127.0.0.1", port)

    assert "--port" in raised.value.remedy


def test_a_free_port_can_be_listened_on() -> None:
    """What is called free is free."""
    require_free("127.0.0.1", free_port())


@pytest.mark.parametrize("port", [-1, 65_536, 99_999])
def test_a_port_that_is_none_is_refused(port: int) -> None:
    """Nothing listens on another port than the one that was asked for."""
    with pytest.raises(PortUnavailableError, match="65535"):
        listen("127.0.0.1", port)
