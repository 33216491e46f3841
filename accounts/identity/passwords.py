"""Passwords: their rules, and how they are changed.

A new password ends all other sign-ins, and the owner gets an email.
"""

import uuid
from functools import partial

from django.contrib.auth.password_validation import validate_password
from django.contrib.auth.tokens import default_token_generator
from django.core.exceptions import ValidationError
from django.db import transaction

from accounts.devices import actions as device_actions
from accounts.devices.attempts import Attempts, CurrentDevice
from accounts.identity import emails, sign_in
from accounts.identity.links import InvalidLink
from accounts.models import User
from config.db.constraints import reasons_of
from config.kernel.client import Client
from config.kernel.errors import InvalidInput, Reason
from config.limits import rate_limits

MAX_PASSWORD_LENGTH = 1000  # characters; hashing longer ones would cost more and protect no better
MIN_DIFFERENT_CHARACTERS = 5
SITE_NAME = "tribehold"


class VarietyValidator:
    """Rejects passwords with few different characters ("abababab"), and the name of the site."""

    def validate(self, password: str, user: object = None) -> None:
        """Raises ValidationError."""
        if len(set(password.casefold())) < MIN_DIFFERENT_CHARACTERS:
            detail = f"This password has less than {MIN_DIFFERENT_CHARACTERS} different characters."
            raise ValidationError(detail, "password_too_uniform")
        if SITE_NAME in password.casefold() and len(password) < 2 * len(SITE_NAME):
            raise ValidationError(
                "The name of this site is not a safe password.", "password_too_common"
            )

    def get_help_text(self) -> str:
        """Returns the rule for people."""
        return f"At least {MIN_DIFFERENT_CHARACTERS} different characters."


def find_faults_of_password(user: User, password: str, *, field: str) -> list[Reason]:
    """Returns the faults of a new password."""
    try:
        validate_password(password, user)
    except ValidationError as error:
        return reasons_of(error, field)
    return []


def find_faults_of_current(
    user: User, password: str, attempts: Attempts, *, code: str, field: str
) -> list[Reason]:
    """Returns a fault unless this is the player's password. The right one resets the attempts."""
    if not user.check_password(password):
        return [Reason(code, "That's not your current password.", field)]
    attempts.reset()
    return []


def change_password(
    *, client: Client, user: User, device: CurrentDevice, old_password: str, new_password: str
) -> None:
    """Changes the password of a player who knows the old one.

    Raises InvalidInput with all faults, RateLimited, RateLimitUnavailable.
    """
    attempts = Attempts(client, user, device, "password")
    attempts.count()
    faults = find_faults_of_current(
        user, old_password, attempts, code="password_incorrect", field="old_password"
    )
    faults += find_faults_of_password(user, new_password, field="new_password")
    if faults:
        raise InvalidInput.combine(faults)
    user.set_password(new_password)
    save_password(user, session_key=device.session_key)


def request_password_reset(*, client: Client, name: str) -> None:
    """Sends a link to choose a new password, if there is an account with this username or email address.

    Raises RateLimited, RateLimitUnavailable.
    """
    rate_limits.require("email_requests", client.address)
    user = User.objects.active().by_username_or_email(name).first()
    emails.send_password_reset(user, client.address)


def reset_password(
    *,
    client: Client,
    user_id: uuid.UUID,
    token: str,
    new_password: str,
    session_key: str | None = None,
) -> None:
    """Sets a password by a link from an email. Raises InvalidLink, InvalidInput.

    The link is checked under the lock of the row. Of several simultaneous uses only one sets the password:
    for the others the link is invalid, because the password has changed.
    """
    with transaction.atomic():
        user = User.objects.active().select_for_update(no_key=True).filter(pk=user_id).first()
        if user is None or not default_token_generator.check_token(user, token):
            raise InvalidLink
        if faults := find_faults_of_password(user, new_password, field="new_password"):
            raise InvalidInput.combine(faults)
        user.set_password(new_password)
        save_password(user, session_key=session_key)
        user.mark_email_verified()  # the client received the email, so the address is confirmed
    sign_in.unlock(client=client, user=user)


@transaction.atomic
def save_password(user: User, *, session_key: str | None = None) -> None:
    """Saves a new password, and signs out all devices except the browser with this session key."""
    user.save(update_fields=["password"])  # other columns may have changed in the meantime
    device_actions.delete_devices([user], current=session_key)
    transaction.on_commit(partial(emails.send_password_changed, user))
