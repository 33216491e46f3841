"""A player's tribes have different names whatever the case, as collections and players have.

It fails on a table where one player has "Ravens" and "ravens": nothing could make these before, but
psql. Rename one of them then.
"""

import django.db.models.functions.text
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("tribes", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [
        migrations.RemoveConstraint(model_name="tribe", name="tribe_name_once_per_user"),
        migrations.AddConstraint(
            model_name="tribe",
            constraint=models.UniqueConstraint(
                models.F("user"),
                django.db.models.functions.text.Lower("name"),
                name="tribe_name_once_per_user",
            ),
        ),
        migrations.AlterField(
            model_name="tribe",
            name="name",
            field=models.CharField(
                db_comment="3 to 20 characters; unique for its owner, whatever the case.",
                max_length=100,
            ),
        ),
    ]
