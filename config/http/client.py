"""The client of a request."""

from django.http import HttpRequest

from config.kernel.client import Client
from config.limits.client_addresses import resolve_address


def client_of(request: HttpRequest) -> Client:
    """Returns who sent a request, by the address that the trusted proxies report."""
    forwarded = request.headers.get("X-Forwarded-For", "")
    address = resolve_address(forwarded, request.META.get("REMOTE_ADDR"))
    return Client(address, request.headers.get("User-Agent", ""))
