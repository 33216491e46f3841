"""Keyset pages: each row once, in both directions, also among equal keys."""

import base64
import json
from dataclasses import replace

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from config.kernel.errors import DomainError
from maps.browse.queries import ResultPage, find_maps, with_random_start
from maps.models import GameMap
from maps.search.sql import ORDERS, BrowseRequest
from tests.support.factories import make_map

pytestmark = pytest.mark.django_db


@pytest.fixture
def maps(author: User) -> list[GameMap]:
    """Eleven maps, most of them with equal plays and ratings."""
    return [make_map(author, f"Map {n}", play_count=n // 5) for n in range(11)]


def pages(sort: str, size: int = 4) -> list[ResultPage]:
    """All pages of an order, from the first to the last."""
    asked = with_random_start(BrowseRequest(sort=sort, size=size))
    found = [find_maps(asked)]
    while found[-1].next:
        place = ORDERS[sort].decode_cursor(found[-1].next)
        found.append(find_maps(replace(asked, cursor=place)))
    return found


def ids(*found: ResultPage) -> list[str]:
    return [json.loads(card)["id"] for page in found for card in page.cards]


@pytest.mark.parametrize("sort", sorted(ORDERS.keys() - {"random"}))
def test_pages_lead_to_the_end_and_back(maps: list[GameMap], sort: str) -> None:
    order, there = ORDERS[sort], pages(sort)
    expected = GameMap.objects.order_by(f"-{order.column}", "-id")
    assert ids(*there) == [str(game_map.pk) for game_map in expected]
    assert there[0].previous is None
    assert there[-1].previous
    back = find_maps(
        BrowseRequest(sort=sort, size=4, cursor=order.decode_cursor(there[-1].previous))
    )
    assert back.cards == there[-2].cards
    assert back.previous
    first = find_maps(BrowseRequest(sort=sort, size=4, cursor=order.decode_cursor(back.previous)))
    assert first.cards == there[0].cards
    assert first.previous is None
    assert first.next


def test_the_random_order_shows_each_map_once_and_is_stable_while_paging(
    maps: list[GameMap],
) -> None:
    beginnings = set()
    for _ in range(20):
        there = pages("random")
        assert sorted(ids(*there)) == sorted(str(game_map.pk) for game_map in maps)
        assert [len(page.cards) for page in there] == [4, 4, 3]
        beginnings.add(there[0].cards[0])
    assert len(beginnings) > 1


def test_pages_of_the_random_order_lead_back(maps: list[GameMap]) -> None:
    for _ in range(10):
        there = pages("random", size=3)
        assert there[0].previous is None
        cursor, back = there[-1].previous, []
        while cursor:
            place = ORDERS["random"].decode_cursor(cursor)
            back.append(find_maps(BrowseRequest(sort="random", size=3, cursor=place)))
            cursor = back[-1].previous
            assert back[-1].next
        assert [page.cards for page in back] == [page.cards for page in there[-2::-1]]


def test_a_page_costs_one_query(maps: list[GameMap]) -> None:
    cursor = pages("new")[0].next
    with CaptureQueriesContext(connection) as queries:
        find_maps(
            BrowseRequest(sort="new", size=4, cursor=ORDERS["new"].decode_cursor(cursor or ""))
        )
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
        forged("plays.4", 0, "1", "00000000-0000-0000-0000-000000000000"),
        forged("plays.x", 0, "1", "00000000-0000-0000-0000-000000000000"),
        forged("plays.11", 0, "1", "00000000-0000-0000-0000-000000000000"),
        base64.urlsafe_b64encode(b"[" * 3000).decode(),
    ],
)
def test_forged_cursors_are_refused(maps: list[GameMap], cursor: str) -> None:
    with pytest.raises(DomainError, match="not from a page in this order"):
        ORDERS["plays"].decode_cursor(cursor)


@pytest.mark.parametrize(
    ("sort", "value"),
    [
        ("new", "2020-01-01T00:00:00+20:00"),  # an offset that PostgreSQL does not know
        ("new", "0001-01-01T00:00:00+00:01"),
        ("new", "9999-12-31T23:59:59-23:59"),
        ("top", "nan"),
        ("top", "inf"),
        ("top", "-1e300"),
        ("plays", "1_0"),
        ("plays", "١٢"),
        ("hot", " 1"),
        ("top", "1_0"),  # a number for Python alone
        ("hot", "1e-400"),  # zero for Python, an error for PostgreSQL
    ],
)
def test_extreme_values_are_refused_or_harmless(
    client: Client, maps: list[GameMap], sort: str, value: str
) -> None:
    cursor = forged(sort, 0, value, "00000000-0000-0000-0000-000000000000")
    assert client.get(f"/api/v1/maps?sort={sort}&cursor={cursor}").status_code in (200, 400)
    assert client.get(f"/maps/?sort={sort}&cursor={cursor}").status_code == 200
