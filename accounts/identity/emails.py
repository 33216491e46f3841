"""Letters: links that work once and die after an hour, and word of what was changed.

They are sent from a thread of their own, so that how long an answer takes does not tell whether there
was somebody to write to. There they are also counted, without a word to whoever asked: for each kind a
mailbox gets five in an hour that were asked for from one address, and twenty in all; so does an account.
"""

import logging
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.auth.tokens import PasswordResetTokenGenerator, default_token_generator
from django.core.mail import send_mail
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from config.http.client import client_of
from config.http.site_url import absolute
from config.limits import rate_limits

if TYPE_CHECKING:
    from accounts.models import User

POST = ThreadPoolExecutor(1, "post")
logger = logging.getLogger(__name__)


class AddressTokens(PasswordResetTokenGenerator):
    """Tokens that prove an address: they change with it, and none is good once it has been proved."""

    key_salt = "accounts.identity.emails.AddressTokens"

    def check_token(self, user: "User | None", token: str | None) -> bool:
        """Whether a token is good."""
        return bool(user and not user.email_verified_at) and super().check_token(user, token)

    def _make_hash_value(self, user: "User", timestamp: int) -> str:
        return f"{user.pk}{user.email}{user.email_verified_at}{timestamp}"


address_tokens = AddressTokens()


def send_address_check(request: HttpRequest, user: "User") -> "Future[None]":
    """Ask whether an address is its owner's."""
    link = _link("accounts:verify", user, address_tokens.make_token(user))
    return _send(user, "Confirm your email address", "verify", link, asked=request)


def send_password_reset(request: HttpRequest, user: "User") -> "Future[None]":
    """Give a way back into an account whose password is lost."""
    link = _link("accounts:reset", user, default_token_generator.make_token(user))
    return _send(user, "Choose a new password", "reset", link, asked=request)


def tell_new_address(request: HttpRequest, user: "User", before: str) -> None:
    """Ask the new address to be confirmed, and warn the one there was before."""
    if user.email == before:
        return
    _send(user, "Your email address was changed", "address_changed", to=before, asked=request)
    send_address_check(request, user)


def tell_new_password(user: "User") -> None:
    """Warn the owner: a password that somebody else has set would go unnoticed."""
    _send(user, "Your password was changed", "password_changed")


def name_in_link(user: "User") -> str:
    """What names a player in a link."""
    return urlsafe_base64_encode(force_bytes(user.pk))


def _link(view: str, user: "User", token: str) -> str:
    return absolute(reverse(view, args=[name_in_link(user), token]))


def require_address(request: HttpRequest, user: "User") -> None:
    """Count a change of address for an account at an address. Raises RateLimited, RateLimitUnavailable.

    To be called before the form is looked at, which tells who has an account. Whoever stole a sign-in
    counts for another address than the owner.
    """
    rate_limits.require("address", f"{user.pk}:{client_of(request).address}")


def _send(
    user: "User",
    subject: str,
    kind: str,
    link: str = "",
    *,
    to: str = "",
    asked: HttpRequest | None = None,
) -> "Future[None]":
    """Send an email of a kind, for which `asked` is the request, if it is one that anybody may ask for."""
    body = render_to_string(f"accounts/mails/{kind}.txt", {"user": user, "link": link})
    address = to or user.email
    # Each kind apart: who has many letters of one kind sent must not keep back a warning.
    counted = [f"{kind}:{user.pk}", f"{kind}:{rate_limits.hash_subject(address)}"]
    asker = f":{client_of(asked).address}" if asked else ""
    return POST.submit(_deliver, f"{subject} · Tribehold", body, address, counted, asker)


def _deliver(subject: str, body: str, address: str, counted: list[str], asker: str) -> None:
    try:
        for each in counted:
            rate_limits.count_one("letters_to", f"{each}{asker}")
        for each in counted:
            rate_limits.count_one("letters_to_all", each)
        send_mail(subject, body, settings.DEFAULT_FROM_EMAIL, [address])
    except rate_limits.RateLimited:
        logger.warning(
            "A letter was not sent: too many of its kind went there, or for that account"
        )
    except Exception:  # mostly of the mail server; nobody else would hear of it in this thread
        logger.exception("An email could not be sent")
