"""Base classes of models."""

from django.contrib.postgres.functions import RandomUUID
from django.db import models


class RandomIdModel(models.Model):
    """A model with random ids, which the database generates."""

    id = models.UUIDField(
        primary_key=True,
        db_default=RandomUUID(),
        editable=False,
        db_comment="Random UUID, never reused.",
    )

    class Meta:
        abstract = True
