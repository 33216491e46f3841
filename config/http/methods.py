"""Decorators for views that restrict methods, and say so: Django's own keep the methods to themselves."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from django.views.decorators import http

View = TypeVar("View", bound=Callable[..., Any])


def require_http_methods(methods: Sequence[str]) -> Callable[[View], View]:
    """Returns a decorator that responds with 405 to other methods. `allowed_methods` of the view has them."""

    def decorate(view: View) -> View:
        decorated = http.require_http_methods(methods)(view)
        allowed = getattr(view, "allowed_methods", methods)  # where two decorators restrict it
        decorated.allowed_methods = frozenset(methods) & frozenset(allowed)  # type: ignore[attr-defined]
        return decorated

    return decorate


require_safe = require_http_methods(["GET", "HEAD"])
require_POST = require_http_methods(["POST"])  # noqa: N816 - Django's name
