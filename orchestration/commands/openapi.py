"""`millrace openapi`: the gateway's OpenAPI document, or a Postman collection made from it."""

from __future__ import annotations

from typing import Annotated

import typer

from ingestion.api.openapi import document
from ingestion.api.postman import collection
from orchestration.commands.output import print_json, reports_errors


@reports_errors
def openapi(
    postman: Annotated[
        bool, typer.Option("--postman", help="A Postman collection (v2.1) instead.")
    ] = False,
    base_url: Annotated[
        str, typer.Option(help="Where the gateway is called.")
    ] = "http://127.0.0.1:8080",
) -> None:
    """Print the OpenAPI document of the gateway, or a Postman collection made from it."""
    described = document(base_url)
    print_json(collection(described) if postman else described)
