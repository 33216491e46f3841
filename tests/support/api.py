"""Calls of the API, and the form of their responses."""

import json
from typing import Any

from django.test import Client

from accounts.models import User
from accounts.tokens.actions import start_family
from tests.support.factories import PASSWORD


def bearer(user: User) -> dict[str, str]:
    """The header of a signed-in call of the API."""
    return {"Authorization": f"Bearer {start_family(user, 'tests')[0]}"}


def assert_error(response: Any, status: int, code: str, attr: str | None = None) -> None:
    assert response.status_code == status
    assert response.headers["Content-Type"] == "application/json"
    body = response.json()
    assert body.keys() == {"type", "errors", "request_id"}
    assert body["request_id"] == response.headers["X-Request-Id"]
    first = body["errors"][0]
    assert first.keys() == {"code", "detail", "attr"}
    assert (first["code"], first["attr"]) == (code, attr)


def post(client: Client, path: str, body: Any = None, access: str = "") -> Any:
    headers = {"Authorization": f"Bearer {access}"} if access else {}
    text = "" if body is None else json.dumps(body)
    return client.post(f"/api/v1/{path}", text, content_type="application/json", headers=headers)


def login(client: Client, username: str = "Player1", password: str = PASSWORD) -> Any:
    return post(client, "auth/login", {"username": username, "password": password})
