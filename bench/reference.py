"""The reference of the benchmarks: the same list and terrain by bare Starlette, asyncpg and orjson.

It has no framework, no permissions and no validation, so it is about as fast as Python can be.
"""

import base64
import os
import random
from typing import Any

import asyncpg
import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from maps.drawing.formats import DRAWING_VERSION

HOT_SQL = """
SELECT m.id, m.name, m.description, m.width, m.height, m.rating::float8, m.rating_count, m.play_count,
       m.is_public, m.hidden_at IS NOT NULL AS is_hidden, m.created_at, m.hot_score, m.terrain_hash,
       u.id AS user_id, u.username, u.level
FROM maps m JOIN users u ON u.id = m.user_id
WHERE m.is_public AND m.hidden_at IS NULL
ORDER BY m.hot_score DESC, m.id DESC LIMIT 21
"""
RANDOM_SQL = HOT_SQL.replace("ORDER BY m.hot_score", "AND m.lot < $1 ORDER BY m.lot")
COPIED_FIELDS = (
    "id name description width height rating rating_count play_count is_public is_hidden created_at"
).split()


def build_card(row: Any) -> dict[str, Any]:
    document = {name: row[name] for name in COPIED_FIELDS} | {"id": str(row["id"])}
    author = {"id": str(row["user_id"]), "username": row["username"], "level": row["level"]}
    preview = f"/maps/{row['id']}/card-{row['terrain_hash']}-{DRAWING_VERSION}.webp"
    document["created_at"] = (
        row["created_at"].isoformat(timespec="microseconds").replace("+00:00", "Z")
    )
    return document | {"author": author, "preview": preview}


async def list_maps(request: Request) -> Response:
    async with request.app.state.pool.acquire() as connection:
        if request.query_params.get("sort") == "random":  # other rows each time, as in Tribehold
            rows = await connection.fetch(RANDOM_SQL, random.uniform(0.1, 1))
        else:
            rows = await connection.fetch(HOT_SQL)
    last = rows[19]
    values = ["hot", 0, repr(last["hot_score"]), str(last["id"])]
    cursor = base64.urlsafe_b64encode(orjson.dumps(values)).decode().rstrip("=")
    page = {"results": [build_card(row) for row in rows[:20]], "next": cursor, "previous": None}
    body = orjson.dumps(page | {"notes": [], "corrected": None})
    return Response(body, media_type="application/json")


async def read_terrain(request: Request) -> Response:
    async with request.app.state.pool.acquire() as connection:
        body = await connection.fetchval(
            "SELECT body FROM bench_terrains WHERE id = $1", request.path_params["id"]
        )
    return Response(body, media_type="application/json", headers={"Content-Encoding": "gzip"})


async def open_pool() -> None:
    app.state.pool = await asyncpg.create_pool(
        host=os.environ["PGHOST"], user="tribehold", database="tribehold", min_size=10, max_size=10
    )


class Lifespan:
    def __init__(self, app: Starlette) -> None:
        self.app = app

    async def __aenter__(self) -> None:
        await open_pool()

    async def __aexit__(self, *_: object) -> None:
        await self.app.state.pool.close()


app = Starlette(
    routes=[
        Route("/api/v1/maps", list_maps),
        Route("/api/v1/maps/{id:uuid}/terrain", read_terrain),
    ],
    lifespan=Lifespan,
)
