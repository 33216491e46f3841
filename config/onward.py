"""Where a form leads to once it is done: the `next` of its address or of its hidden field."""

from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme


def onward_of(request: HttpRequest) -> str:
    """Where the request wants to go on to, if that is on this site; nothing otherwise."""
    wanted = request.POST.get("next", request.GET.get("next", ""))
    ours = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if ours else ""
