from decimal import Decimal

import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.datetime
import django.db.models.functions.text
import django.db.models.lookups
from django.conf import settings
from django.db import migrations, models

import config.db.functions


class Migration(migrations.Migration):
    initial = True

    dependencies = [migrations.swappable_dependency(settings.AUTH_USER_MODEL)]

    operations = [
        migrations.CreateModel(
            name="Tribe",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_comment="Never reused.",
                        db_default=config.db.functions.RandomUUID(),
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "name",
                    models.CharField(
                        db_comment="3 to 20 characters; unique for its owner, whatever the case.",
                        max_length=100,
                    ),
                ),
                (
                    "archetype",
                    models.CharField(
                        choices=[
                            ("Aggressive", "Aggressive"),
                            ("Defensive", "Defensive"),
                            ("Balanced", "Balanced"),
                            ("Support", "Support"),
                        ],
                        db_comment="Aggressive, Defensive, Balanced or Support.",
                        max_length=50,
                    ),
                ),
                (
                    "damage_bonus",
                    models.DecimalField(
                        db_comment="0.00 to 0.50: share added.",
                        db_default=Decimal("0"),
                        decimal_places=2,
                        max_digits=5,
                    ),
                ),
                (
                    "attack_speed_bonus",
                    models.DecimalField(
                        db_comment="0.00 to 0.30: share added.",
                        db_default=Decimal("0"),
                        decimal_places=2,
                        max_digits=5,
                    ),
                ),
                (
                    "range_bonus",
                    models.DecimalField(
                        db_comment="0.00 to 0.20: share added.",
                        db_default=Decimal("0"),
                        decimal_places=2,
                        max_digits=5,
                    ),
                ),
                ("color_theme", models.CharField(db_comment="#RRGGBB.", max_length=7)),
                (
                    "created_at",
                    models.DateTimeField(
                        db_comment="When the tribe was made.",
                        db_default=django.db.models.functions.datetime.Now(),
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        db_comment="The owner.",
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="tribes",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "db_table": "tribes",
                "db_table_comment": "A player's tribes: bonuses and colours.",
                "indexes": [models.Index(fields=["user"], name="idx_tribes_user_id")],
                "constraints": [
                    models.UniqueConstraint(
                        models.F("user"),
                        django.db.models.functions.text.Lower("name"),
                        name="tribe_name_once_per_user",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("archetype__in", ["Aggressive", "Defensive", "Balanced", "Support"])
                        ),
                        name="archetype_values",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            django.db.models.lookups.Exact(
                                django.db.models.expressions.CombinedExpression(
                                    django.db.models.expressions.CombinedExpression(
                                        models.F("damage_bonus"),
                                        "+",
                                        models.F("attack_speed_bonus"),
                                    ),
                                    "+",
                                    models.F("range_bonus"),
                                ),
                                Decimal("0.50"),
                            ),
                            ("attack_speed_bonus__gte", 0),
                            ("damage_bonus__gte", 0),
                            ("range_bonus__gte", 0),
                        ),
                        name="total_bonus_points",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("attack_speed_bonus__lte", Decimal("0.30")),
                            ("range_bonus__lte", Decimal("0.20")),
                        ),
                        name="tribe_bonus_limits",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("color_theme__regex", "^#[0-9A-Fa-f]{6}$")),
                        name="valid_color_theme",
                    ),
                ],
            },
        )
    ]
