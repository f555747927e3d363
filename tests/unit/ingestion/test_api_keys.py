"""API keys: what is kept of them, who they prove, and `millrace keys`."""

from __future__ import annotations

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from support.api import START
from typer.testing import CliRunner

from ingestion.api.access import CACHED_FOR, Access
from ingestion.api.keys import KeyStore, hash_secret, present
from ingestion.api.scopes import Scope
from ingestion.errors import ApiKeyInvalidError, LogUnavailableError, ScopeInvalidError
from orchestration.commands.keys import app

WRITE = Scope("webshop", "write")


@pytest.fixture
def store(each_database):
    opened = KeyStore.open(each_database)
    yield opened
    opened.close()


class Counting:
    """A store that counts look-ups."""

    def __init__(self, store):
        self._store = store
        self.looked_up = 0

    def find(self, key_id):
        self.looked_up += 1
        return self._store.find(key_id)


def authenticate(access, text, now=START):
    return asyncio.run(access.authenticate([f"Bearer {text}"], now))


def test_created(store):
    """A new key is found by its id, proven by its secret alone, and shown without it."""
    scopes = [WRITE, Scope("billing", "read"), WRITE]
    key, text = store.create("shop", scopes, START, rate=5, expires_at=START + timedelta(days=1))
    assert (key.name, key.rate) == ("shop", 5)
    assert [str(scope) for scope in key.scopes] == ["billing:read", "webshop:write"]
    presented = present(text)
    found = store.find(presented.key_id)
    assert found.key == key
    assert found.proven_by(presented.secret)
    assert not found.proven_by(presented.secret[:-1])
    assert not found.proven_by("")
    for shown in (repr(found), repr(presented), repr(key)):
        assert presented.secret not in shown
        assert found.secret_hash not in shown


def test_hash_at_rest(tmp_path):
    """Neither the database nor its write-ahead log holds a secret."""
    store = KeyStore.open(f"sqlite:///{tmp_path}/events.db")
    text = store.create("shop", [WRITE], START)[1]
    secret = present(text).secret
    files = [file.read_bytes() for file in tmp_path.iterdir()]
    store.close()
    assert any(hash_secret(secret).encode() in kept for kept in files)
    assert not any(secret.encode() in kept for kept in files)


def test_secrets_are_long_and_different(store):
    """Each key has 256 random bits of its own."""
    texts = {store.create("shop", [WRITE], START)[1] for _ in range(20)}
    assert len({present(text).secret for text in texts}) == 20
    assert all(len(present(text).secret) * 6 >= 256 for text in texts)


@pytest.mark.parametrize(
    "text",
    ["", "mr_", "mr__", "sk_0000", f"mr_{'0' * 16}_", f"mr_{'g' * 16}_{'a' * 43}"],
)
def test_text_that_is_no_key(text):
    """What has not the form of a key is none, without a look-up."""
    assert present(text) is None


def test_listed_and_revoked(store):
    """Keys are listed oldest first; a revocation is for good, and its time stays."""
    later = START + timedelta(minutes=1)
    second = store.create("second", [WRITE], later)[0]
    first = store.create("first", [WRITE], START)[0]
    assert store.revoke(first.id, later).revoked_at == later
    assert store.revoke(first.id, later + timedelta(days=1)).revoked_at == later
    assert store.revoke("0" * 16, later) is None
    assert [key.id for key in store.list()] == [first.id, second.id]
    assert [key.usable(later) for key in store.list()] == [False, True]


def test_expiry(store):
    """A key is valid until, not at, its end."""
    key = store.create("short", [WRITE], START, expires_at=START + timedelta(days=1))[0]
    end = START + timedelta(days=1)
    assert key.usable(end - timedelta(microseconds=1))
    assert not key.usable(end)


def test_opened_again(tmp_path):
    """Keys outlive the process that made them."""
    url = f"sqlite:///{tmp_path}/events.db"
    first = KeyStore.open(url)
    key = first.create("shop", [WRITE], START)[0]
    first.close()
    second = KeyStore.open(url)
    assert second.list() == [key]
    second.close()


def test_look_ups_are_kept_for_a_moment(store):
    """A key is looked up once in five seconds, also one that does not exist."""
    counting = Counting(store)
    access = Access(counting)
    text = store.create("shop", [WRITE], START)[1]
    for now in (START, START + CACHED_FOR - timedelta(microseconds=1)):
        assert authenticate(access, text, now).name == "shop"
        with pytest.raises(ApiKeyInvalidError):
            authenticate(access, f"mr_{'0' * 16}_{'a' * 43}", now)
    assert counting.looked_up == 2
    authenticate(access, text, START + CACHED_FOR)
    authenticate(access, text, START - CACHED_FOR)  # a clock that went back
    assert counting.looked_up == 4


