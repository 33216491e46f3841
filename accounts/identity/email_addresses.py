"""Confirming an email address, and changing it."""

import copy

from accounts.devices.attempts import Attempts, CurrentDevice
from accounts.identity import emails, links, passwords
from accounts.models import User
from config.db.constraints import find_faults, save_checked
from config.kernel.client import Client
from config.kernel.errors import InvalidInput
from config.limits import rate_limits


def request_verification(*, client: Client, user: User) -> bool:
    """Sends the link that confirms the email address once more. Returns False if that is confirmed already.

    Raises RateLimited, RateLimitUnavailable.
    """
    if user.email_verified_at:
        return False
    rate_limits.require("email_requests", client.address)
    emails.send_verification(user, client.address)
    return True


def confirm_email(*, uid: str, token: str) -> None:
    """Confirms the email address that a link was sent to. Raises InvalidLink."""
    user = links.find_unverified_user(uid, token)
    if user is None or not user.mark_email_verified():
        raise links.InvalidLink


def change_email(
    *, client: Client, user: User, device: CurrentDevice, email: str, password: str
) -> User:
    """Changes the email address, which has to be confirmed again. Returns the account as it is now.

    It takes the password, because emails lead into the account. Raises InvalidInput with all that is
    wrong, RateLimited, RateLimitUnavailable.
    """
    attempts = Attempts(client, user, device, "password")
    attempts.count()
    # Counted before the address is checked, which shows who has an account. A thief of a sign-in calls from
    # another address, so that none of the owner's changes are used up.
    rate_limits.require("address", f"{user.pk}:{client.address}")
    changed = copy.copy(user)
    changed.email = email
    faults = find_faults(changed, ["email"])
    faults += passwords.find_faults_of_current(
        user, password, attempts, code="wrong_password", field="password"
    )
    if faults:
        raise InvalidInput.combine(faults)
    if email != user.email:
        changed.email_verified_at = None
        # Other columns may have changed in the meantime, as by a ban.
        save_checked(changed, ["email"], update_fields=["email", "email_verified_at"])
        notify_of_change(client=client, user=changed, previous=user.email)
    return changed


def notify_of_change(*, client: Client, user: User, previous: str) -> None:
    """Warns the previous email address, and asks for a confirmation of the new one."""
    emails.send_email_changed(user, previous, client.address)
    emails.send_verification(user, client.address)
