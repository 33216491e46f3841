"""Signing up."""

from django.utils import timezone

from accounts.identity import emails, passwords
from accounts.models import User
from config.db.constraints import find_faults, save_checked
from config.kernel.client import Client
from config.kernel.errors import InvalidInput, Reason
from config.limits import rate_limits

FIELDS = ("username", "email")


def register(
    *, client: Client, username: str, email: str, password: str, accept_privacy_policy: bool
) -> User:
    """Creates an account, and sends the link that confirms the email address.

    Raises InvalidInput with all faults, RateLimited, RateLimitUnavailable.
    """
    # Counted before anything is checked, because the result reveals which accounts exist.
    rate_limits.require("signup", client.address)
    user = User(username=username, email=email, privacy_accepted_at=timezone.now())
    faults = find_faults(user, FIELDS)
    faults += passwords.find_faults_of_password(user, password, field="password")
    if not accept_privacy_policy:
        detail = "Please agree to the privacy policy to create an account."
        faults.append(Reason("required", detail, "accept_privacy_policy"))
    if faults:
        raise InvalidInput.combine(faults)
    user.set_password(password)
    save_checked(user, FIELDS)
    emails.send_verification(user, client.address)
    return user
