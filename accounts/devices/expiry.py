"""Page sessions that are not needed any more: expired ones, and the oldest of a player who has many."""

from django.utils import timezone

from accounts.models import PageSession, User

MAX_BROWSERS = (
    50  # of a player. Private windows count too, which lose their session when they close.
)
BATCH_SIZE = 1000


def delete_expired() -> int:
    """Deletes sessions that have expired, also those of visitors. Returns how many."""
    expired = PageSession.objects.filter(expire_date__lt=timezone.now())
    deleted = 0
    while keys := list(expired.values_list("pk", flat=True)[:BATCH_SIZE]):
        deleted += PageSession.objects.filter(pk__in=keys).delete()[0]
    return deleted


def make_room(user: User) -> None:
    """Signs out the browsers that signed in the longest ago, so that one more fits."""
    oldest = PageSession.objects.filter(user=user).order_by("-created_at")[MAX_BROWSERS - 1 :]
    if keys := list(oldest.values_list("pk", flat=True)):
        PageSession.objects.filter(pk__in=keys).delete()
