"""A release: one version everywhere, and notes with a date."""

import re
import tomllib
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client

ROOT = Path(__file__).parent.parent
CHANGELOG = (ROOT / "CHANGELOG.md").read_text()


def test_the_version_is_that_of_the_newest_release_notes() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    released = re.findall(r"^## (\d+\.\d+\.\d+) – \d{4}-\d{2}-\d{2}$", CHANGELOG, re.M)
    assert project["version"] == settings.VERSION == released[0]


@pytest.mark.django_db
def test_the_schema_of_the_api_has_the_version() -> None:
    schema = Client().get("/api/schema?format=json").json()
    assert schema["info"]["version"] == settings.VERSION


def test_changes_after_a_release_have_a_place() -> None:
    headings = re.findall(r"^## (.*)$", CHANGELOG, re.M)
    assert headings[0] == "Unreleased"
