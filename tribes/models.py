"""The table of tribes."""

from decimal import Decimal

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.db.models.lookups import Exact

from config.db.functions import casefolded, normal_form_check, sort_key
from config.db.models import RandomIdModel


class Tribe(RandomIdModel):
    """A tribe: ten points of 0.05 for the bonuses of a player's towers, and a colour."""

    class Archetype(models.TextChoices):
        """A style of play."""

        AGGRESSIVE = "Aggressive"
        DEFENSIVE = "Defensive"
        BALANCED = "Balanced"
        SUPPORT = "Support"

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="tribes",
        db_index=False,
        db_comment="The owner.",
    )
    name = models.CharField(
        max_length=100,
        db_comment="3 to 20 characters; unique for its owner, regardless of case.",
    )
    archetype = models.CharField(
        max_length=50, choices=Archetype, db_comment="Aggressive, Defensive, Balanced or Support."
    )
    damage_bonus = models.DecimalField(
        max_digits=5,
        decimal_places=2,
        db_default=Decimal(0),
        db_comment="Added share of damage, 0.00 to 0.50.",
    )
    attack_speed_bonus = models.DecimalField(
        max_digits=5,
        decimal_places=2,
        db_default=Decimal(0),
        db_comment="Added share of attack speed, 0.00 to 0.30.",
    )
    range_bonus = models.DecimalField(
        max_digits=5,
        decimal_places=2,
        db_default=Decimal(0),
        db_comment="Added share of range, 0.00 to 0.20.",
    )
    color_theme = models.CharField(max_length=7, db_comment="Colour, as #RRGGBB.")
    created_at = models.DateTimeField(db_default=Now(), db_comment="When the tribe was created.")

    class Meta:
        db_table = "tribes"
        db_table_comment = "Tribes of players: bonuses and a colour."
        constraints = [
            models.UniqueConstraint("user", casefolded("name"), name="tribe_name_casefold"),
            normal_form_check("tribe_normal_form", "name"),
            models.CheckConstraint(
                condition=models.Q(
                    archetype__in=["Aggressive", "Defensive", "Balanced", "Support"]
                ),
                name="archetype_values",
            ),
            models.CheckConstraint(
                condition=models.Q(
                    Exact(
                        models.F("damage_bonus")
                        + models.F("attack_speed_bonus")
                        + models.F("range_bonus"),
                        Decimal("0.50"),
                    ),
                    damage_bonus__gte=0,
                    attack_speed_bonus__gte=0,
                    range_bonus__gte=0,
                ),
                name="total_bonus_points",
            ),
            models.CheckConstraint(
                condition=models.Q(
                    attack_speed_bonus__lte=Decimal("0.30"), range_bonus__lte=Decimal("0.20")
                ),
                name="tribe_bonus_limits",
            ),
            models.CheckConstraint(
                condition=models.Q(color_theme__regex=r"^#[0-9A-Fa-f]{6}$"),
                name="valid_color_theme",
            ),
        ]
        indexes = [
            models.Index(fields=["user"], name="idx_tribes_user_id"),
            models.Index("user", sort_key("name"), name="idx_tribes_sort_key"),
            models.Index(sort_key("name"), name="idx_tribes_name_sort_key"),  # the admin's order
        ]

    def __str__(self) -> str:
        return self.name
