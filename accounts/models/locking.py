"""The lock on a player's row."""

from accounts.models.users import User
from config.kernel.errors import NotFound


def lock_player(player: User) -> None:
    """Locks a player's row until the transaction ends: a count is right only if nobody else adds to it.

    Raises NotFound if the account was erased.
    """
    rows = User.objects.select_for_update(no_key=True).filter(pk=player.pk)
    if not rows.values_list("pk", flat=True).first():
        raise NotFound
