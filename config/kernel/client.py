"""Who calls, as far as the connection tells. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Client:
    """The program that sent a request: the address that it calls from, and the name it gives itself.

    Of IPv6 the address is the network, because a client has all addresses of its network.
    """

    address: str
    user_agent: str = ""
