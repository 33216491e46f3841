"""Decorators that restrict the methods of views, and make these readable. Django's own do not."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from django.views.decorators import http

View = TypeVar("View", bound=Callable[..., Any])


def require_http_methods(methods: Sequence[str]) -> Callable[[View], View]:
    """Returns a decorator that responds with 405 to other methods. Sets `allowed_methods` of the view."""

    def decorate(view: View) -> View:
        decorated = http.require_http_methods(methods)(view)
        allowed = getattr(view, "allowed_methods", methods)  # there may be two decorators
        decorated.allowed_methods = frozenset(methods) & frozenset(allowed)  # type: ignore[attr-defined]
        return decorated

    return decorate


require_safe = require_http_methods(["GET", "HEAD"])
require_POST = require_http_methods(["POST"])  # noqa: N816 - Django's name
