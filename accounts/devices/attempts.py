"""Limits wrong attempts of a signed-in player at a secret: the password, or a code of the second factor.

If wrong attempts were only counted for the account, a thief with a token or a cookie could lock its owner
out. So they are counted

- for the device at its address: five, then that address is locked out for a quarter of an hour;
- for the device at all addresses: twenty an hour, against clients that change addresses;
- for the account with its current stamp: many more. To reach this limit, a thief needs several devices.
  A new password changes the stamp, which resets this count.

See docs/decisions/0008-tokens-and-limits.md.
"""

from dataclasses import dataclass

from accounts.models import User
from accounts.tokens.signing import stamp_of
from config.kernel.client import Client
from config.limits import rate_limits


@dataclass(frozen=True)
class CurrentDevice:
    """The device that a player acts from: a browser, by its session key, or a token family."""

    session_key: str | None = None
    family: str = ""

    @property
    def subject(self) -> str:
        """The subject of rate limits for this device."""
        return self.family or rate_limits.hash_subject(self.session_key or "")


@dataclass(frozen=True)
class Attempts:
    """A player's attempts at a secret. `secret` is the name of a policy and the prefix of two others."""

    client: Client
    user: User
    device: CurrentDevice
    secret: str

    def count(self) -> None:
        """Counts one attempt, before the secret is checked. Raises RateLimited, RateLimitUnavailable.

        An attempt that a narrower limit rejects does not count for the wider ones.
        """
        for name, subject in self._counts():
            rate_limits.require(name, subject)

    def reset(self) -> None:
        """Resets the counts of this device, and subtracts one attempt from that of the account."""
        *own, (account, subject) = self._counts()
        for name, counted in own:
            rate_limits.reset_count(name, counted)
        rate_limits.undo_count(account, subject)

    def _counts(self) -> list[tuple[str, str]]:
        """Returns policies and their subjects, the narrowest first."""
        device = f"{self.user.pk}:{self.device.subject}"
        return [
            (self.secret, f"{device}:{self.client.address}"),
            (f"{self.secret}_sign_in", device),
            (f"{self.secret}_account", f"{self.user.pk}:{stamp_of(self.user)}"),
        ]
