"""Database functions that more than one application uses."""

from django.db import models


class RandomUUID(models.Func):
    """A random (version 4) UUID made by the database; core PostgreSQL, no extension needed."""

    function = "gen_random_uuid"
    template = "%(function)s()"
    output_field = models.UUIDField()
