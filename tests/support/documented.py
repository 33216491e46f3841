"""Compares each response of the API in tests with the OpenAPI schema."""

import functools
import re
from typing import Any

import orjson
from django.urls import Resolver404, resolve

from config.api.schema_view import render_schema

WITHOUT_OPERATION = (301, 405, 408, 431)  # of no operation, or before one is found
CODED = (401, 403, 404, 409, 412, 413)  # statuses whose codes the schema names


@functools.cache
def operations() -> dict[tuple[str, str], dict[str, str]]:
    """The descriptions of responses by status, of each method and path."""
    paths = orjson.loads(render_schema())["paths"]
    return {
        (method.upper(), path): {s: r["description"] for s, r in operation["responses"].items()}
        for path, methods in paths.items()
        for method, operation in methods.items()
    }


def require_documented(method: str, path: str, response: Any) -> None:
    """Fails if the schema does not have the status of a response, or the code of its error."""
    try:
        route = resolve(path).route
    except Resolver404:
        return
    found = operations().get((method, "/" + re.sub(r"<\w+:(\w+)>", r"{\1}", route)))
    status = response.status_code
    if found is None or status in WITHOUT_OPERATION or status == 500:
        return
    assert str(status) in found, f"{method} /{route} has no {status} in the schema"
    if status in CODED:
        for error in orjson.loads(response.content)["errors"]:
            text = found[str(status)]
            assert f"`{error['code']}`" in text, f"{method} /{route} {status}: {error['code']}"
