"""Emails to players: links that they asked for, and warnings of changes.

They are sent in a thread of their own, so that the time of a response does not show whether the account
exists. There they are also counted, invisibly to whoever asked. For each kind of email an email address
gets five in an hour that one client asked for, and twenty in all. The same holds for an account.
"""

import logging
from concurrent.futures import Future, ThreadPoolExecutor

from django.conf import settings
from django.core.mail import send_mail
from django.template.loader import render_to_string

from accounts.identity import links
from accounts.models import User
from config.limits import rate_limits

POST = ThreadPoolExecutor(1, "post")
SUBJECTS = {
    "verify": "Confirm your email address",
    "reset": "Choose a new password",
    "address_changed": "Your email address was changed",
    "password_changed": "Your password was changed",
}
logger = logging.getLogger(__name__)


def send_verification(user: User, client_address: str) -> "Future[None]":
    """Sends the link that confirms an email address."""
    return _send(user, "verify", link=links.verification_link(user), client_address=client_address)


def send_password_reset(user: User, client_address: str) -> "Future[None]":
    """Sends the link that replaces a lost password."""
    return _send(user, "reset", link=links.reset_link(user), client_address=client_address)


def send_email_changed(user: User, previous: str, client_address: str) -> "Future[None]":
    """Warns the previous email address of an account."""
    return _send(user, "address_changed", to=previous, client_address=client_address)


def send_password_changed(user: User) -> "Future[None]":
    """Warns the owner: otherwise a password that somebody else has set goes unnoticed."""
    return _send(user, "password_changed")


def _send(
    user: User, kind: str, *, link: str = "", to: str = "", client_address: str = ""
) -> "Future[None]":
    """Sends an email of a kind. `client_address` is that of whoever asked for it, where anybody may ask."""
    body = render_to_string(f"accounts/emails/{kind}.txt", {"user": user, "link": link})
    address = to or user.email
    # Each kind is counted apart: many emails of one kind must not hold back a warning.
    subjects = [f"{kind}:{user.pk}", f"{kind}:{rate_limits.hash_subject(address)}"]
    subject = f"{SUBJECTS[kind]} · Tribehold"
    return POST.submit(_deliver, subject, body, address, subjects, client_address)


def _deliver(
    subject: str, body: str, address: str, subjects: list[str], client_address: str
) -> None:
    try:
        for counted in subjects:
            by_client = f"{counted}:{client_address}" if client_address else counted
            rate_limits.count_one("letters_to", by_client)
        for counted in subjects:
            rate_limits.count_one("letters_to_all", counted)
        send_mail(subject, body, settings.DEFAULT_FROM_EMAIL, [address])
    except rate_limits.RateLimited:
        logger.warning(
            "An email was not sent: too many of its kind went to that address or account"
        )
    except Exception:  # mostly of the mail server; nothing else would report it in this thread
        logger.exception("An email could not be sent")
