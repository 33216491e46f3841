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
    """Sends another link that confirms the email address. Returns False if it is confirmed already.

    Raises RateLimited, RateLimitUnavailable.
    """
    if user.email_verified_at:
        return False
    rate_limits.require("email_requests", client.address)
    emails.send_verification(user, client.address)
    return True


def confirm_email(*, uid: str, token: str) -> None:
    """Confirms the email address of a link. Raises InvalidLink."""
    user = links.find_unverified_user(uid, token)
    if user is None or not user.mark_email_verified():
        raise links.InvalidLink


def change_email(
    *, client: Client, user: User, device: CurrentDevice, email: str, password: str
) -> User:
    """Changes the email address, which must be confirmed again. Returns the changed account.

    It requires the password, because a reset link in an email gives access to the account. Raises
    InvalidInput with all faults, RateLimited, RateLimitUnavailable.
    """
    attempts = Attempts(client, user, device, "password")
    attempts.count()
    # Counted before the address is checked, which reveals whether it has an account. Counted for the client's
    # address, so that a thief of a sign-in does not use up the owner's limit.
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
        # Other columns may have changed in the meantime, for example by a ban.
        save_checked(changed, ["email"], update_fields=["email", "email_verified_at"])
        notify_of_change(client=client, user=changed, previous=user.email)
    return changed


def notify_of_change(*, client: Client, user: User, previous: str) -> None:
    """Warns the previous email address, and sends the link that confirms the new one."""
    emails.send_email_changed(user, previous, client.address)
    emails.send_verification(user, client.address)
