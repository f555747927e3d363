"""Where secrets may live: each place is the real client's, asked over loopback."""

from __future__ import annotations

import json

import pytest
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

from orchestration.secret_sources import reveal, source_of
from reverse_etl.errors import SecretUnavailableError
from reverse_etl.sandbox.server import serving


@pytest.mark.parametrize("setting", ["pat-na1-x", "a:b", "file:", "https://x.example/y"])
def test_anything_else_is_the_secret_itself(setting):
    """Only a known prefix with something behind it names a place."""
    assert (setting, "setting") == (reveal(setting), source_of(setting))


def test_a_file_is_read_each_time(tmp_path):
    """A mounted secret that is replaced is seen at once; the line's end does not count."""
    place = tmp_path / "token"
    place.write_text("old\n")
    assert "old" == reveal(f"file:{place}")
    place.write_text("new\n")
    assert "new" == reveal(f"file:{place}")


def test_a_missing_file_is_named(tmp_path):
    """The place is told, so that somebody can look."""
    with pytest.raises(SecretUnavailableError, match=r"file:.*nothing"):
        reveal(f"file:{tmp_path}/nothing")


async def _aws(request):
    asked = json.loads(await request.body())
    if asked["SecretId"] != "millrace/hubspot":
        return JSONResponse({"__type": "ResourceNotFoundException"}, status_code=400)
    return JSONResponse({"Name": asked["SecretId"], "SecretString": '{"token": "from-aws"}'})


async def _vault(request):
    if request.headers.get("x-vault-token") != "root":
        return JSONResponse({"errors": ["permission denied"]}, status_code=403)
    if request.path_params["path"] != "millrace":
        return JSONResponse({"errors": []}, status_code=404)
    return JSONResponse({"data": {"data": {"token": "from-vault"}, "metadata": {}}})


@pytest.fixture(scope="module")
def managers():
    routes = [
        Route("/", _aws, methods=["POST"]),
        Route("/v1/secret/data/{path:path}", _vault, methods=["GET"]),
    ]
    with serving(Starlette(routes=routes)) as url:
        yield url


@pytest.fixture
def aws(managers, monkeypatch):
    for name, value in {
        "AWS_ENDPOINT_URL": managers,
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "y",
        "AWS_MAX_ATTEMPTS": "1",
    }.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def vault(managers, monkeypatch):
    monkeypatch.setenv("VAULT_ADDR", managers)
    monkeypatch.setenv("VAULT_TOKEN", "root")


def test_aws_secrets_manager(aws):
    """A key of the secret's JSON, or the whole text."""
    assert "from-aws" == reveal("aws:millrace/hubspot#token")
    assert '{"token": "from-aws"}' == reveal("aws:millrace/hubspot")
    assert "aws" == source_of("aws:millrace/hubspot#token")


@pytest.mark.parametrize("place", ["millrace/hubspot#other", "unknown#token"])
def test_aws_without_the_secret(aws, place):
    """An unknown secret and an unknown key are told by their place, without content."""
    with pytest.raises(SecretUnavailableError, match=place) as raised:
        reveal(f"aws:{place}")
    assert "from-aws" not in str(raised.value)


def test_vault(vault):
    """Key-value engine 2: mount, path, key."""
    assert "from-vault" == reveal("vault:secret/millrace#token")


def test_vault_refuses(vault, monkeypatch):
    """An unknown path and a wrong token are told by their place."""
    with pytest.raises(SecretUnavailableError, match="secret/nowhere"):
        reveal("vault:secret/nowhere#token")
    monkeypatch.setenv("VAULT_TOKEN", "wrong")
    with pytest.raises(SecretUnavailableError, match="Forbidden"):
        reveal("vault:secret/millrace#token")
