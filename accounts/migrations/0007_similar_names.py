"""The index that finds similar usernames.

The extension for trigrams is created by the first migration of maps.

For 100,000 players it takes two seconds. Players are read and written meanwhile.
"""

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("accounts", "0006_unique_names"), ("maps", "0001_initial")]

    operations = [
        AddIndexConcurrently(
            "user",
            GinIndex(
                OpClass(
                    models.Func(
                        models.F("username"),
                        function="username_key",
                        output_field=models.TextField(),
                    ),
                    "gin_trgm_ops",
                ),
                name="idx_users_key_trigrams",
            ),
        )
    ]
