"""Limits for one address, which are settings. Imported by the settings, so it imports no Django.

The defaults fit a household. A school, an office, a LAN party and the customers of a mobile carrier have one
address in common, and need more. Limits for one player do not depend on them.
"""

from config.environment import Environment

# The default, and what it limits. The variable has the name in upper case, after `LIMIT_`.
ADDRESS_LIMITS = {
    "api_requests": (100, "requests of the API in a minute."),
    "pages": (300, "pages read in a minute."),
    "forms": (60, "forms sent in a minute."),
    "pictures": (3000, "previews of maps in a minute."),
    "sign_ins": (5, "sign-ins in a minute."),
    "sign_ups": (10, "new accounts in an hour."),
    "emails": (5, "requested emails in an hour."),
    "wrong_codes": (10, "wrong invite codes in a minute."),
    "new_sockets": (300, "WebSockets opened in a minute."),
    "sockets": (20, "open WebSockets of each kind: of seats, of the list, before hello."),
    "connections": (200, "connections without a proxy, WebSockets included."),
}
# The whole process has no more, so that a larger limit would have no effect.
MAXIMUMS = {"sockets": 1000, "connections": 1500}
MAX_LIMIT = 1_000_000


def variable_of(name: str) -> str:
    """Returns the environment variable of a limit."""
    return f"LIMIT_{name.upper()}"


def read_address_limits(environment: Environment) -> dict[str, int]:
    """Returns the limits by name. Reports values that are not valid to the environment."""
    return {
        name: environment.integer(
            variable_of(name), default, 1, MAXIMUMS.get(name, MAX_LIMIT), meaning
        )
        for name, (default, meaning) in ADDRESS_LIMITS.items()
    }
