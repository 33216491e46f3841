"""The address of a client, which rate limits count."""

import functools
import ipaddress
import re
from collections.abc import Mapping
from typing import Any

from django.conf import settings

WITH_PORT = re.compile(r"([\d.]+):\d+|\[([^]]+)\](?::\d+)?")  # 192.0.2.1:80, [2001:db8::1]:80
MAX_LENGTH = 64  # characters; longer ones are not addresses, and would be in keys of Redis


def client_address_of_scope(scope: Mapping[str, Any]) -> str:
    """Returns the client's address for an ASGI scope. There may be several header lines."""
    lines = (value for name, value in scope["headers"] if name == b"x-forwarded-for")
    client = scope.get("client")
    return resolve_address(b",".join(lines).decode("latin1"), client[0] if client else None)


def resolve_address(forwarded: str, peer: str | None) -> str:
    """Returns the client's address, from `X-Forwarded-For` and the address of the connection.

    Each proxy appends the address of its client. So the last TRUSTED_PROXIES entries can be trusted, and the
    client may have forged those before them. For an IPv6 address, returns its network.
    """
    entries = [part.strip() for part in forwarded.split(",")]
    trusted = settings.TRUSTED_PROXIES
    found = (entries[-trusted] if 0 < trusted <= len(entries) else "") or peer or "unknown"
    address = found[:MAX_LENGTH]
    return _normalize(address) if ":" in address else address  # IPv4 needs no parsing


@functools.lru_cache(4096)
def _normalize(address: str) -> str:
    """Returns an address without the port that some proxies add, and the network of an IPv6 address."""
    if with_port := WITH_PORT.fullmatch(address):
        address = with_port[1] or with_port[2]
    try:
        parsed = ipaddress.IPv6Address(address)
    except ValueError:
        return address
    if parsed.ipv4_mapped:  # ::ffff:192.0.2.1, on a server that listens on IPv4 and IPv6
        return str(parsed.ipv4_mapped)
    return f"{ipaddress.IPv6Address(int(parsed) >> 64 << 64)}/64"
