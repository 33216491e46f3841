"""Ten thousand maps by chance, whole and broken, sent to the API: none is a 500, each is told its faults."""

from typing import Any

import orjson
import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import User
from tests.conftest import bearer
from tests.test_checking import BREAKS, WEIRD, Document, maps, nodes

pytestmark = pytest.mark.django_db
MAPS = 10_000


def test_whatever_is_sent_is_answered(player: User) -> None:
    client, headers = Client(raise_request_exception=False), bearer(player)
    sent = 0

    @settings(
        max_examples=MAPS, deadline=None, suppress_health_check=list(HealthCheck), database=None
    )
    @given(maps(), st.integers(0, 3), st.data())
    def send(document: Document, breaks: int, data: Any) -> None:
        nonlocal sent
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
        answer = client.post("/api/v1/maps/validate", body, "application/json", headers=headers)
        assert answer.status_code in (200, 400), (answer.status_code, answer.content)
        if answer.status_code == 200 and not breaks:
            assert answer.json()["draft"] is True

    send()
    assert sent >= MAPS
