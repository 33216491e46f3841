"""The vocabulary of maps: who sees which, and how they are found."""

import re
from typing import TYPE_CHECKING

from django.contrib.auth.models import AnonymousUser
from django.contrib.postgres.search import SearchQuery
from django.db import models

from config.keyset import Order

if TYPE_CHECKING:
    from accounts.models import User
    from maps.models import GameMap

ORDERS = {
    order.name: order
    for order in (
        Order("new", ("created_at", "id")),
        Order("top", ("top_score", "id")),
        Order("plays", ("play_count", "id")),
    )
}
PUBLISHED = models.Q(is_public=True, hidden_at__isnull=True)
BULKY = ("terrain_data", "wave_config", "spawn_point", "goal_point", "search")
PERSONAL = tuple(
    f"user__{name}"
    for name in "password email last_login email_verified_at privacy_accepted_at".split()
)
MOST_WORDS = 10


class GameMapQuerySet(models.QuerySet["GameMap"]):
    """Maps, narrowed down."""

    def published(self) -> "GameMapQuerySet":
        """Maps that everybody may see."""
        return self.filter(PUBLISHED)

    def visible_to(self, user: "User | AnonymousUser") -> "GameMapQuerySet":
        """Published maps, one's own, and all of them for whoever may look after maps."""
        # Nobody but staff has it; asking for players' permissions would cost two queries each time.
        if user.is_staff and user.has_perm("maps.view_gamemap"):
            return self.all()
        return self.filter(PUBLISHED | models.Q(user=user.pk) if user.pk else PUBLISHED)

    def search(self, words: str) -> "GameMapQuerySet":
        """Maps with all of these words in name or description; the last one may be unfinished."""
        terms = re.findall(r"[^\W_]+", words)[:MOST_WORDS]
        if not terms:
            return self.all()
        query = " & ".join(terms) + ":*"
        return self.filter(search=SearchQuery(query, search_type="raw", config="english"))

    def beside(self, game_map: "GameMap") -> "GameMapQuerySet":
        """The published others of the same author, the newest first."""
        others = self.published().filter(user=game_map.user_id).exclude(pk=game_map.pk)
        return others.order_by("-created_at", "-id")

    def for_cards(self) -> "GameMapQuerySet":
        """With what a card shows, and without the bulk: terrain weighs up to a megabyte."""
        return self.select_related("user").defer(*BULKY, *PERSONAL)

    def for_page(self) -> "GameMapQuerySet":
        """With what a map's page shows: the waves too, the terrain only as a picture."""
        return self.select_related("user").defer("terrain_data", "search", *PERSONAL)
