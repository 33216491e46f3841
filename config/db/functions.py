"""Database functions of several applications."""

from django.db import models


class StoredSize(models.Transform):
    """The size of a stored value in bytes, as in `jsonb__stored_size`. It may be compressed.

    For a value that is being written, it is the size as jsonb. It is fast, because the value is not converted
    to text. Constraints check it at each change. Models register it, and migrations use it by its name.
    """

    lookup_name = "stored_size"
    function = "pg_column_size"
    output_field = models.IntegerField()
