"""The database has the schema of the contract: read from the catalogue, and tested with SQL.

The expectations repeat the contract on purpose. They are compared with what PostgreSQL reports.
"""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.db import IntegrityError, connection, models, transaction

from accounts.models import User
from accounts.models.users import MODERATORS
from config.db.backend.base import ACTIONS
from tests.support.factories import make_map, make_user

pytestmark = pytest.mark.django_db

NUMERIC = "numeric(5,2)"
NOW = "statement_timestamp()"
UUID = ("uuid", False, "gen_random_uuid()")
# table → column → (type, may be null, default)
COLUMNS: dict[str, dict[str, tuple[str, bool, str | None]]] = {
    "users": {
        "id": UUID,
        "username": ("character varying(50)", False, None),
        "email": ("character varying(255)", False, None),
        "password_hash": ("character varying(255)", False, None),
        "level": ("integer", False, "1"),
        "total_games_played": ("integer", False, "0"),
        "created_at": ("timestamp with time zone", False, NOW),
        "last_login": ("timestamp with time zone", True, None),
    },
    "tribes": {
        "id": UUID,
        "user_id": ("uuid", False, None),
        "name": ("character varying(100)", False, None),
        "archetype": ("character varying(50)", False, None),
        "damage_bonus": (NUMERIC, False, "0"),
        "attack_speed_bonus": (NUMERIC, False, "0"),
        "range_bonus": (NUMERIC, False, "0"),
        "color_theme": ("character varying(7)", False, None),
        "created_at": ("timestamp with time zone", False, NOW),
    },
    "maps": {
        "id": UUID,
        "user_id": ("uuid", False, None),
        "name": ("character varying(100)", False, None),
        "description": ("text", True, None),
        "width": ("integer", False, None),
        "height": ("integer", False, None),
        "terrain_data": ("jsonb", False, None),
        "spawn_point": ("jsonb", False, None),
        "goal_point": ("jsonb", False, None),
        "wave_config": ("jsonb", False, None),
        "is_public": ("boolean", False, "false"),
        "play_count": ("integer", False, "0"),
        "rating": ("numeric(3,2)", False, "0"),
        "created_at": ("timestamp with time zone", False, NOW),
    },
    "game_sessions": {
        "id": UUID,
        "map_id": ("uuid", False, None),
        "status": ("character varying(50)", False, "'Lobby'::character varying"),
        "current_wave": ("integer", False, "0"),
        "shared_lives": ("integer", False, "20"),
        "game_state": ("jsonb", True, None),
        "created_at": ("timestamp with time zone", False, NOW),
        "completed_at": ("timestamp with time zone", True, None),
    },
    "session_players": {
        "id": UUID,
        "session_id": ("uuid", False, None),
        "user_id": ("uuid", False, None),
        "tribe_id": ("uuid", False, None),
        "gold": ("integer", False, "500"),
        "is_host": ("boolean", False, "false"),
        "is_ready": ("boolean", False, "false"),
        "is_connected": ("boolean", False, "true"),
        "joined_at": ("timestamp with time zone", False, NOW),
    },
    "audit_log": {
        "id": UUID,
        "table_name": ("character varying(100)", False, None),
        "record_id": ("uuid", False, None),
        "action": ("character varying(10)", False, None),
        "user_id": ("uuid", True, None),
        "changed_data": ("jsonb", True, None),
        "created_at": ("timestamp with time zone", False, NOW),
    },
}
CHECKS = {
    "users": {"username_length", "email_format"},
    "tribes": {"archetype_values", "total_bonus_points", "valid_color_theme"},
    "maps": {"map_dimensions", "rating_range"},
    "game_sessions": {"status_values"},
    "session_players": set(),
    "audit_log": {"action_values"},
}
# index → a part of its definition
INDEXES = {
    "idx_users_username": "UNIQUE INDEX idx_users_username ON public.users USING btree (username)",
    "idx_users_email": "UNIQUE INDEX idx_users_email ON public.users USING btree (email)",
    "idx_tribes_user_id": "tribes USING btree (user_id)",
    "idx_maps_user_id": "maps USING btree (user_id)",
    "idx_maps_is_public": "maps USING btree (is_public)",
    "idx_maps_play_count": "maps USING btree (play_count DESC)",
    "idx_maps_search": "maps USING gin (search)",
    "idx_game_sessions_map_id": "game_sessions USING btree (map_id)",
    "idx_game_sessions_status": "game_sessions USING btree (status)",
    "idx_game_sessions_created_at": "game_sessions USING btree (created_at DESC)",
    "idx_session_players_session_id": "session_players USING btree (session_id)",
    "idx_session_players_user_id": "session_players USING btree (user_id)",
    "idx_audit_log_table_record": "audit_log USING btree (table_name, record_id)",
    "idx_audit_log_user": "audit_log USING btree (user_id)",
    "idx_audit_log_created_at": "audit_log USING btree (created_at)",
}
FOREIGN_KEYS = {
    ("tribes", "user_id"): ("users", "CASCADE"),
    ("maps", "user_id"): ("users", "CASCADE"),
    ("game_sessions", "map_id"): ("maps", "RESTRICT"),
    ("session_players", "session_id"): ("game_sessions", "CASCADE"),
    ("session_players", "user_id"): ("users", "CASCADE"),
    ("session_players", "tribe_id"): ("tribes", "RESTRICT"),
}
SATELLITES = [
    "map_ratings",
    "map_decisions",
    "map_favourites",
    "map_collections",
    "map_collection_entries",
    "map_words",
    "page_sessions",
    "user_decisions",
    "recovery_codes",
    "played_maps",
]


