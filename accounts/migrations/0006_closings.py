"""How often an account was closed, counted by the database.

Tokens and sessions of pages bear the number: a ban ends them for good, also when it is taken back, when
Redis was away, or when it was typed in psql. What an update says of the number itself counts for nothing.
"""

from django.db import migrations, models

CREATE = """
CREATE FUNCTION users_count_closings() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.times_closed := OLD.times_closed + (OLD.is_active AND NOT NEW.is_active)::int;
    RETURN NEW;
END $$;
CREATE TRIGGER users_count_closings BEFORE UPDATE OF is_active, times_closed ON users
    FOR EACH ROW EXECUTE FUNCTION users_count_closings();
"""
DROP = """
DROP TRIGGER users_count_closings ON users;
DROP FUNCTION users_count_closings();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0005_player_decisions"),
    ]

    operations = [
        migrations.AddField(
            model_name="user",
            name="times_closed",
            field=models.IntegerField(
                db_comment="How often is_active became false; a trigger counts. Ends all sign-ins.",
                db_default=0,
                default=0,
                editable=False,
            ),
        ),
        migrations.RunSQL(CREATE, DROP),
    ]
