"""Usernames and email addresses that look the same are the same; players sorted and searched by name.

They consist of ASCII characters, for which `text_casefold` is `lower`. So no rows collide, and nothing is renamed.
Reasons of decisions are put into normal form C.

For 100,000 players it takes two seconds, during which nobody can sign up or sign in: players are read, but
not written.
"""

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import migrations, models
from django.db.models.functions import Collate


def text_function(name, column):
    return models.Func(models.F(column), function=name, output_field=models.TextField())


NORMALIZE = """
UPDATE user_decisions SET reason = normalize(reason, NFC) WHERE reason IS NOT NFC NORMALIZED
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0005_text_functions")]

    operations = [
        migrations.AddConstraint(
            "user",
            models.UniqueConstraint(
                text_function("text_casefold", "username"),
                name="idx_users_username_casefold",
                violation_error_code="username_taken",
                violation_error_message="This name is taken.",
            ),
        ),
        migrations.AddConstraint(
            "user",
            models.UniqueConstraint(
                text_function("text_casefold", "email"),
                name="idx_users_email_casefold",
                violation_error_code="email_taken",
                violation_error_message="There is an account with this address already.",
            ),
        ),
        migrations.RemoveConstraint("user", "idx_users_username_lower"),
        migrations.RemoveConstraint("user", "idx_users_email_lower"),
        migrations.AddIndex(
            "user",
            models.Index(
                Collate(text_function("text_sort_key", "username"), "C"), name="idx_users_sort_key"
            ),
        ),
        # The migrations of maps create it, too. No migration drops it.
        migrations.RunSQL("CREATE EXTENSION IF NOT EXISTS pg_trgm", migrations.RunSQL.noop),
        migrations.AddIndex(
            "user",
            models.Index(
                Collate(text_function("username_key", "username"), "C"), name="idx_users_key"
            ),
        ),
        migrations.AddIndex(
            "user",
            GinIndex(
                OpClass(text_function("username_key", "username"), "gin_trgm_ops"),
                name="idx_users_key_trigrams",
            ),
        ),
        migrations.RunSQL(NORMALIZE, migrations.RunSQL.noop),
        migrations.AddConstraint(
            "userdecision",
            models.CheckConstraint(
                condition=models.Q(reason__is_nfc=True), name="user_decision_normal_form"
            ),
        ),
    ]
