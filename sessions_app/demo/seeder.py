"""Generates players, maps, ratings, tribes and games, and writes them with COPY.

The same plan generates the same rows on every machine.
"""

import datetime
import json
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from django.db import connection, transaction

from accounts.models import User
from maps.models import GameMap
from maps.terrain import generator, waves
from sessions_app.demo import names
from sessions_app.kernel.statuses import OVER_STATUSES
from tribes.bonuses import PRESETS, bonus_of
from tribes.colours import PALETTES

Progress = Callable[[str, Iterable[Any], int], Iterable[Any]]
Indexes = npt.NDArray[np.int64]
DAY = 24 * 3600

PRIVATE_SHARE = 0.06  # drafts that only their authors see
COLUMNS = {
    "users": "id username email password_hash level total_games_played created_at is_active is_staff"
    " is_superuser",
    "terrain": "terrain width height terrain_data terrain_hash terrains spawn_point goal_point wave_config",
    "maps": "id user_id name description is_public play_count created_at lot",
    "map_ratings": "id user_id map_id stars created_at",
    "tribes": "id user_id name archetype damage_bonus attack_speed_bonus range_bonus color_theme"
    " created_at",
    "game_sessions": "id map_id status current_wave shared_lives created_at completed_at touched_at",
    "session_players": "id session_id user_id tribe_id gold is_host is_ready is_connected joined_at",
}
STATUS_SHARES = (0.91, 0.09)  # of OVER_STATUSES


@dataclass(frozen=True)
class Plan:
    """How much to generate. `terrains` is the number of different terrains, which maps share."""

    maps: int
    players: int
    terrains: int
    seed: int
    today: datetime.date  # no row is newer

    def rng(self, kind: str, number: int = 0) -> np.random.Generator:
        """Returns the random generator for a kind of row, or for one row of a kind."""
        return np.random.default_rng([self.seed, *kind.encode(), number])


