"""Sessions of pages that are of no more use: expired ones, and the oldest of a player who has many."""

from typing import TYPE_CHECKING

from django.utils import timezone

from accounts.models import PageSession

if TYPE_CHECKING:
    from accounts.models import User

MOST_BROWSERS = 50  # of a player; private windows count, too, which forget their session
BATCH = 1000


def delete_expired() -> int:
    """Delete sessions that have expired, of visitors too, and return how many."""
    expired = PageSession.objects.filter(expire_date__lt=timezone.now())
    deleted = 0
    while keys := list(expired.values_list("pk", flat=True)[:BATCH]):
        deleted += PageSession.objects.filter(pk__in=keys).delete()[0]
    return deleted


def make_room(user: "User") -> None:
    """Sign out on the browsers that were signed in the longest ago, before another one is added."""
    oldest = PageSession.objects.filter(user=user).order_by("-created_at")[MOST_BROWSERS - 1 :]
    keys = list(oldest.values_list("pk", flat=True))
    if keys:
        PageSession.objects.filter(pk__in=keys).delete()
