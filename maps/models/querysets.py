"""The vocabulary of maps: who sees which, and how they are found."""

from typing import TYPE_CHECKING

from django.contrib.auth.models import AnonymousUser
from django.contrib.postgres.search import SearchQuery
from django.db import models

from maps.search import language

if TYPE_CHECKING:
    from accounts.models import User
    from maps.models import GameMap, MapCollection  # noqa: F401 - named in strings below

GOING_ON = ("Lobby", "InProgress", "Paused")  # games, of which sessions_app knows more
PUBLISHED = models.Q(is_public=True, hidden_at__isnull=True)
DRAWN = models.Q(removed_at__isnull=True) & ~models.Q(
    terrain_hash=""
)  # with pictures that are kept
SHARED = models.Q(is_public=True, user__is_active=True)
BULKY = ("terrain_data", "wave_config", "spawn_point", "goal_point", "search")
PERSONAL = tuple(
    f"user__{name}"
    for name in "password email last_login email_verified_at privacy_accepted_at".split()
)


def _own(author: "User") -> models.Q:
    return models.Q(user=author.pk, removed_at__isnull=True)


class GameMapQuerySet(models.QuerySet["GameMap"]):
    """Maps, narrowed down."""

    def published(self) -> "GameMapQuerySet":
        """Maps that everybody may see."""
        return self.filter(PUBLISHED)

    def visible_to(self, user: "User | AnonymousUser") -> "GameMapQuerySet":
        """Published maps, one's own, and all of them for whoever may look after maps.

        Also what one plays on: the map of the lobby or game that one sits in, unless moderators hide it.
        """
        # Nobody but staff has it; asking for players' permissions would cost two queries each time.
        if user.is_staff and user.has_perm("maps.view_gamemap"):
            return self.all()
        if not user.is_authenticated:
            return self.published()
        seats = user.seats.filter(left_at=None, session__status__in=GOING_ON)
        played_on = models.Q(hidden_at__isnull=True, pk__in=seats.values("session__map"))
        return self.filter(PUBLISHED | _own(user) | played_on)

    def playable_by(self, user: "User | AnonymousUser") -> "GameMapQuerySet":
        """Published maps and one's own: who looks after maps sees more, and plays on no others' drafts."""
        return self.filter(PUBLISHED | _own(user)) if user.is_authenticated else self.published()

    def own(self, author: "User") -> "GameMapQuerySet":
        """Maps that a player has, private and hidden ones too, but none that was removed."""
        return self.filter(_own(author))

    def search(self, words: str) -> "GameMapQuerySet":
        """Maps with all of these words in name or description; the last one may be unfinished."""
        terms = language.text_query(language.read(words).words)
        if not terms:
            return self.all()
        return self.filter(search=SearchQuery(terms, search_type="raw", config="english"))

    def for_cards(self) -> "GameMapQuerySet":
        """With what a card shows, and without the bulk: terrain weighs up to a megabyte."""
        return self.select_related("user").defer(*BULKY, *PERSONAL)

    def for_page(self) -> "GameMapQuerySet":
        """With what a map's page shows: the waves too, the terrain only as a picture."""
        return self.select_related("user").defer("terrain_data", "search", *PERSONAL)


class MapCollectionQuerySet(models.QuerySet["MapCollection"]):
    """Collections, narrowed down."""

    def shared(self) -> "MapCollectionQuerySet":
        """Collections that everybody may see: public ones of players who have a public page."""
        return self.filter(SHARED)

    def visible_to(self, user: "User | AnonymousUser") -> "MapCollectionQuerySet":
        """Shared ones and one's own."""
        return self.filter(SHARED | models.Q(user=user.pk) if user.pk else SHARED)
