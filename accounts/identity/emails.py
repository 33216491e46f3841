"""Emails to players: links that they requested, and warnings of changes.

The task queue sends them, so that the time of a response does not show whether the account exists. A job
has the player and the kind of email. The link is created when the email is sent, so the queue has no secret.
Only the job of a warning to a previous email address has that address, until the job has ended. Jobs that
fail are retried for almost three hours.

Emails are counted when they are sent, invisibly to the client. In an hour, an email address gets at most
five emails of a kind that one client requested, and twenty in total. The same limits hold for an account.
"""

import logging
import uuid
from collections.abc import Callable
from smtplib import SMTPRecipientsRefused

from django.conf import settings
from django.core.mail import send_mail
from django.template.loader import render_to_string
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app
from procrastinate.job_context import JobContext

from accounts.identity import links
from accounts.models import User
from config.limits import rate_limits
from config.ops import task_queue

SUBJECTS = {
    "verify": "Confirm your email address",
    "reset": "Choose a new password",
    "address_changed": "Your email address was changed",
    "password_changed": "Your password was changed",
}
LINKS: dict[str, Callable[[User], str]] = {
    "verify": links.verification_link,
    "reset": links.reset_link,
}
RETRIES = RetryStrategy(max_attempts=8, exponential_wait=3)  # after 3 s, 9 s, … 1 h 49 min
logger = logging.getLogger(__name__)


def send_verification(user: User, client_address: str) -> None:
    """Sends the link that confirms an email address."""
    _add_job("verify", user, client_address=client_address)


def send_password_reset(user: User | None, client_address: str) -> None:
    """Sends the link that replaces a lost password.

    Without an account it adds a job that does nothing, so that the time does not show whether there is one.
    """
    _add_job("reset", user, client_address=client_address)


def send_email_changed(user: User, previous: str, client_address: str) -> None:
    """Warns the previous email address of an account."""
    _add_job("address_changed", user, to=previous, client_address=client_address)


def send_password_changed(user: User) -> None:
    """Notifies the owner, who may not have changed the password."""
    _add_job("password_changed", user)


@app.task(name="accounts.send_email", queue=task_queue.EMAIL, retry=RETRIES, pass_context=True)
def send(context: JobContext, kind: str, user_id: str, client: str, to: str) -> None:
    """Sends an email to a player, or to `to`, the player's previous email address.

    Failed attempts are logged. After a permanent refusal of the email address there is no other attempt.
    """
    user = User.objects.filter(pk=user_id).first()
    if user is None:
        return
    address = to or user.email
    link = LINKS[kind](user) if kind in LINKS else ""
    body = render_to_string(f"accounts/emails/{kind}.txt", {"user": user, "link": link})
    try:
        if not context.job.attempts:
            _count(kind, user, address, client)
        send_mail(f"{SUBJECTS[kind]} · Tribehold", body, settings.DEFAULT_FROM_EMAIL, [address])
    except rate_limits.RateLimited:
        logger.warning(
            "An email was not sent: too many of its kind went to that address or account"
        )
    except Exception as error:
        if _is_permanent_refusal(error):
            logger.warning("An email was permanently refused: %s", type(error).__name__)
            return
        number = context.job.attempts + 1
        logger.warning("An email could not be sent, attempt %d: %s", number, type(error).__name__)
        raise


def _add_job(kind: str, user: User | None, *, to: str = "", client_address: str = "") -> None:
    """Adds an email to the queue. `client_address` is given if anybody may request this kind of email."""
    client = rate_limits.hash_subject(client_address) if client_address else ""
    user_id = str(user.pk if user else uuid.uuid4())
    if not task_queue.defer(send, {}, kind=kind, user_id=user_id, client=client, to=to):
        logger.error("An email was not sent: too many wait in the queue")


def _count(kind: str, user: User, address: str, client: str) -> None:
    """Counts an email for its kind, so that other kinds are not blocked. Raises RateLimited."""
    subjects = [f"{kind}:{user.pk}", f"{kind}:{rate_limits.hash_subject(address)}"]
    for subject in subjects:
        rate_limits.count_one("emails_per_client", f"{subject}:{client}" if client else subject)
    for subject in subjects:
        rate_limits.count_one("emails", subject)


def _is_permanent_refusal(error: Exception) -> bool:
    """Returns whether the mail server permanently refuses this address. A 4xx is temporary."""
    return isinstance(error, SMTPRecipientsRefused) and all(
        code >= 500 for code, _ in error.recipients.values()
    )
