"""Changes the limit of a quota."""

from dataclasses import replace

import pytest

from config.limits.quotas import QUOTAS


def set_limit(monkeypatch: pytest.MonkeyPatch, name: str, limit: int) -> None:
    monkeypatch.setitem(QUOTAS, name, replace(QUOTAS[name], limit=limit))
