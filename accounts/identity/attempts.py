"""How often somebody who is signed in may be wrong about a secret: the password, or a second factor's code.

Whoever has stolen a token or a cookie could lock its owner out, were wrong tries counted for the account.
So they are counted

- for the sign-in at its address: five, then a quarter of an hour of silence for that address;
- for the sign-in, wherever it calls from: who changes addresses has no more than twenty an hour;
- for the account as it is (its stamp): many more, which takes several sign-ins, and those take the
  password or several thefts. A new password, by a link as well, begins this count anew.

See docs/decisions/0008-tokens-and-limits.md.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.http import HttpRequest

from accounts.tokens.signing import Token, stamp_of
from config.http.client import client_of
from config.limits import rate_limits

if TYPE_CHECKING:
    from accounts.models import User


@dataclass(frozen=True)
class Tries:
    """The tries of a player's sign-in at one secret: the policy `secret`, and those that begin with it."""

    request: HttpRequest
    user: "User"
    sign_in: str
    secret: str

    def count(self) -> None:
        """Count one, before the secret is looked at. Raises RateLimited, RateLimitUnavailable.

        What the narrower count refuses is not counted by the wider one.
        """
        for name, subject in self._counts():
            rate_limits.require(name, subject)

    def forget(self) -> None:
        """Begin this sign-in's counts anew, and take one try back from the account's."""
        *own, (account, subject) = self._counts()
        for name, counted in own:
            rate_limits.reset_count(name, counted)
        rate_limits.undo_count(account, subject)

    def _counts(self) -> list[tuple[str, str]]:
        """The policies, the narrowest first, and what each counts."""
        sign_in = f"{self.user.pk}:{self.sign_in}"
        return [
            (self.secret, f"{sign_in}:{client_of(self.request).address}"),
            (f"{self.secret}_sign_in", sign_in),
            (f"{self.secret}_account", f"{self.user.pk}:{stamp_of(self.user)}"),
        ]


def of_page(request: HttpRequest, user: "User", secret: str) -> Tries:
    """Those of a browser: its session is the sign-in."""
    return Tries(request, user, rate_limits.hash_subject(request.session.session_key or ""), secret)


def of_token(request: HttpRequest, user: "User", token: Token, secret: str) -> Tries:
    """Those of a client of the API: its token family is the sign-in."""
    return Tries(request, user, token.family, secret)
