"""What the gateway's HTTP server bounds, over real connections on loopback."""

from __future__ import annotations

import asyncio
import socket
from contextlib import asynccontextmanager, suppress

import pytest
import uvicorn

from ingestion.gateway import protocol
from ingestion.gateway.protocol import GatewayProtocol, sweep

ANSWER = [
    {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]},
    {"type": "http.response.body", "body": b"ok"},
]
REQUEST = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n"


async def app(_scope, receive, send):
    await receive()
    for message in ANSWER:
        await send(message)


@asynccontextmanager
async def server(target=app):
    """A server with the gateway's protocol; gives a function that connects to it."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    config = uvicorn.Config(
        target, http=GatewayProtocol, lifespan="off", log_config=None, access_log=False
    )
    running = uvicorn.Server(config)
    serving = asyncio.create_task(running.serve(sockets=[listener]))
    sweeping = asyncio.create_task(sweep(running.server_state.connections))
    try:
        yield lambda: asyncio.open_connection(*listener.getsockname())
    finally:
        sweeping.cancel()
        running.should_exit = True
        await serving


async def _closed(reader):
    """Wait until the other side has closed, in order or not."""
    with suppress(ConnectionResetError):
        assert await reader.read() == b""


def run(scenario):
    asyncio.run(asyncio.wait_for(scenario, 20))


def test_an_answer_is_one_piece():
    """Head and body of an answer leave together, and several requests share a connection."""

    async def scenario():
        async with server() as connect:
            reader, writer = await connect()
            for _ in range(3):
                writer.write(REQUEST)
                first = await reader.read(4096)
                assert first.startswith(b"HTTP/1.1 200")
                assert first.endswith(b"\r\n\r\nok")
            writer.close()

    run(scenario())


def test_an_answer_that_closes_the_connection_is_whole():
    """Nothing is lost when the connection is closed right after the answer."""

    async def scenario():
        async with server() as connect:
            reader, writer = await connect()
            writer.write(REQUEST.replace(b"host", b"connection: close\r\nhost"))
            assert (await reader.read()).endswith(b"\r\n\r\nok")
            writer.close()

    run(scenario())


@pytest.mark.parametrize("sent", [b"", b"POST /webhooks/x HTTP/1.1\r\nhost: x\r\n"])
def test_headers_must_come_in_time(monkeypatch, sent):
    """A connection that says nothing, or does not end its headers, is closed; one that was served
    and is idle is not closed by that."""
    monkeypatch.setattr(protocol, "PATIENCE_SECONDS", 0.2)
    monkeypatch.setattr(protocol, "_SWEEP_SECONDS", 0.05)

    async def scenario():
        async with server() as connect:
            honest_reader, honest = await connect()
            honest.write(REQUEST)
            await honest_reader.read(4096)
            reader, writer = await connect()
            writer.write(sent)
            await _closed(reader)
            honest.write(REQUEST)
            assert (await honest_reader.read(4096)).startswith(b"HTTP/1.1 200")
            honest.close()
            writer.close()

    run(scenario())


async def unread(_scope, _receive, send):
    for message in ANSWER:
        await send(message)


def test_a_body_that_nobody_reads_must_end(monkeypatch):
    """A request that is refused before its body came cannot hold its connection by trickling; one
    whose body ends in time goes on with the next request."""
    monkeypatch.setattr(protocol, "PATIENCE_SECONDS", 0.3)
    monkeypatch.setattr(protocol, "_SWEEP_SECONDS", 0.05)
    head = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n"

    async def trickle(writer):
        with suppress(ConnectionError):
            while not writer.is_closing():
                writer.write(b"x")
                await writer.drain()
                await asyncio.sleep(0.02)

    async def scenario():
        async with server(unread) as connect:
            honest_reader, honest = await connect()
            honest.write(head + b"x" * 50)
            assert (await honest_reader.read(4096)).startswith(b"HTTP/1.1 200")
            honest.write(b"x" * 50)
            reader, writer = await connect()
            writer.write(head.replace(b"100", b"100000"))
            assert (await reader.read(4096)).startswith(b"HTTP/1.1 200")
            attack = asyncio.create_task(trickle(writer))
            await _closed(reader)
            attack.cancel()
            honest.write(REQUEST)
            assert (await honest_reader.read(4096)).startswith(b"HTTP/1.1 200")
            honest.close()
            writer.close()

    run(scenario())


def test_headers_without_an_end_are_not_collected():
    """Somebody who sends header after header is cut off, long before memory is at stake."""

    async def scenario():
        async with server() as connect:
            reader, writer = await connect()
            writer.write(b"GET / HTTP/1.1\r\n")
            line = b"x-padding: " + b"a" * 8_000 + b"\r\n"
            sent = 0
            with suppress(ConnectionError):
                while not reader.at_eof():
                    writer.write(line)
                    sent += len(line)
                    await writer.drain()
            assert sent < 16 * 1024 * 1024
            writer.close()

    run(scenario())
