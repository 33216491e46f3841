"""Tribes by the API."""

from typing import Any

from django.test import Client

from accounts.models import User
from tests.support.api import bearer

BASE = "/api/v1/tribes"


RAVENS = {"name": "Ravens", "archetype": "Support"}


DAMAGE, SPEED, RANGE = "damage_bonus", "attack_speed_bonus", "range_bonus"


def call(user: User | None, method: str, path: str = "", body: Any = None) -> Any:
    data = {"data": body, "content_type": "application/json"} if body is not None else {}
    headers = bearer(user) if user else {}
    return getattr(Client(), method)(BASE + path, headers=headers, **data)
