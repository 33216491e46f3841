"""Links in emails. They work once, and expire after an hour."""

import copy
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from uuid import UUID

from django.contrib.auth.tokens import PasswordResetTokenGenerator, default_token_generator
from django.urls import reverse
from django.utils.encoding import force_bytes, force_str
from django.utils.http import urlsafe_base64_decode, urlsafe_base64_encode

from accounts.models import User
from config.http.site_url import absolute_url
from config.kernel.errors import DomainError


class InvalidLink(DomainError):
    """A link that was used, has expired, or whose account is closed."""

    def __init__(self) -> None:
        super().__init__("link_used_up", "This link has expired.")


class VerificationTokens(PasswordResetTokenGenerator):
    """Tokens that confirm an email address. They are invalid after it was confirmed or changed."""

    key_salt = "accounts.identity.links.VerificationTokens"

    def _make_hash_value(self, user: User, timestamp: int) -> str:
        return f"{user.pk}{user.email}{user.email_verified_at}{timestamp}"


class TokensOfAnyAge(VerificationTokens):
    """The same tokens, checked without their time limit."""

    def _now(self) -> datetime:
        return datetime.min


verification_tokens = VerificationTokens()
tokens_of_any_age = TokensOfAnyAge()


class LinkState(Enum):
    """What a link that confirms an email address can still do."""

    OPEN = "open"
    USED = "used"  # or another link has confirmed the same address
    EXPIRED = "expired"  # or it is for an address that the account had before, or it is wrong


@dataclass(frozen=True)
class VerificationLink:
    """A link that confirms an email address.

    `address` is the address that it was sent to, so only its recipient sees it. Empty for a wrong link.
    """

    state: LinkState
    address: str = ""


def verification_link(user: User) -> str:
    """Returns a link that confirms the account's email address."""
    token = verification_tokens.make_token(user)
    return absolute_url(reverse("accounts:verify", args=[uid_of(user), token]))


def reset_link(user: User) -> str:
    """Returns a link to choose a new password."""
    token = default_token_generator.make_token(user)
    return absolute_url(reverse("accounts:reset", args=[uid_of(user), token]))


def uid_of(user: User) -> str:
    """Returns the id of a player as it is in links."""
    return urlsafe_base64_encode(force_bytes(user.pk))


def find_unverified_user(uid: str, token: str) -> User | None:
    """Returns the player whose email address a link confirms; None for an invalid link."""
    user = _find_user(uid)
    is_open = user is not None and user.email_verified_at is None
    return user if is_open and verification_tokens.check_token(user, token) else None


def read_verification_link(uid: str, token: str) -> VerificationLink:
    """Returns the state of a link that confirms an email address."""
    user = _find_user(uid)
    if user is None:
        return VerificationLink(LinkState.EXPIRED)
    before = copy.copy(user)  # as it was when the email was sent
    before.email_verified_at = None
    if not tokens_of_any_age.check_token(before, token):
        return VerificationLink(LinkState.EXPIRED)
    if user.email_verified_at:
        return VerificationLink(LinkState.USED, user.email)
    is_open = verification_tokens.check_token(user, token)
    return VerificationLink(LinkState.OPEN if is_open else LinkState.EXPIRED, user.email)


def find_reset_user(uid: str, token: str) -> User | None:
    """Returns the player whose password a link resets; None for an invalid link."""
    user = _find_user(uid)
    return user if default_token_generator.check_token(user, token) else None


def _find_user(uid: str) -> User | None:
    try:
        user_id = UUID(force_str(urlsafe_base64_decode(uid)))
    except (ValueError, UnicodeDecodeError):
        return None
    user: User | None = User.objects.active().filter(pk=user_id).first()
    return user
