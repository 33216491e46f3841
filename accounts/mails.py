"""Letters: links that work once and die after an hour, and word of what was changed.

They are sent from a thread of their own, so that how long an answer takes does not tell whether there
was somebody to write to.
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

if TYPE_CHECKING:
    from accounts.models import User

POST = ThreadPoolExecutor(1, "post")
logger = logging.getLogger(__name__)


class AddressTokens(PasswordResetTokenGenerator):
    """Tokens that prove an address: they change with it, and none is good once it has been proved."""

    key_salt = "accounts.mails.AddressTokens"

    def check_token(self, user: "User | None", token: str | None) -> bool:
        """Whether a token is good."""
        return bool(user and not user.email_verified_at) and super().check_token(user, token)

    def _make_hash_value(self, user: "User", timestamp: int) -> str:
        return f"{user.pk}{user.email}{user.email_verified_at}{timestamp}"


address_tokens = AddressTokens()


def send_address_check(request: HttpRequest, user: "User") -> "Future[None]":
    """Ask whether an address is its owner's."""
    link = _link(request, "accounts:verify", user, address_tokens.make_token(user))
    return _send(user, "Confirm your e-mail address", "accounts/mails/verify.txt", link)


def send_password_reset(request: HttpRequest, user: "User") -> "Future[None]":
    """Give a way back into an account whose password is lost."""
    link = _link(request, "accounts:reset", user, default_token_generator.make_token(user))
    return _send(user, "Choose a new password", "accounts/mails/reset.txt", link)


def tell_new_address(request: HttpRequest, user: "User", before: str) -> None:
    """Ask the new address to be confirmed, and warn the one there was before."""
    if user.email == before:
        return
    body = render_to_string("accounts/mails/address_changed.txt", {"user": user})
    POST.submit(_deliver, "Your e-mail address was changed · Tribehold", body, before)
    send_address_check(request, user)


def tell_new_password(user: "User") -> None:
    """Warn the owner: a password that somebody else has set would go unnoticed."""
    body = render_to_string("accounts/mails/password_changed.txt", {"user": user})
    POST.submit(_deliver, "Your password was changed · Tribehold", body, user.email)


def _link(request: HttpRequest, view: str, user: "User", token: str) -> str:
    who = urlsafe_base64_encode(force_bytes(user.pk))
    return request.build_absolute_uri(reverse(view, args=[who, token]))


def _send(user: "User", subject: str, template: str, link: str) -> "Future[None]":
    body = render_to_string(template, {"user": user, "link": link})
    return POST.submit(_deliver, f"{subject} · Tribehold", body, user.email)


def _deliver(subject: str, body: str, address: str) -> None:
    try:
        send_mail(subject, body, settings.DEFAULT_FROM_EMAIL, [address])
    except OSError:
        logger.exception("A letter could not be sent")  # without the address: logs bear none
