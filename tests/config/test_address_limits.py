"""Limits of an address are settings, with safe defaults, and mistakes in them are reported."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from config.environment import Environment
from config.limits.address_limits import (
    ADDRESS_LIMITS,
    MAX_LIMIT,
    MAXIMUMS,
    read_address_limits,
    variable_of,
)
from config.limits.rate_limits import POLICIES
from config.server.connections import MAX_CONNECTIONS
from sessions_app.live.socket_slots import MAX_SOCKETS
from tests.support.protocol_document import rows

ROOT = Path(__file__).parents[2]
OPERATIONS = (ROOT / "docs/operations.md").read_text()
DEFAULTS = {name: default for name, (default, _) in ADDRESS_LIMITS.items()}


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ADDRESS_LIMITS:
        monkeypatch.delenv(variable_of(name), raising=False)


def test_the_defaults_are_those_of_the_policies() -> None:
    environment = Environment()
    assert read_address_limits(environment) == DEFAULTS
    assert environment.mistakes == []
    policies = {
        "api": 100,
        "pages": 300,
        "page_writes": 60,
        "pictures": 3000,
        "login": 5,
        "signup": 10,
        "email_requests": 5,
        "address_codes": 10,
        "sockets": 300,
    }
    assert {name: POLICIES[name].limit for name in policies} == policies
    assert {"sockets": MAX_SOCKETS, "connections": MAX_CONNECTIONS} == MAXIMUMS


@pytest.mark.parametrize("name", ADDRESS_LIMITS)
def test_a_variable_sets_a_limit(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for value in (1, DEFAULTS[name] + 7, MAXIMUMS.get(name, MAX_LIMIT)):
        monkeypatch.setenv(variable_of(name), str(value))
        environment = Environment()
        assert read_address_limits(environment) == DEFAULTS | {name: value}
        assert environment.mistakes == []


@pytest.mark.parametrize("value", ["0", "-1", "many", "1.5", "1e3", "9999999999", "1000001", "٣"])
@pytest.mark.parametrize("name", ADDRESS_LIMITS)
def test_a_mistake_is_reported(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable_of(name), value)
    environment = Environment()
    assert read_address_limits(environment) == DEFAULTS
    [mistake] = environment.mistakes
    assert mistake.startswith(f"{variable_of(name)} must be from 1 to ")


def test_the_documentation_lists_all_variables() -> None:
    reported = {row[0].strip("`"): row[2].strip("`") for row in rows(HEADING, OPERATIONS)}
    assert reported == {variable_of(name): str(value) for name, value in DEFAULTS.items()}


HEADING = "common. Limits for one player ([api.md](api.md)) do not depend on them."


def test_system_checks_report_mistakes_and_policies_have_the_values() -> None:
    code = (
        "import django; django.setup()\n"
        "from django.conf import settings\n"
        "from config.limits.rate_limits import POLICIES\n"
        "print(POLICIES['login'].limit, settings.ADDRESS_LIMITS['sockets'])\n"
        "print(settings.CONFIGURATION_MISTAKES)"
    )
    limits = {"LIMIT_SIGN_INS": "400", "LIMIT_SOCKETS": "250", "LIMIT_PAGES": "none"}
    variables = os.environ | limits | {"DJANGO_SETTINGS_MODULE": "config.settings"}
    command = [sys.executable, "-c", code]
    result = subprocess.run(command, env=variables, capture_output=True, text=True, cwd=ROOT)
    said = result.stdout.splitlines()
    assert said[0] == "400 250", result.stderr
    assert said[1].startswith("['LIMIT_PAGES must be from 1 to ")
