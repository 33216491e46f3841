"""New passwords: whoever sets one ends all other sign-ins, and the owner hears of it by letter."""

import uuid
from functools import partial

from django.contrib.auth.tokens import default_token_generator
from django.core.exceptions import ValidationError
from django.db import transaction

from accounts.devices import actions as device_actions
from accounts.identity import emails
from accounts.models import User
from config.kernel.errors import DomainError

FEWEST_CHARACTERS = 5  # different ones, in a password
SITE = "tribehold"


class VarietyValidator:
    """Refuses passwords of few different characters ("abababab"), and the name of the site."""

    def validate(self, password: str, user: object = None) -> None:
        """Raise ValidationError."""
        if len(set(password.casefold())) < FEWEST_CHARACTERS:
            words = f"This password has less than {FEWEST_CHARACTERS} different characters."
            raise ValidationError(words, "password_too_uniform")
        if SITE in password.casefold() and len(password) < 2 * len(SITE):
            raise ValidationError("The name of this site is no password.", "password_too_common")

    def get_help_text(self) -> str:
        """What to mind."""
        return f"At least {FEWEST_CHARACTERS} different characters."


class LinkUsedUp(DomainError):
    """A link that was used, is too old, or whose account is closed."""

    def __init__(self) -> None:
        super().__init__("link_used_up", "This link has expired.")


@transaction.atomic
def keep(user: User, *, current: str | None = None) -> None:
    """Save the password that a player was given, and sign out all devices but this browser."""
    user.save(update_fields=["password"])  # the rest may be older than what the row holds by now
    device_actions.clear([user], current=current)
    transaction.on_commit(partial(emails.tell_new_password, user))


@transaction.atomic
def reset(user_id: uuid.UUID, token: str, password: str, *, current: str | None = None) -> None:
    """Set a password by a link. Who could read the letter has proved the address. Raises LinkUsedUp.

    Of those who opened the link together one sets it: the link is looked at again under the row's lock,
    where the password that it was made for is a new one for all who come later.
    """
    user = User.objects.active().select_for_update(no_key=True).filter(pk=user_id).first()
    if user is None or not default_token_generator.check_token(user, token):
        raise LinkUsedUp
    user.set_password(password)
    keep(user, current=current)
    user.mark_email_verified()
