"""Database functions that more than one application uses."""

from django.db import models


class RandomUUID(models.Func):
    """A random (version 4) UUID made by the database; core PostgreSQL, no extension needed."""

    function = "gen_random_uuid"
    template = "%(function)s()"
    output_field = models.UUIDField()


class StoredSize(models.Transform):
    """The bytes of a value, as `jsonb__stored_size`: those of its row, where it may be compressed.

    Of a value that is being written they are those of jsonb, of one that is read no more than that. It
    costs nothing, unlike the length of its text, which must be made first: a check looks at each change.
    """

    lookup_name = "stored_size"
    function = "pg_column_size"
    output_field = models.IntegerField()


models.JSONField.register_lookup(StoredSize)
