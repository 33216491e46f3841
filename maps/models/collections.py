"""The tables of collections: lists of maps that belong to a player, private or public."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Length, Now
from django.urls import reverse

from accounts.models import Viewer
from config.db.functions import casefolded, normal_form_check, sort_key
from config.db.models import RandomIdModel

SHARED = models.Q(is_public=True, user__is_active=True)
models.CharField.register_lookup(Length)


class MapCollectionQuerySet(models.QuerySet["MapCollection"]):
    """Selections of collections."""

    def shared(self) -> "MapCollectionQuerySet":
        """Returns the collections that everybody may see: public ones of players with a public page."""
        return self.filter(SHARED)

    def visible_to(self, user: Viewer) -> "MapCollectionQuerySet":
        """Returns shared collections, and those of the user."""
        return self.filter(SHARED | models.Q(user=user.pk) if user.pk else SHARED)


class MapCollection(RandomIdModel):
    """An ordered list of maps of a player."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="collections",
        db_index=False,
        db_comment="The owner.",
    )
    name = models.CharField(
        max_length=60,
        db_comment="3 to 60 characters; unique for its owner, regardless of case.",
    )
    description = models.CharField(
        max_length=500, blank=True, db_default="", db_comment="Plain text, may be empty."
    )
    is_public = models.BooleanField(
        db_default=False, db_comment="True: everybody with its address may see it."
    )
    created_at = models.DateTimeField(
        db_default=Now(), db_comment="When the collection was created."
    )

    objects = models.Manager.from_queryset(MapCollectionQuerySet)()

    class Meta:
        db_table = "map_collections"
        db_table_comment = "Collections: lists of maps, private or public."
        constraints = [
            models.UniqueConstraint("user", casefolded("name"), name="collection_name_casefold"),
            normal_form_check("collection_normal_form", "name", "description"),
            models.CheckConstraint(
                condition=models.Q(name__length__gte=3, name__length__lte=60),
                name="collection_name_length",
            ),
        ]
        indexes = [models.Index("user", sort_key("name"), name="idx_collections_sort_key")]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        """Returns the address of the collection's page."""
        return reverse("collections:detail", args=[self.pk])


class MapCollectionEntry(RandomIdModel):
    """A map in a collection."""

    collection = models.ForeignKey(
        MapCollection,
        on_delete=models.CASCADE,
        related_name="entries",
        db_index=False,
        db_comment="The collection.",
    )
    map = models.ForeignKey(
        "maps.GameMap", on_delete=models.CASCADE, related_name="entries", db_comment="The map."
    )
    position = models.IntegerField(db_comment="Position in the collection, from 1.")

    class Meta:
        db_table = "map_collection_entries"
        db_table_comment = "Entries of collections: maps in an order."
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["collection", "map"], name="one_entry_of_a_map"),
            models.UniqueConstraint(  # checked at the end of a statement, so that it may move all entries
                fields=["collection", "position"],
                name="one_entry_at_a_place",
                deferrable=models.Deferrable.IMMEDIATE,
            ),
            models.CheckConstraint(
                condition=models.Q(position__gte=1), name="collection_position_range"
            ),
        ]

    def __str__(self) -> str:
        return f"entry {self.position}"
