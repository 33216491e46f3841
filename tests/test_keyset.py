"""Pages by cursor: every row once, in both directions, whatever the ties."""

import base64
import json

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from config.keyset import InvalidCursor, paginate
from maps.models import GameMap
from maps.querysets import ORDERS
from tests.cast import make_map

pytestmark = pytest.mark.django_db


@pytest.fixture
def maps(author: User) -> list[GameMap]:
    """Eleven maps, most of them equal in plays and stars."""
    return [make_map(author, f"Map {n}", play_count=n // 5) for n in range(11)]


@pytest.mark.parametrize("sort", ORDERS)
def test_there_and_back(maps: list[GameMap], sort: str) -> None:
    order = ORDERS[sort]
    expected = list(GameMap.objects.order_by(*(f"-{c}" for c in order.columns)))
    pages = [paginate(GameMap.objects.all(), order, cursor=None, size=4)]
    while pages[-1].next:
        pages.append(paginate(GameMap.objects.all(), order, cursor=pages[-1].next, size=4))
    assert [row for page in pages for row in page.rows] == expected
    assert pages[0].previous is None
    back = paginate(GameMap.objects.all(), order, cursor=pages[-1].previous, size=4)
    assert back.rows == pages[-2].rows
    first = paginate(GameMap.objects.all(), order, cursor=back.previous, size=4)
    assert first.rows == pages[0].rows
    assert first.previous is None
    assert first.next


def test_one_query_for_a_page(maps: list[GameMap]) -> None:
    cursor = paginate(GameMap.objects.all(), ORDERS["new"], cursor=None, size=4).next
    with CaptureQueriesContext(
        connection,
    ) as queries:
        paginate(GameMap.objects.all(), ORDERS["new"], cursor=cursor, size=4)
    assert len(queries) == 1


def forged(*values: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "é",
        "\0",
        "!" * 400,
        forged(),
        forged("plays"),
        forged("plays", 0, "1"),
        forged("plays", 0, "1", "2"),
        forged("plays", 0, "x", "00000000-0000-0000-0000-000000000000"),
        forged("plays", 0, "9" * 40, "00000000-0000-0000-0000-000000000000"),
        forged("plays", 2, "1", "00000000-0000-0000-0000-000000000000"),
        forged("new", 0, "2026-01-01", "00000000-0000-0000-0000-000000000000"),
        forged("plays", 0, "nan", "00000000-0000-0000-0000-000000000000"),
        forged("plays", 0, 1, "00000000-0000-0000-0000-000000000000"),
        forged("plays", 0, "1", "00000000-0000-0000-0000-000000000000", "more"),
        base64.urlsafe_b64encode(b"[" * 3000).decode(),
    ],
)
def test_forged_cursors(maps: list[GameMap], cursor: str) -> None:
    with pytest.raises(InvalidCursor):
        paginate(GameMap.objects.all(), ORDERS["plays"], cursor=cursor, size=4)


@pytest.mark.parametrize(
    ("sort", "value"),
    [
        ("new", "2020-01-01T00:00:00+20:00"),  # an offset that PostgreSQL does not know
        ("new", "0001-01-01T00:00:00+00:01"),
        ("new", "9999-12-31T23:59:59-23:59"),
        ("top", "nan"),
        ("top", "inf"),
        ("top", "-1e300"),
    ],
)
def test_values_at_the_edge_are_refused_or_harmless(
    client: Client, maps: list[GameMap], sort: str, value: str
) -> None:
    cursor = forged(sort, 0, value, "00000000-0000-0000-0000-000000000000")
    assert client.get(f"/api/v1/maps?sort={sort}&cursor={cursor}").status_code in (200, 400)
    assert client.get(f"/maps/?sort={sort}&cursor={cursor}").status_code == 200