class Seeder:
    """Writes the generated rows of a plan in one transaction. Existing rows do not change."""

    def __init__(self, plan: Plan, progress: Progress) -> None:
        self.plan, self.progress = plan, progress
        # Existing rows shift the numbers of new ones, so that names and rows do not collide.
        self.first_player = User.objects.count()
        taken = set(User.objects.values_list("username__lower", flat=True))
        self.player_names = names.free_names(taken, self.first_player, plan.players)
        self.first_map = first_map = GameMap.objects.count()
        end = datetime.datetime.combine(plan.today, datetime.time(), datetime.UTC)
        self.end = int(end.timestamp())
        self.player_ids = _uuids(plan.rng("player ids", self.first_player), plan.players)
        self.map_ids = _uuids(plan.rng("map ids", first_map), plan.maps)
        rng = plan.rng("players", self.first_player)
        self.joined = self.end - (rng.beta(1.2, 1.6, plan.players) * 730 * DAY).astype(np.int64)
        rng = plan.rng("maps", first_map)
        # A few authors make many maps, most make one or two.
        self.authors: Indexes = (rng.beta(0.8, 2.2, plan.maps) * plan.players).astype(np.int64)
        since = self.joined[self.authors]
        self.created = since + (rng.random(plan.maps) * (self.end - since)).astype(np.int64)
        self.quality = rng.beta(4, 2.5, plan.maps)
        self.plays = np.exp(rng.normal(1.2, 1.5, plan.maps) + 2.4 * self.quality).astype(np.int64)
        self.public = rng.random(plan.maps) >= PRIVATE_SHARE
        self.plays[~self.public] = 0
        self.games = Games(self)

    def populate(self) -> None:
        """Writes all rows, or none."""
        with transaction.atomic():
            self._copy("users", self._players(), self.plan.players)
            if self.plan.terrains < self.plan.maps:
                self._maps_from_pool()
            else:
                columns = f"{COLUMNS['maps']} {COLUMNS['terrain'].split(maxsplit=1)[1]}"
                rows = (self._map(n, t) + t.columns for n, t in enumerate(self._terrains()))
                self._copy("maps", rows, self.plan.maps, columns=columns)
            self._copy("map_ratings", self._ratings(), int((self.plays // 8).sum()))
            self._copy("tribes", self.games.tribe_rows(), len(self.games.tribe_owners))
            self._copy("game_sessions", self.games.session_rows(), len(self.games.status))
            self._copy("session_players", self.games.seat_rows(), len(self.games.seats))

    # ---- Players, maps and stars ----------------------------------------------------------------

    def _players(self) -> Iterator[tuple[Any, ...]]:
        for n, player_id in enumerate(self.player_ids):
            name = self.player_names[n]
            games = int(self.games.played[n])
            # No password: nobody can sign in as a generated player.
            yield (
                *(player_id, name, f"{name.lower()}@players.example", "!"),
                *(1 + games // 3, games, _time(self.joined[n]), True, False, False),
            )

    def _terrains(self) -> "Iterator[Terrain]":
        for n in range(self.plan.terrains):
            yield Terrain.generate(self.plan.rng("terrain", self.first_map + n))

    def _map(self, n: int, terrain: "Terrain") -> tuple[Any, ...]:
        rng = self.plan.rng("map", self.first_map + n)
        name = names.map_name(rng, terrain.style)
        description = names.map_description(rng, terrain.style)
        author = self.player_ids[self.authors[n]]
        fields = bool(self.public[n]), int(self.plays[n]), _time(self.created[n]), rng.random()
        return (self.map_ids[n], author, name, description, *fields)

    def _maps_from_pool(self) -> None:
        """Writes maps that share terrains. Each terrain is sent once and copied inside the database."""
        light, heavy = COLUMNS["maps"], COLUMNS["terrain"].split(maxsplit=1)[1]
        with connection.cursor() as cursor:
            for table, columns in (("pool", heavy), ("light_maps", light)):
                cursor.execute(
                    f"CREATE TEMPORARY TABLE {table} ON COMMIT DROP AS"
                    f" SELECT 0 AS terrain, {columns.replace(' ', ', ')} FROM maps LIMIT 0"
                )
            terrains = list(self._terrains())
            pool = ((n, *terrain.columns) for n, terrain in enumerate(terrains))
            self._copy("pool", pool, len(terrains), columns=f"terrain {heavy}")
            # Computed once for each terrain instead of once for each map.
            cursor.execute("ALTER TABLE pool ADD document_bytes integer")
            parts = "terrain_data, wave_config, spawn_point, goal_point"
            cursor.execute(f"UPDATE pool SET document_bytes = maps_bytes_of({parts})")
            choice = self.plan.rng("pool", self.first_map).integers(
                len(terrains), size=self.plan.maps
            )
            rows = ((int(t), *self._map(n, terrains[t])) for n, t in enumerate(choice))
            self._copy("light_maps", rows, self.plan.maps, columns=f"terrain {light}")
            both = f"{light} {heavy} document_bytes".replace(" ", ", ")
            cursor.execute(
                f"INSERT INTO maps ({both}) SELECT {both} FROM light_maps JOIN pool USING (terrain)"
            )

    def _ratings(self) -> Iterator[tuple[Any, ...]]:
        """Yields ratings of public maps: about one for eight plays, around the quality of the map."""
        rng = self.plan.rng("ratings", self.first_map)
        for n in range(self.plan.maps):
            raters = np.unique(rng.integers(self.plan.players, size=int(self.plays[n]) // 8))
            raters = raters[raters != self.authors[n]]
            stars = np.clip(rng.normal(1 + 4 * self.quality[n], 0.9, len(raters)).round(), 1, 5)
            times = self.created[n] + rng.random(len(raters)) * (self.end - self.created[n])
            rows = zip(_uuids(rng, len(raters)), raters, stars, times, strict=True)
            for rating_id, rater, given, time in rows:
                player = self.player_ids[rater]
                yield rating_id, player, self.map_ids[n], int(given), _time(time)

    def _copy(
        self, table: str, rows: Iterable[tuple[Any, ...]], total: int, *, columns: str = ""
    ) -> None:
        names_of_columns = (columns or COLUMNS[table]).replace(" ", ", ")
        with (
            connection.cursor() as cursor,
            cursor.copy(f"COPY {table} ({names_of_columns}) FROM STDIN") as copy,
        ):
            for row in self.progress(table, rows, total):
                copy.write_row(row)


@dataclass(frozen=True)
class Terrain:
    """A generated terrain: its style, and its columns in the order of COLUMNS["terrain"]."""

    style: str
    columns: tuple[Any, ...]

    @classmethod
    def generate(cls, rng: np.random.Generator) -> "Terrain":
        """Returns a terrain of any style and size. Small ones are more frequent."""
        width, height = (int(20 + min(rng.exponential(9), 80)) for _ in range(2))
        draft = generator.generate(rng, width, height)
        points = ({"x": x, "y": y} for x, y in (draft.spawn, draft.goal))
        wave_config = waves.generate(rng, int(rng.integers(8, 26)))
        documents = [json.dumps(document) for document in (*points, wave_config)]
        content = draft.grid.content_hash(draft.spawn, draft.goal)
        terrain = draft.grid.to_json(), content, draft.grid.terrain_mask
        return cls(draft.style, (width, height, *terrain, *documents))


class Games:
    """Tribes, and games that are over. No game is open, because generated players have no sockets."""

    def __init__(self, seeder: Seeder) -> None:
        self.seeder = seeder
        plan = seeder.plan
        rng = plan.rng("games", seeder.first_player)
        tribes_of_each = rng.integers(1, 4, plan.players)
        self.tribe_owners: Indexes = np.repeat(np.arange(plan.players), tribes_of_each)
        self.first_tribe = np.cumsum(tribes_of_each) - tribes_of_each
        self.tribe_ids = _uuids(rng, len(self.tribe_owners))
        published = np.flatnonzero(seeder.public)
        count = min(plan.maps // 2, 100_000) if len(published) and plan.players >= 4 else 0
        self.status = rng.choice(len(OVER_STATUSES), size=count, p=STATUS_SHARES)
        self.maps = rng.choice(published, size=count) if count else published[:0]
        self.ids = _uuids(rng, count)
        since = seeder.created[self.maps]
        self.opened = since + (rng.random(count) * (seeder.end - since)).astype(np.int64)
        self.seats = self._seat_players(rng)
        over = [player for game, player, _ in self.seats if self.status[game] == 0]
        self.played = np.bincount(np.array(over, dtype=np.int64), minlength=plan.players)
        self.seat_ids = _uuids(rng, len(self.seats))
        self.rng = rng

    def _seat_players(self, rng: np.random.Generator) -> list[tuple[int, int, bool]]:
        """Returns game, player, and whether the player is host, for each seat."""
        seats = []
        for game in range(len(self.status)):
            players = np.unique(rng.integers(self.seeder.plan.players, size=rng.integers(1, 5)))
            seats += [(game, int(player), place == 0) for place, player in enumerate(players)]
        return seats

    def tribe_rows(self) -> Iterator[tuple[Any, ...]]:
        """Yields the rows of `tribes`."""
        used: set[tuple[int, str]] = set()
        for tribe_id, owner in zip(self.tribe_ids, self.tribe_owners.tolist(), strict=True):
            name = names.tribe_name(self.rng)
            while (owner, name) in used:
                name = names.tribe_name(self.rng)
            used.add((owner, name))
            archetype = list(PRESETS)[self.rng.integers(len(PRESETS))]
            bonuses = [str(bonus_of(points)) for points in PRESETS[archetype]]
            colour = list(PALETTES.values())[self.rng.integers(len(PALETTES))]
            since = _time(self.seeder.joined[owner])
            yield tribe_id, self.seeder.player_ids[owner], name, archetype, *bonuses, colour, since

    def session_rows(self) -> Iterator[tuple[Any, ...]]:
        """Yields the rows of `game_sessions`."""
        for n, (game_id, opened) in enumerate(zip(self.ids, self.opened, strict=True)):
            wave, lives = int(self.rng.integers(1, 26)), int(self.rng.integers(0, 21))
            ended = _time(min(opened + int(self.rng.integers(300, 3600)), self.seeder.end))
            game_map = self.seeder.map_ids[self.maps[n]]
            yield (
                game_id,
                game_map,
                OVER_STATUSES[self.status[n]].value,
                wave,
                lives,
                _time(opened),
                ended,
                ended,
            )

    def seat_rows(self) -> Iterator[tuple[Any, ...]]:
        """Yields the rows of `session_players`."""
        for seat_id, (game, player, host) in zip(self.seat_ids, self.seats, strict=True):
            tribe = self.tribe_ids[self.first_tribe[player]]
            gold = int(self.rng.integers(40, 2000))
            people = self.ids[game], self.seeder.player_ids[player], tribe
            yield seat_id, *people, gold, host, True, False, _time(self.opened[game])


def _uuids(rng: np.random.Generator, count: int) -> list[uuid.UUID]:
    """Returns random UUIDs (version 4) from a seeded generator."""
    random = rng.bytes(16 * count)
    return [uuid.UUID(bytes=random[n * 16 : n * 16 + 16], version=4) for n in range(count)]


def _time(seconds: float) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(int(seconds), datetime.UTC)


def analyze_tables() -> None:
    """Updates the planner's statistics, which do not have the new rows yet."""
    tables = [table for table in COLUMNS if table != "terrain"]
    with connection.cursor() as cursor:
        cursor.execute(f"VACUUM ANALYZE {', '.join(tables)}")
