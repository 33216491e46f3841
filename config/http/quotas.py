"""Quotas in responses: a header for programs, messages for people."""

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpRequest

from config.limits.quotas import Usage, read_warnings

QUOTA_HEADER = "X-Quota"


def usage_headers(usages: Sequence[Usage]) -> dict[str, str]:
    """Returns the header for these usages. Empty if there are none."""
    items = [f"{usage.quota.name};used={usage.used};limit={usage.quota.limit}" for usage in usages]
    return {QUOTA_HEADER: ", ".join(items)} if items else {}


def quota_headers(subject: Any, *names: str) -> dict[str, str]:
    """Returns the header for those of these quotas that are nearly full."""
    return usage_headers(read_warnings(subject, *names))


def show_quota_warnings(request: HttpRequest, subject: Any, *names: str) -> None:
    """Shows warnings about those of these quotas that are nearly full, on the next page."""
    for usage in read_warnings(subject, *names):
        messages.warning(request, usage.warning)
