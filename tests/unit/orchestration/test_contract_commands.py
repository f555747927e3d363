"""`millrace contracts`: what it prints, and what it refuses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest
from typer.testing import CliRunner

from orchestration.commands.contracts import app

ORDER = {
    "title": "An order",
    "type": "object",
    "required": ["type", "amount"],
    "properties": {"type": {"const": "order"}, "amount": {"type": "number"}},
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "shop" / "order").mkdir(parents=True)
    add(tmp_path, "1.0.0", ORDER)
    return tmp_path


def add(folder: Path, version: str, schema: dict[str, Any]) -> None:
    (folder / "shop" / "order" / f"{version}.json").write_bytes(orjson.dumps(schema))


def run(*arguments: object, given: bytes | None = None, code: int = 0) -> str:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments], input=given)
    assert code == result.exit_code, result.output
    return result.stdout


def test_list(folder: Path) -> None:
    """Every version is listed with its end and the number of its fields."""
    add(folder, "0.9.0", ORDER | {"x-deprecated-after": "2026-06-30"})
    told = orjson.loads(run("list", "--folder", folder, "--json"))
    assert [("0.9.0", "2026-06-30", 2), ("1.0.0", None, 2)] == [
        (row["version"], row["deprecated_after"], row["fields"]) for row in told
    ]
    assert "An order" in run("list", "--folder", folder, "--source", "shop")
    assert [] == orjson.loads(run("list", "--folder", folder, "--source", "x", "--json"))


def test_list_of_the_package() -> None:
    """Without a folder the contracts of the package are listed."""
    sources = {row["source"] for row in orjson.loads(run("list", "--json"))}
    assert {"standard", "stripe", "salesforce"} < sources


def test_check_lines(folder: Path) -> None:
    """Each line gets its finding, without values; one bad line makes the exit code 1."""
    lines = b'{"type":"order","amount":1}\n\n{"type":"order","amount":"1,50"}\n'
    arguments = ("check", "-", "--source", "shop", "--folder", folder)
    told = run(*arguments, "--json", given=lines, code=1)
    good, bad = orjson.loads(told)
    assert (1, "shop/order/1.0.0", None) == (good["number"], good["contract"], good["code"])
    assert (2, "FIELD_MISMATCH", "/amount", "text:number") == (
        bad["number"], bad["code"], bad["path"], bad["value"],
    )  # fmt: skip
    assert "1,50" not in told
    assert "shop/order/1.0.0" in run(*arguments, given=lines.splitlines()[0])


def test_check_a_whole_file(folder: Path) -> None:
    """A body of several lines is one body."""
    body = folder / "body.json"
    body.write_text('{\n"type": "order",\n"amount": 1}')
    run("check", body, "--source", "shop", "--whole", "--folder", folder)


def test_publish_then_edit(folder: Path) -> None:
    """A version is published once; an edit of it is refused and changes nothing."""
    publish = ("publish", "--folder", folder, "--json")
    assert {"published": ["shop/order/1.0.0.json"]} == orjson.loads(run(*publish))
    assert {"published": []} == orjson.loads(run(*publish))
    promised = (folder / "published.json").read_bytes()
    add(folder, "1.0.0", ORDER | {"title": "Another"})
    assert "CONTRACT_EDITED" == orjson.loads(run(*publish, code=1))["error"]["code"]
    assert promised == (folder / "published.json").read_bytes()


def test_publish_refuses_a_breaking_change(folder: Path) -> None:
    """A version that breaks its major is not published."""
    add(folder, "1.1.0", ORDER | {"required": ["type", "amount", "currency"]})
    told = orjson.loads(run("publish", "--folder", folder, "--json", code=1))
    assert "CONTRACT_BREAKING" == told["error"]["code"]
    assert not (folder / "published.json").exists()


def test_changelog(folder: Path) -> None:
    """The changelog is printed, or written beside the contracts."""
    printed = run("changelog", "--folder", folder)
    assert "- **1.0.0** An order. First version." in printed
    assert "" == run("changelog", "--folder", folder, "--write")
    assert printed == (folder / "CHANGELOG.md").read_text()


def test_a_broken_contract_is_an_error(folder: Path) -> None:
    """A file that is no contract gives its code and name."""
    (folder / "shop" / "order" / "2.0.0.json").write_text("{")
    told = orjson.loads(run("list", "--folder", folder, "--json", code=1))
    assert "CONTRACT_BROKEN" == told["error"]["code"]
