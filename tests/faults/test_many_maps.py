"""Ten thousand random maps, valid and broken, sent to the API: none is a 500, each error lists the faults.

Valid ones are created, and read back as they were sent.
"""

from dataclasses import replace
from typing import Any

import orjson
import pytest
from django.test import Client
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from accounts.models import User
from config.limits import quotas, rate_limits
from maps.terrain.validation import DOCUMENT_KEYS, parse_terrain
from tests.support.api import bearer
from tests.support.documents import Document, parse_compact_document
from tests.support.random_documents import BREAKS, WEIRD, maps, nodes

pytestmark = pytest.mark.django_db
MAPS, MADE = 10_000, 1_000  # each of the latter takes three times as long


def check_round_trip(client: Client, body: bytes, headers: dict[str, str]) -> None:
    """Creates a map, and reads its document and its compact terrain again."""
    document = orjson.loads(body)
    named = orjson.dumps(document | {"name": "Quiet Ford"})
    made = client.post("/api/v1/maps", named, "application/json", headers=headers)
    assert made.status_code == 201, made.content
    address = made["Location"]
    stored = orjson.loads(client.get(address, headers=headers).content)
    assert {part: stored[part] for part in DOCUMENT_KEYS} == {
        part: document[part] for part in DOCUMENT_KEYS
    }
    response = client.get(f"{address}/terrain", headers=headers)
    compact = orjson.loads(response.content)
    assert parse_compact_document(compact).to_json() == parse_terrain(document)[0].to_json()
    points = ("spawn_point", "goal_point")
    assert [compact[point] for point in points] == [document[point] for point in points]


def test_any_map_document_gets_a_response_without_a_server_error(
    player: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, headers = Client(raise_request_exception=False), bearer(player)
    monkeypatch.setitem(
        rate_limits.POLICIES, "maps", replace(rate_limits.POLICIES["maps"], limit=MAPS)
    )
    for name in ("maps", "drafts", "map_bytes"):  # one player makes them all
        monkeypatch.setitem(
            quotas.QUOTAS, name, replace(quotas.QUOTAS[name], limit=MADE * 1_000_000)
        )
    sent = made = 0

    @settings(
        max_examples=MAPS,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        database=None,
        phases=[Phase.generate],
    )
    @given(maps(), st.integers(0, 3), st.data())
    def send(document: Document, breaks: int, data: Any) -> None:
        nonlocal sent, made
        sent += 1
        for _ in range(breaks):
            places = list(nodes(document))
            if places:
                holder, key = places[data.draw(st.integers(0, len(places) - 1))]
                data.draw(st.sampled_from(BREAKS))(holder, key, data.draw(WEIRD))
        try:
            body = orjson.dumps(document)
        except TypeError:  # a number beyond 64 bits is no JSON of orjson's; others send it
            body = str(document).replace("'", '"').encode()
        client.defaults["REMOTE_ADDR"] = f"10.{sent % 250}.{sent // 250}.1"
        response = client.post("/api/v1/maps/validate", body, "application/json", headers=headers)
        assert response.status_code in (200, 400), (response.status_code, response.content)
        reported = response.json()
        if response.status_code == 200 and not breaks:
            assert reported["draft"] is True
        # A created map has no unknown fields; the report is about the others.
        if reported.get("draft") and document.keys() <= {*DOCUMENT_KEYS} and made < MADE:
            made += 1
            check_round_trip(client, body, headers)

    send()
    assert sent >= MAPS
    assert made == MADE
