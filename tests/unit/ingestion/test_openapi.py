"""The OpenAPI document: sound, complete, and true; and the Postman collection made from it."""

from __future__ import annotations

import json
import re
from typing import Any

import jsonschema_rs
import orjson
import pytest
import typer
from openapi_spec_validator import OpenAPIV31SpecValidator
from starlette.routing import Route
from support.api import ApiGateway
from typer.testing import CliRunner

from dbt_project.catalogue import catalogue
from ingestion.api.envelope import MAX_EVENTS
from ingestion.api.openapi import document
from ingestion.api.postman import SCHEMA, collection
from ingestion.gateway.webhooks import PREFIX
from orchestration.commands.openapi import openapi

DOCUMENT = document()
OPERATIONS = [
    (path, method, operation)
    for path, operations in DOCUMENT["paths"].items()
    for method, operation in operations.items()
]
PROBLEM = "application/problem+json"


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    made = ApiGateway(f"sqlite:///{tmp_path_factory.mktemp('log')}/events.db")
    yield made
    made.close()


def resolved(node: Any) -> Any:
    if "$ref" not in node:
        return node
    found: Any = DOCUMENT
    for step in node["$ref"].removeprefix("#/").split("/"):
        found = found[step]
    return found


def contents():
    """Every body in the document, with a name for the place."""
    for path, method, operation in OPERATIONS:
        place = f"{method} {path}"
        if "requestBody" in operation:
            yield place, operation["requestBody"]["content"]
        for status, response in operation["responses"].items():
            yield f"{place} {status}", resolved(response)["content"]


def examples():
    for place, content in contents():
        for media_type, body in content.items():
            for name, example in body.get("examples", {}).items():
                case = f"{place} {media_type} {name}"
                yield pytest.param(body["schema"], example["value"], id=case)


def validator(schema: Any) -> jsonschema_rs.Draft202012Validator:
    whole = {"$ref": "#/schema", "schema": schema, "components": DOCUMENT["components"]}
    return jsonschema_rs.Draft202012Validator(whole, validate_formats=True)


def test_valid():
    """The document is OpenAPI 3.1."""
    OpenAPIV31SpecValidator(DOCUMENT).validate()


def test_served(gateway):
    """The gateway serves it."""
    answer = gateway.get(None, "/openapi.json")
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == DOCUMENT


def test_every_route(gateway):
    """Every route of the gateway is described with its methods, and nothing else is."""
    routes = {
        (route.path, method.lower())
        for route in gateway.app.routes
        if isinstance(route, Route) and route.path != f"{PREFIX}{{source}}"
        for method in route.methods - {"HEAD"}
    }
    webhooks = {(f"{PREFIX}{{source}}", "get"), (f"{PREFIX}{{source}}", "post")}
    assert {(path, method) for path, method, _ in OPERATIONS} == routes | webhooks


@pytest.mark.parametrize(("schema", "value"), list(examples()))
def test_example_fits(schema, value):
    """Every example is what its schema says."""
    validator(schema).validate(value)


def test_there_are_examples():
    """Every answer that is no problem, and every body that is sent, is shown by an example."""
    for place, content in contents():
        assert any(body.get("examples") for body in content.values()), place


def test_parameter_examples():
    """Every parameter's example fits it."""
    for _, _, operation in OPERATIONS:
        for parameter in map(resolved, operation.get("parameters", [])):
            assert parameter["description"] or parameter["in"] == "path"
            validator(parameter["schema"]).validate(parameter["example"])


def test_problems_are_those_of_the_catalogue():
    """A problem stands under the status that the catalogue gives its code, and says the same."""
    for path, method, operation in OPERATIONS:
        for status, response in operation["responses"].items():
            for code in resolved(response).get("x-codes", []):
                assert str(catalogue()[code].status) == status, f"{method} {path} {code}"
                shown = resolved(response)["content"][PROBLEM]["examples"][code]["value"]
                assert shown["remedy"] == catalogue()[code].remedy


def test_every_problem_is_described():
    """Every code that the gateway can answer with is in the document."""
    listed = {code for code, entry in catalogue().items() if entry.status}
    described = {
        code
        for response in DOCUMENT["components"]["responses"].values()
        for code in response["x-codes"]
    }
    # Neither belongs to an operation; the description of the API tells of it.
    assert "ROUTE_UNKNOWN" in DOCUMENT["info"]["description"]
    assert set() == listed - described - {"ROUTE_UNKNOWN"}


