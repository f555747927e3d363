"""Connections that send a byte now and then do not stop those that send."""

from __future__ import annotations

import asyncio
import threading
import time
from contextlib import closing

import pytest
from support.gateway import Sender, gateway, logged_keys

from ingestion.gateway.config import GatewayConfig

ATTACKERS = 200
HEAD = (
    b"POST /webhooks/typeform HTTP/1.1\r\nhost: localhost\r\n"
    b"content-type: application/json\r\ncontent-length: 1000\r\n\r\n"
)


async def trickle(port: int) -> tuple[bytes, float]:
    """Send the head, then a byte a second, until the other side has enough: what it answered, and
    after how many seconds it hung up."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    started = time.monotonic()
    writer.write(HEAD)
    answer = asyncio.ensure_future(reader.read())  # ends when the other side hangs up
    while not answer.done():
        writer.write(b"{")
        await asyncio.wait({answer}, timeout=1)
    seconds = time.monotonic() - started
    writer.close()
    try:
        return answer.result(), seconds
    except ConnectionResetError:
        return b"", seconds


async def attack(port: int) -> list[tuple[bytes, float]]:
    return await asyncio.wait_for(asyncio.gather(*(trickle(port) for _ in range(ATTACKERS))), 60)


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_slow_bodies(home):
    """200 slow senders are cut off when their time is over; meanwhile an honest one gets every
    answer quickly."""
    outcome: list[tuple[bytes, float]] = []
    sent, slowest = 0, 0.0
    with gateway(home) as running, closing(Sender(running.port)) as honest:
        attacker = threading.Thread(
            target=lambda: outcome.extend(asyncio.run(attack(running.port)))
        )
        attacker.start()
        while attacker.is_alive():
            started = time.monotonic()
            assert honest.send_again(f"honest-{sent}").status == 200
            slowest = max(slowest, time.monotonic() - started)
            sent += 1
        attacker.join()
        running.stop()
        assert sent == len(logged_keys(running.log_url))
    limit = GatewayConfig().body_timeout.total_seconds()
    assert len(outcome) == ATTACKERS
    told = [answer for answer, _ in outcome if answer]  # a reset may overtake the answer
    assert told
    assert all(b" 408 " in answer and b"BODY_TIMEOUT" in answer for answer in told)
    assert all(limit - 1 <= seconds <= limit + 10 for _, seconds in outcome)
    assert sent > 100
    assert slowest < limit / 2  # nobody waited for the attackers to be cut off