def rows(sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        found: list[tuple[Any, ...]] = cursor.fetchall()
        return found


# ---- The catalogue ------------------------------------------------------------------------------


@pytest.mark.parametrize("table", COLUMNS)
def test_columns_are_those_of_the_contract(table: str) -> None:
    found = {
        name: (kind, nullable, default)
        for name, kind, nullable, default in rows(
            """SELECT attname, format_type(atttypid, atttypmod), NOT attnotnull,
                   CASE WHEN attgenerated = '' THEN pg_get_expr(adbin, adrelid) END
               FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
               WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped""",
            table,
        )
    }
    numbers = {"0.00": "0", "(0)::numeric": "0", "'0'::numeric": "0", "0.0": "0"}
    for name, (kind, nullable, default) in COLUMNS[table].items():
        assert found[name][:2] == (kind, nullable), name
        assert numbers.get(str(found[name][2]), found[name][2]) == default, name


@pytest.mark.parametrize("table", [*COLUMNS, *SATELLITES])
def test_every_table_and_column_has_a_comment(table: str) -> None:
    assert rows("SELECT obj_description(%s::regclass)", table)[0][0]
    bare = rows(
        """SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0
           AND NOT attisdropped AND col_description(attrelid, attnum) IS NULL""",
        table,
    )
    assert bare == []


@pytest.mark.parametrize("table", CHECKS)
def test_check_constraints_have_the_names_of_the_contract(table: str) -> None:
    sql = "SELECT conname FROM pg_constraint WHERE conrelid = %s::regclass AND contype = 'c'"
    assert CHECKS[table] <= {name for (name,) in rows(sql, table)}


@pytest.mark.parametrize("index", INDEXES)
def test_indexes_exist(index: str) -> None:
    found = rows("SELECT indexdef FROM pg_indexes WHERE indexname = %s", index)
    assert len(found) == 1
    assert INDEXES[index] in found[0][0].replace("ON ONLY ", "ON ")


def foreign_keys() -> dict[tuple[str, str], tuple[str, str]]:
    actions = {
        "a": "NO ACTION",
        "r": "RESTRICT",
        "c": "CASCADE",
        "n": "SET NULL",
        "d": "SET DEFAULT",
    }
    return {
        (table, column): (target, actions[action])
        for table, column, target, action in rows(
            """SELECT conrelid::regclass::text, attname, confrelid::regclass::text, confdeltype
               FROM pg_constraint JOIN pg_attribute ON attrelid = conrelid AND attnum = conkey[1]
               WHERE contype = 'f'"""
        )
    }


def test_foreign_keys_are_those_of_the_contract() -> None:
    found = foreign_keys()
    assert {key: found[key] for key in FOREIGN_KEYS} == FOREIGN_KEYS


def test_every_foreign_key_deletes_as_its_model_says() -> None:
    found = foreign_keys()
    ours = [m for m in apps.get_models(include_auto_created=True) if m._meta.managed]
    for model in ours:
        for field in model._meta.local_fields:
            if isinstance(field, models.ForeignKey):
                key = (model._meta.db_table, field.column)
                expected = ACTIONS[field.remote_field.on_delete]  # type: ignore[index]
                assert found[key] == (field.related_model._meta.db_table, expected)


def test_audit_log_is_partitioned_by_month() -> None:
    strategy = rows("SELECT pg_get_partkeydef('audit_log'::regclass)")[0][0]
    assert strategy == "RANGE (created_at)"
    partition = "SELECT tableoid::regclass::text FROM audit_log WHERE record_id = %s"
    record = uuid.uuid4()
    rows(
        "INSERT INTO audit_log (table_name, record_id, action) VALUES ('users', %s, 'INSERT') RETURNING 1",
        record,
    )
    assert (
        rows(partition, record)[0][0]
        == rows("SELECT to_char(now(), '\"audit_log_\"YYYY_MM')")[0][0]
    )
    rows(
        "INSERT INTO audit_log (table_name, record_id, action, created_at)"
        " VALUES ('users', %s, 'INSERT', '2001-01-01') RETURNING 1",
        other := uuid.uuid4(),
    )
    assert rows(partition, other)[0][0] == "audit_log_other"


@pytest.mark.django_db(transaction=True)
def test_migrations_can_be_reversed_and_run_again() -> None:
    try:
        for app in ("sessions_app", "tribes", "maps"):
            call_command("migrate", app, "zero", verbosity=0)
        call_command("migrate", "admin", "zero", verbosity=0)
        call_command("migrate", "accounts", "zero", verbosity=0)
        left = rows("SELECT relname FROM pg_class WHERE relname = ANY(%s)", [*COLUMNS, *SATELLITES])
        assert left == []
        functions = "SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
        own = ("maps_", "tribes_", "session_players_", "game_sessions_", "audit_log_", "users_")
        assert [
            name for (name,) in rows(functions) if name.startswith(own) or name == "notify_ids"
        ] == []
    finally:
        call_command("migrate", verbosity=0)
    assert make_user("Again").pk
    # The migrations create the group of moderators, with the permissions that they need.
    permissions = Group.objects.get(name=MODERATORS).permissions.all()
    assert {".".join(permission.natural_key()[1::-1]) for permission in permissions} == {
        "accounts.view_user",
        "accounts.deactivate_user",
        "maps.view_gamemap",
        "maps.moderate_gamemap",
        "maps.view_mapdecision",
    }


# ---- Each forbidden row -------------------------------------------------------------------------


class Rows:
    """Inserts rows by SQL: a valid one, or one with a changed column."""

    def __init__(self) -> None:
        self.user = make_user("Insider").pk
        self.map = make_map(User.objects.get(pk=self.user)).pk
        self.tribe = self.add("tribes")
        self.game = self.add("game_sessions")
        self.seat = self.add("session_players")

    def good(self, table: str) -> dict[str, Any]:
        n = uuid.uuid4().hex[:12]
        makers: dict[str, Callable[[], dict[str, Any]]] = {
            "users": lambda: {"username": n, "email": f"{n}@example.com", "password_hash": "!"},
            "tribes": lambda: {
                "user_id": self.user,
                "name": n,
                "archetype": "Support",
                "damage_bonus": "0.20",
                "attack_speed_bonus": "0.20",
                "range_bonus": "0.10",
                "color_theme": "#FFD700",
            },
            "maps": lambda: {
                "user_id": self.user,
                "name": "A map",
                "width": 20,
                "height": 20,
                "terrain_data": "[]",
                "spawn_point": "{}",
                "goal_point": "{}",
                "wave_config": "{}",
            },
            "map_ratings": lambda: {"user_id": self.add("users"), "map_id": self.map, "stars": 3},
            "map_decisions": lambda: {"map_id": self.map, "action": "hide", "reason": "Because."},
            "game_sessions": lambda: {"map_id": self.map},
            "session_players": lambda: {
                "session_id": self.game,
                "user_id": self.add("users"),
                "tribe_id": self.tribe,
            },
            "audit_log": lambda: {
                "table_name": "users",
                "record_id": self.user,
                "action": "UPDATE",
            },
        }
        return makers[table]()

    def add(self, table: str, **changes: Any) -> Any:
        row = self.good(table) | changes
        columns, marks = ", ".join(row), ", ".join(["%s"] * len(row))
        sql = f"INSERT INTO {table} ({columns}) VALUES ({marks}) RETURNING id"
        return rows(sql, *row.values())[0][0]


@pytest.fixture
def sql(db: None) -> Rows:
    return Rows()


FORBIDDEN: list[tuple[str, str, dict[str, Any]]] = [
    ("users", "username_length", {"username": "ab"}),
    ("users", "idx_users_username", {"username": "Insider"}),
    ("users", "idx_users_username_casefold", {"username": "iNSIDER"}),
    ("users", "idx_users_email", {"email": "insider@example.com"}),
    ("users", "idx_users_email_casefold", {"email": "Insider@Example.com"}),
    *(
        ("users", "email_format", {"email": email})
        for email in ("x", "x@y", "x@y.z", "x@@y.zz", "x y@z.com", "@y.com", "x@y.com\n", "é@y.com")
    ),
    ("tribes", "archetype_values", {"archetype": "support"}),
    ("tribes", "total_bonus_points", {"damage_bonus": "0.25"}),
    ("tribes", "total_bonus_points", {"damage_bonus": "0.10"}),
    ("tribes", "total_bonus_points", {"damage_bonus": "-0.10", "attack_speed_bonus": "0.50"}),
    ("tribes", "tribe_bonus_limits", {"damage_bonus": "0.00", "attack_speed_bonus": "0.40"}),
    ("tribes", "tribe_bonus_limits", {"damage_bonus": "0.05", "range_bonus": "0.25"}),
    *(
        ("tribes", "valid_color_theme", {"color_theme": colour})
        for colour in ("gold", "#FFD70", "#GGGGGG", "FFD7000")
    ),
    ("maps", "map_dimensions", {"width": 19}),
    ("maps", "map_dimensions", {"height": 101}),
    ("maps", "map_name_length", {"name": "ab"}),
    ("maps", "rating_range", {"rating": "5.01"}),
    ("maps", "rating_range", {"rating": "-0.01"}),
    ("map_ratings", "stars_range", {"stars": 0}),
    ("map_ratings", "stars_range", {"stars": 6}),
    ("map_decisions", "map_decision_actions", {"action": "burn"}),
    ("map_decisions", "map_decision_reason", {"reason": "  "}),
    ("game_sessions", "status_values", {"status": "lobby"}),
    ("audit_log", "action_values", {"action": "TRUNCATE"}),
]


@pytest.mark.parametrize(("table", "constraint", "changes"), FORBIDDEN)
def test_constraints_reject_forbidden_rows(
    sql: Rows, table: str, constraint: str, changes: dict[str, Any]
) -> None:
    sql.add(table)  # without the change, the row is valid
    with Refusal(constraint):
        sql.add(table, **changes)


class Refusal:
    """Asserts that a block violates this constraint."""

    def __init__(self, constraint: str) -> None:
        self.constraint = constraint

    def __enter__(self) -> None:
        self.savepoint = transaction.atomic()
        self.savepoint.__enter__()

    def __exit__(self, kind: Any, error: Any, trace: Any) -> bool:
        self.savepoint.__exit__(kind, error, trace)
        assert isinstance(error, IntegrityError), "the row was accepted"
        assert error.__cause__.diag.constraint_name == self.constraint  # type: ignore[union-attr]
        return True


def test_a_tribes_name_is_unique_for_its_owner(sql: Rows) -> None:
    sql.add("tribes", name="Ravens")
    sql.add("tribes", name="Ravens", user_id=sql.add("users"))
    for name in ("Ravens", "RAVENS"):
        with Refusal("tribe_name_casefold"):
            sql.add("tribes", name=name)


def test_a_player_rates_a_map_once(sql: Rows) -> None:
    player = sql.add("users")
    sql.add("map_ratings", user_id=player)
    with Refusal("one_rating_per_player"):
        sql.add("map_ratings", user_id=player)


def test_a_player_has_one_seat_in_a_game(sql: Rows) -> None:
    player = sql.add("users")
    sql.add("session_players", user_id=player)
    with Refusal("one_seat_per_player"):
        sql.add("session_players", user_id=player)


def test_a_game_has_one_host(sql: Rows) -> None:
    sql.add("session_players", is_host=True)
    with Refusal("one_host_per_session"):
        sql.add("session_players", is_host=True)


def test_a_game_has_at_most_four_seats(sql: Rows) -> None:
    for _ in range(3):
        sql.add("session_players")
    with Refusal("four_seats"):
        sql.add("session_players")


def test_a_player_sits_in_one_open_game(sql: Rows) -> None:
    player = sql.add("users")
    sql.add("session_players", user_id=player)
    over = sql.add("game_sessions", status="Completed")
    sql.add("session_players", user_id=player, session_id=over)
    other = sql.add("game_sessions", status="InProgress")
    with Refusal("one_open_game_per_player"):
        sql.add("session_players", user_id=player, session_id=other)


def test_a_game_that_is_over_can_not_be_reopened(sql: Rows) -> None:
    """Otherwise a player who sits in another game by now would sit in two."""
    game = sql.add("game_sessions", status="Completed")
    with Refusal("over_is_over"):
        rows("UPDATE game_sessions SET status = 'Lobby' WHERE id = %s RETURNING 1", game)
    rows("UPDATE game_sessions SET status = 'Abandoned' WHERE id = %s RETURNING 1", game)


# ---- DELETE typed in psql -----------------------------------------------------------------------

Seen = Callable[[str, Any], bool]


def exists(table: str, key: Any) -> bool:
    return bool(rows(f"SELECT 1 FROM {table} WHERE id = %s", key))


def test_deleting_a_player_deletes_tribes_and_seats(sql: Rows) -> None:
    player = sql.add("users")
    tribe = sql.add("tribes", user_id=player)
    seat = sql.add("session_players", user_id=player, tribe_id=tribe)
    rating = sql.add("map_ratings", user_id=player, stars=5)
    rows("DELETE FROM users WHERE id = %s RETURNING 1", player)
    assert not exists("tribes", tribe)
    assert not exists("session_players", seat)
    assert exists("map_ratings", rating)  # its stars stay in the mean
    assert rows("SELECT rating FROM maps WHERE id = %s", sql.map)[0][0] == 5


def test_the_orm_deletes_a_seated_player_like_sql(sql: Rows) -> None:
    player = sql.add("users")
    tribe = sql.add("tribes", user_id=player)
    sql.add("session_players", user_id=player, tribe_id=tribe)
    User.objects.get(pk=player).delete()
    assert not exists("tribes", tribe)


def test_a_map_with_games_and_a_seated_tribe_can_not_be_deleted(sql: Rows) -> None:
    for table, key in (("maps", sql.map), ("tribes", sql.tribe)):
        with pytest.raises(IntegrityError), transaction.atomic():
            rows(f"DELETE FROM {table} WHERE id = %s RETURNING 1", key)
