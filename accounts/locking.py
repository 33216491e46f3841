"""One after the other for each player: a count is right only until somebody else adds to it."""

from django.shortcuts import get_object_or_404

from accounts.models import User


def lock_player(player: User) -> None:
    """Make others wait who count what this player has. Raises Http404 for one who is gone."""
    get_object_or_404(User.objects.select_for_update(no_key=True).only("pk"), pk=player.pk)
