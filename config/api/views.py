"""The base class of all views of the REST API."""

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from django.http.response import HttpResponseBase
from rest_framework import views
from rest_framework.request import Request

from config.api.serialization import MAX_REPORTED
from config.kernel.errors import InvalidInput, Reason
from config.kernel.names import MAX_ECHOED_LENGTH, describe_unknown


class APIView(views.APIView):
    """A view that rejects unknown and repeated query parameters, because a client would expect their effect.

    `parameters` has the names by method. HEAD and OPTIONS have those of GET.
    """

    parameters: ClassVar[Mapping[str, Sequence[str]]] = {}

    def initial(self, request: Request, *arguments: Any, **named: Any) -> None:
        """Checks the names of parameters before the view's method runs. Raises InvalidInput."""
        super().initial(request, *arguments, **named)
        if request.method not in self.allowed_methods:
            return  # a 405, whatever its parameters
        method = "GET" if request.method in ("HEAD", "OPTIONS") else request.method
        known = self.parameters.get(method or "", ())
        if unknown := sorted(set(request.query_params) - set(known))[:MAX_REPORTED]:
            raise InvalidInput.combine([_unknown_parameter(name, known) for name in unknown])
        for name, values in request.query_params.lists():
            if len(values) > 1:
                raise InvalidInput("invalid", "Give this parameter once.", field=name)


def api_view(
    method: str, *, parameters: Sequence[str] = (), **attributes: Any
) -> Callable[[Callable[..., HttpResponseBase]], Callable[..., HttpResponseBase]]:
    """Returns a decorator that makes an APIView with one method from a function."""

    def decorate(respond: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
        @functools.wraps(respond)
        def handle(view: APIView, request: Request, **named: Any) -> HttpResponseBase:
            return respond(request, **named)

        members = {method: handle, "parameters": {method.upper(): parameters}, **attributes}
        view = type(respond.__name__, (APIView,), members | {"__module__": respond.__module__})
        as_view: Callable[[], Callable[..., HttpResponseBase]] = view.as_view  # type: ignore[attr-defined]
        return as_view()

    return decorate


def _unknown_parameter(name: str, known: Sequence[str]) -> Reason:
    shown = name[:MAX_ECHOED_LENGTH]
    return Reason("unknown_parameter", describe_unknown("parameter", name, known), shown)
