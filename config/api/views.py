"""The base of all views of the REST API."""

import difflib
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from rest_framework import views
from rest_framework.request import Request

from config.api.serialization import MAX_REPORTED
from config.kernel.errors import InvalidInput, Reason

MAX_ECHOED_LENGTH = 50  # characters of a name from outside that are said again
MIN_SIMILARITY = 0.75  # of two names, from 0 to 1, where one may be a typing error of the other


class APIView(views.APIView):
    """A view that refuses query parameters which its method doesn't take: ignored, they would look obeyed.

    `parameters` has the names by method; HEAD and OPTIONS take those of GET.
    """

    parameters: ClassVar[Mapping[str, Sequence[str]]] = {}

    def initial(self, request: Request, *arguments: Any, **named: Any) -> None:
        """Refuses unknown parameters, before the method of the view. Raises InvalidInput."""
        super().initial(request, *arguments, **named)
        if request.method not in self.allowed_methods:
            return  # a 405, whatever its parameters are
        method = "GET" if request.method in ("HEAD", "OPTIONS") else request.method
        known = self.parameters.get(method or "", ())
        if unknown := sorted(set(request.query_params) - set(known))[:MAX_REPORTED]:
            raise InvalidInput.combine([_unknown_parameter(name, known) for name in unknown])


def _unknown_parameter(name: str, known: Sequence[str]) -> Reason:
    told = name[:MAX_ECHOED_LENGTH]
    near = difflib.get_close_matches(told, known, 1, MIN_SIMILARITY)
    hint = f"; did you mean “{near[0]}”?" if near else "."
    return Reason("unknown_parameter", f"There is no parameter “{told}” here{hint}", told)
