"""Usernames and email addresses that look the same are the same; players sorted and found by name.

They consist of ASCII characters, for which `text_casefold` is `lower`. So no rows collide, and nothing is renamed.
Reasons of decisions are put into normal form C.

For 100,000 players it takes five seconds. Players are read and written meanwhile.
"""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models.functions import Collate

UNIQUE = """
CREATE UNIQUE INDEX CONCURRENTLY {name} ON users (text_casefold({column}))
"""
NORMALIZE = """
UPDATE user_decisions SET reason = normalize(reason, NFC) WHERE reason IS NOT NFC NORMALIZED
"""
TAKEN = {
    "username": ("username_taken", "This name is taken."),
    "email": ("email_taken", "There is an account with this address already."),
}


def text_function(name, column):
    return models.Func(models.F(column), function=name, output_field=models.TextField())


def unique_constraint(column):
    """Returns the operations that make a column unique regardless of case and form."""
    name = f"idx_users_{column}_casefold"
    code, message = TAKEN[column]
    constraint = models.UniqueConstraint(
        text_function("text_casefold", column),
        name=name,
        violation_error_code=code,
        violation_error_message=message,
    )
    drop = f"DROP INDEX CONCURRENTLY IF EXISTS {name}"
    former = f"idx_users_{column}_lower"
    return [
        migrations.RunSQL(drop, migrations.RunSQL.noop),
        migrations.RunSQL(
            UNIQUE.format(name=name, column=column),
            drop,
            [migrations.AddConstraint("user", constraint)],
        ),
        migrations.RunSQL(
            f"DROP INDEX CONCURRENTLY IF EXISTS {former}",
            f"CREATE UNIQUE INDEX CONCURRENTLY {former} ON users (lower({column}))",
            [migrations.RemoveConstraint("user", former)],
        ),
    ]


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("accounts", "0005_text_functions")]

    operations = [
        *unique_constraint("username"),
        *unique_constraint("email"),
        AddIndexConcurrently(
            "user",
            models.Index(
                Collate(text_function("text_sort_key", "username"), "C"), name="idx_users_sort_key"
            ),
        ),
        AddIndexConcurrently(
            "user",
            models.Index(
                Collate(text_function("username_key", "username"), "C"), name="idx_users_key"
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