def test_strangers_do_not_fill_the_memory(store):
    """Ids that do not exist push each other out."""
    access = Access(store)
    for number in range(1_050):
        with pytest.raises(ApiKeyInvalidError):
            authenticate(access, f"mr_{number:016x}_{'a' * 43}")
    assert len(access._known) == 1_000


def test_closed_database(tmp_path):
    """A database that cannot be opened is said to be so."""
    with pytest.raises(LogUnavailableError):
        KeyStore.open(f"sqlite:///{tmp_path}")


@pytest.mark.parametrize("text", ["webshop:write", "*:write", "*:read", f"a{'b' * 62}:read"])
def test_scope(text):
    """A scope reads as it is written."""
    assert str(Scope.parse(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        ":",
        "webshop",
        "webshop:",
        ":write",
        "webshop:delete",
        "Webshop:write",
        "a b:write",
        "webshop:write:read",
        "**:write",
        "web*:write",
        "webshop: write",
        "webshop:write\n",
    ],
)
def test_no_scope(text):
    """What is no scope is refused when a key is made, not when it is used."""
    with pytest.raises(ScopeInvalidError):
        Scope.parse(text)


@pytest.mark.parametrize(
    ("scope", "source", "action", "expected"),
    [
        ("webshop:write", "webshop", "write", True),
        ("webshop:write", "webshop", "read", False),
        ("webshop:write", "webshop2", "write", False),
        ("*:write", "webshop", "write", True),
        ("*:write", "webshop", "read", False),
    ],
)
def test_what_a_scope_covers(scope, source, action, expected):
    """A scope covers its action at its source, or at every one."""
    assert Scope.parse(scope).covers(source, action) is expected


@pytest.fixture
def millrace_keys(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MILLRACE_HOME", str(tmp_path / "home"))
    return lambda *arguments: CliRunner().invoke(app, list(arguments))


def test_commands(millrace_keys):
    """A key is made, shown once, listed without its secret, and revoked."""
    arguments = ("create", "web shop", "--scope", "webshop:write", "--scope", "webshop:read")
    made = json.loads(
        millrace_keys(*arguments, "--rate", "60", "--expires-in-days", "7", "--json").stdout
    )
    assert present(made["key"]).key_id == made["id"]
    assert made["scopes"] == ["webshop:read", "webshop:write"]
    assert (made["name"], made["rate"], made["state"]) == ("web shop", 60, "active")
    listed = millrace_keys("list", "--json").stdout
    assert [made["id"]] == [key["id"] for key in json.loads(listed)]
    assert "key" not in json.loads(listed)[0]
    revoked = json.loads(millrace_keys("revoke", made["id"], "--json").stdout)
    assert revoked["state"] == "revoked"
    assert json.loads(millrace_keys("list", "--json").stdout)[0]["state"] == "revoked"


def test_commands_for_people(millrace_keys):
    """The key itself is all that goes to standard output, so that it can be piped."""
    made = millrace_keys("create", "shop", "--scope", "*:write")
    key_id = present(made.stdout.strip()).key_id
    assert key_id in millrace_keys("list").stdout
    assert "is revoked" in millrace_keys("revoke", key_id).stdout


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("create", "shop", "--scope", "webshop:everything"), "SCOPE_INVALID"),
        (("revoke", "0" * 16), "NOT_FOUND"),
    ],
)
def test_command_that_cannot_go_on(millrace_keys, arguments, code):
    """A mistake is named with its code and what to do."""
    done = millrace_keys(*arguments, "--json")
    assert done.exit_code == 1
    told = json.loads(done.stdout)["error"]
    assert told["code"] == code
    assert told["remedy"]


def test_opened_by_many_at_once(request, tmp_path):
    """Gateways that start together on a new database make its tables once."""
    for url in (f"sqlite:///{tmp_path}/new.db", request.getfixturevalue("postgres_url")):
        with ThreadPoolExecutor(8) as threads:
            stores = list(threads.map(lambda _, url=url: KeyStore.open(url), range(8)))
        stores[0].create("shop", [WRITE], START)
        assert all(len(store.list()) == 1 for store in stores)
        for store in stores:
            store.close()
