"""The client of a request. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Client:
    """The program that sent a request: its address and its user agent.

    An IPv6 address is that of the network, because a client can use all addresses of its network.
    """

    address: str
    user_agent: str = ""