def test_nothing_is_left_over():
    """Every component is used."""
    text = orjson.dumps(DOCUMENT).decode()
    for kind in ("schemas", "responses", "parameters", "headers"):
        for name in DOCUMENT["components"][kind]:
            assert f'"#/components/{kind}/{name}"' in text, name


def test_limits_are_told():
    """The limit that the document tells is the one that is kept."""
    events = DOCUMENT["components"]["schemas"]["Batch"]["properties"]["events"]
    assert events["maxItems"] == MAX_EVENTS


def walk(items):
    for item in items:
        if "item" in item:
            yield from walk(item["item"])
        else:
            yield item


def test_collection_is_what_postman_takes():
    """The collection has the structure that version 2.1 demands."""
    made = collection(document("https://leads.example.com/"))
    assert made["info"]["schema"] == SCHEMA
    assert made["info"]["name"]
    assert {"base_url": "https://leads.example.com", "api_key": ""} == {
        variable["key"]: variable["value"] for variable in made["variable"]
    }
    assert made["auth"]["type"] == "bearer"
    assert made["auth"]["bearer"][0]["value"] == "{{api_key}}"
    assert [folder["name"] for folder in made["item"]] == [tag["name"] for tag in DOCUMENT["tags"]]
    for item in walk(made["item"]):
        request = item["request"]
        assert isinstance(item["name"], str)
        assert request["method"] in {"GET", "POST"}
        url = request["url"]
        assert url["raw"] == "/".join([*url["host"], *url["path"]])
        assert url["host"] == ["{{base_url}}"]
        placeholders = {step[1:] for step in url["path"] if step.startswith(":")}
        assert placeholders == {variable["key"] for variable in url["variable"]}
        for pair in [*request["header"], *url["query"], *url["variable"]]:
            assert isinstance(pair["key"], str)
            assert isinstance(pair["value"], str)
        if "body" in request:
            assert request["body"]["mode"] == "raw"
            assert isinstance(request["body"]["raw"], str)
        for saved in item["response"]:
            assert isinstance(saved["code"], int)
            assert isinstance(saved["body"], str)
            assert saved["originalRequest"] == request
            assert {"name", "status", "header", "_postman_previewlanguage"} <= set(saved)


def test_collection_is_complete():
    """Each operation is one request; each example of an answer is a saved response."""
    items = list(walk(collection(DOCUMENT)["item"]))
    paths = [
        (re.sub(r":(\w+)", r"{\1}", "/" + "/".join(item["request"]["url"]["path"])), item)
        for item in items
    ]
    made = {(path, item["request"]["method"].lower()) for path, item in paths}
    assert made == {(path, method) for path, method, _ in OPERATIONS}
    assert len(items) == len(OPERATIONS)
    shown = sum(len(item["response"]) for item in items)
    expected = sum(
        len(body.get("examples", {}))
        for _, _, operation in OPERATIONS
        for response in operation["responses"].values()
        for body in resolved(response)["content"].values()
    )
    assert shown == expected


def test_collection_uses_the_key_where_it_is_asked_for():
    """Requests that need no API key send none."""
    for item in walk(collection(DOCUMENT)["item"]):
        path = "/".join(item["request"]["url"]["path"])
        assert ("auth" not in item["request"]) == path.startswith("v1/events"), path


def test_a_request_of_the_collection_is_accepted(gateway):
    """What Postman would send for the first example is taken."""
    [item] = [
        item for item in walk(collection(DOCUMENT)["item"]) if item["name"].startswith("Send one")
    ]
    headers = {
        header["key"]: header["value"]
        for header in item["request"]["header"]
        if not header.get("disabled")
    }
    body = item["request"]["body"]["raw"]
    answer = gateway.post(gateway.key("webshop:write"), content=body, headers=headers)
    assert answer.json()["accepted"] == 1


@pytest.fixture(scope="module")
def millrace_openapi():
    app = typer.Typer()
    app.command()(openapi)
    return lambda *arguments: json.loads(CliRunner().invoke(app, list(arguments)).stdout)


def test_command(millrace_openapi):
    """One command prints the document, another flag the collection, both for a given address."""
    url = "https://leads.example.com"
    printed = millrace_openapi("--base-url", url)
    assert printed == document(url)
    assert printed["servers"] == [{"url": url}]
    assert millrace_openapi("--postman", "--base-url", url) == collection(document(url))
