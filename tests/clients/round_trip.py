"""Calls every route with the client that openapi-python-client generates, as the author of a game would.

Prints each call, for tests/clients/test_generated_clients.py, which also holds the socket of a seat.
"""

import json
import os
import sys
import time
from typing import Any, TypeVar

import httpx
from tribehold_client import AuthenticatedClient, Client
from tribehold_client.api.auth import auth_login, auth_logout, auth_refresh, auth_register
from tribehold_client.api.collections import (
    collections_change,
    collections_list,
    collections_make,
    collections_put_map,
    collections_read,
    collections_remove,
    collections_take_map,
)
from tribehold_client.api.game_sessions import (
    game_sessions_active,
    game_sessions_end,
    game_sessions_join,
    game_sessions_join_by_code,
    game_sessions_kick,
    game_sessions_leave,
    game_sessions_list,
    game_sessions_map,
    game_sessions_open,
    game_sessions_read,
    game_sessions_start,
    game_sessions_state_claim,
    game_sessions_state_read,
    game_sessions_state_write,
    game_sessions_ticket,
    game_sessions_tribes,
)
from tribehold_client.api.maps import (
    maps_change,
    maps_list,
    maps_make,
    maps_mark,
    maps_preview,
    maps_publish,
    maps_rate,
    maps_read,
    maps_remove,
    maps_terrain,
    maps_unmark,
    maps_unpublish,
    maps_unrate,
    maps_validate,
)
from tribehold_client.api.tribes import (
    tribes_change,
    tribes_list,
    tribes_make,
    tribes_read,
    tribes_remove,
)
from tribehold_client.api.users import users_me, users_me_change, users_password, users_read
from tribehold_client.models import (
    ArchetypeEnum,
    CollectionCard,
    CollectionList,
    CompactTerrain,
    CreateLobbyRequest,
    CredentialsRequest,
    Error,
    Favourite,
    Fence,
    FullCollection,
    FullMap,
    FullTribe,
    GameState,
    GameTribes,
    JoinByCodeRequest,
    JoinLobbyRequest,
    KickPlayerRequest,
    LobbyDocument,
    LobbyPage,
    MapCard,
    MapPage,
    NewAddressRequest,
    NewCollectionRequest,
    NewMapRequest,
    NewPasswordRequest,
    NewTribeRequest,
    NewUserRequest,
    OwnLobby,
    OwnUserWithQuotas,
    PatchedNewCollectionRequest,
    PatchedNewMapRequest,
    PatchedNewTribeRequest,
    Placed,
    PlacingRequest,
    PlayedMapDocument,
    Profile,
    RatedMap,
    RefreshTokenRequest,
    ReportOnMap,
    Sequence,
    SignedIn,
    SignOutRequest,
    StarsRequest,
    StartGameRequest,
    Ticket,
    TribeList,
    WriteStateRequest,
    WriteStateRequestState,
)
from tribehold_client.types import File, Response

T = TypeVar("T")
SITE = os.environ["SITE"]
PASSWORD = "a quite long sentence"
SECONDS = 20  # to wait for what happens by itself


def report(response: httpx.Response) -> None:
    request = response.request
    print("call", request.method, request.url.path, response.status_code, flush=True)


HOOKS: dict[str, Any] = {"event_hooks": {"response": [report]}}


def expect(kind: type[T], response: Response[Any], status: int = 200) -> T:
    """Returns the document of a response. Fails for another status or kind."""
    assert response.status_code == status, (response.status_code, response.content[:2000])
    assert isinstance(response.parsed, kind), response.parsed
    return response.parsed


def refused(response: Response[Any], status: int, code: str) -> None:
    """Fails unless a response is this error."""
    error = expect(Error, response, status)
    assert error.errors[0].code == code, error
    assert error.request_id == response.headers["X-Request-Id"]


def register(name: str) -> SignedIn:
    body = NewUserRequest(
        username=name, email=f"{name}@example.com", password=PASSWORD, accept_privacy_policy=True
    )
    client = Client(base_url=SITE, httpx_args=HOOKS)
    return expect(SignedIn, auth_register.sync_detailed(client=client, body=body), 201)


def player(pair: SignedIn) -> AuthenticatedClient:
    return AuthenticatedClient(base_url=SITE, token=pair.access, httpx_args=HOOKS)


def accounts() -> tuple[AuthenticatedClient, AuthenticatedClient]:
    """Signs in by all ways. Returns the host and the guest of the game."""
    anybody = Client(base_url=SITE, httpx_args=HOOKS)
    first = register("host")
    pair = expect(
        SignedIn,
        auth_refresh.sync_detailed(client=anybody, body=RefreshTokenRequest(refresh=first.refresh)),
    )
    host = player(pair)
    me = users_me.sync_detailed(client=host)
    assert expect(OwnUserWithQuotas, me).quotas.maps.used == 0
    again = users_me.sync_detailed(client=host, if_none_match=me.headers["ETag"])
    assert again.status_code == 304
    change = NewAddressRequest(email="new@example.com", password=PASSWORD)
    changed = users_me_change.sync_detailed(client=host, body=change)
    assert expect(OwnUserWithQuotas, changed).email == "new@example.com"
    passwords = NewPasswordRequest(old_password=PASSWORD, new_password=f"{PASSWORD} too")
    pair = expect(SignedIn, users_password.sync_detailed(client=host, body=passwords))
    refused(users_me.sync_detailed(client=host), 401, "invalid_token")
    register("guest")
    credentials = CredentialsRequest(username="GUEST", password=PASSWORD)
    guest = expect(SignedIn, auth_login.sync_detailed(client=anybody, body=credentials))
    profile = expect(Profile, users_read.sync_detailed("Guest", client=player(pair)))
    assert profile.id == guest.user.id
    assert profile.maps == []
    return player(pair), player(guest)


def maps(host: AuthenticatedClient, guest: AuthenticatedClient) -> FullMap:
    """Makes, changes and publishes a map. Returns it."""
    with open(os.environ["MAP"]) as file:
        document = json.load(file)
    new = NewMapRequest.from_dict(document)
    assert new.to_dict() == document
    report = expect(ReportOnMap, maps_validate.sync_detailed(client=host, body=new))
    assert report.valid, report.faults
    made = expect(FullMap, maps_make.sync_detailed(client=host, body=new), 201)
    first = maps_read.sync_detailed(made.id, client=host)
    read = expect(FullMap, first)
    assert [tile.to_dict() for tile in read.terrain_data] == document["terrain_data"]
    assert read.wave_config.to_dict() == document["wave_config"]
    assert read.description is None
    tag = first.headers["ETag"]
    same = maps_read.sync_detailed(made.id, client=host, if_none_match=tag)
    assert same.status_code == 304
    change = PatchedNewMapRequest(description="A ford.")
    changed = maps_change.sync_detailed(made.id, client=host, body=change, if_match=tag)
    assert expect(FullMap, changed).version == made.version + 1
    stale = maps_publish.sync_detailed(made.id, client=host, if_match=tag)
    refused(stale, 412, "precondition_failed")
    tag = changed.headers["ETag"]
    card = expect(MapCard, maps_publish.sync_detailed(made.id, client=host, if_match=tag))
    assert card.is_public
    page = expect(MapPage, maps_list.sync_detailed(client=guest, q=made.name, page_size=5))
    assert [found.id for found in page.results] == [made.id]
    assert page.next_ is None
    terrain = expect(CompactTerrain, maps_terrain.sync_detailed(made.id, client=guest))
    assert len(terrain.rows) == made.height
    picture = maps_preview.sync_detailed(made.id, client=guest)
    content = expect(File, picture).payload.read()
    assert (content[:4], content[8:12]) == (b"RIFF", b"WEBP")
    unchanged = maps_preview.sync_detailed(
        made.id, client=guest, if_none_match=picture.headers["ETag"]
    )
    assert unchanged.status_code == 304
    rating = maps_rate.sync_detailed(made.id, client=guest, body=StarsRequest(stars=4))
    assert expect(RatedMap, rating).rating == 4.0
    refused(
        maps_rate.sync_detailed(made.id, client=host, body=StarsRequest(stars=5)), 403, "own_map"
    )
    assert expect(RatedMap, maps_unrate.sync_detailed(made.id, client=guest)).rating_count == 0
    assert expect(Favourite, maps_mark.sync_detailed(made.id, client=guest)).favourite
    assert not expect(Favourite, maps_unmark.sync_detailed(made.id, client=guest)).favourite
    return read


def collections(guest: AuthenticatedClient, game_map: FullMap) -> None:
    new = NewCollectionRequest(name="Fords", description=None)
    made = expect(CollectionCard, collections_make.sync_detailed(client=guest, body=new), 201)
    assert expect(CollectionList, collections_list.sync_detailed(client=guest)).results == [made]
    placed = collections_put_map.sync_detailed(
        made.id, game_map.id, client=guest, body=PlacingRequest(position=1)
    )
    assert expect(Placed, placed).position == 1
    found = expect(FullCollection, collections_read.sync_detailed(made.id, client=guest))
    assert [card.id for card in found.maps] == [game_map.id]
    change = PatchedNewCollectionRequest(name="Rivers")
    changed = collections_change.sync_detailed(made.id, client=guest, body=change)
    assert expect(CollectionCard, changed).name == "Rivers"
    taken = collections_take_map.sync_detailed(made.id, game_map.id, client=guest)
    assert taken.status_code == 204
    assert collections_remove.sync_detailed(made.id, client=guest).status_code == 204


def tribe(client: AuthenticatedClient, name: str) -> FullTribe:
    new = NewTribeRequest(name=name, archetype=ArchetypeEnum.SUPPORT)
    return expect(FullTribe, tribes_make.sync_detailed(client=client, body=new), 201)


def tribes(host: AuthenticatedClient) -> FullTribe:
    kept, other = tribe(host, "Ravens"), tribe(host, "Owls")
    assert len(expect(TribeList, tribes_list.sync_detailed(client=host)).results) == 2
    change = PatchedNewTribeRequest(color_theme="#32CD32")
    changed = tribes_change.sync_detailed(kept.id, client=host, body=change)
    assert expect(FullTribe, changed).color_theme == "#32CD32"
    assert expect(FullTribe, tribes_read.sync_detailed(kept.id, client=host)).range_bonus > 0
    assert tribes_remove.sync_detailed(other.id, client=host).status_code == 204
    return kept


def wait_until(host: AuthenticatedClient, lobby: OwnLobby, status: str, ready: bool) -> None:
    """Reads the lobby until its status is this one and the host is ready."""
    for _ in range(SECONDS * 2):
        found = expect(LobbyDocument, game_sessions_read.sync_detailed(lobby.id, client=host))
        if found.status == status and found.players[0].is_ready == ready:
            return
        time.sleep(0.5)
    raise AssertionError("It did not happen.")


def game(host: AuthenticatedClient, guest: AuthenticatedClient, game_map: FullMap) -> None:
    """Opens a lobby, plays a game and ends it."""
    own, other = tribes(host), tribe(guest, "Iron Oaks")
    new = CreateLobbyRequest(map_id=game_map.id, tribe_id=own.id, seats=3)
    lobby = expect(OwnLobby, game_sessions_open.sync_detailed(client=host, body=new), 201)
    listed = game_sessions_list.sync_detailed(client=guest, map_=game_map.id, free_seats=2)
    assert [card.id for card in expect(LobbyPage, listed).results] == [lobby.id]
    active = expect(OwnLobby, game_sessions_active.sync_detailed(client=host))
    assert active.code is not None
    body = JoinLobbyRequest(tribe_id=other.id)
    joined = expect(OwnLobby, game_sessions_join.sync_detailed(lobby.id, client=guest, body=body))
    assert len(joined.players) == 2
    assert game_sessions_leave.sync_detailed(lobby.id, client=guest).status_code == 204
    by_code = JoinByCodeRequest(tribe_id=other.id, code=active.code)
    joined = expect(OwnLobby, game_sessions_join_by_code.sync_detailed(client=guest, body=by_code))
    kick = KickPlayerRequest(player_id=joined.players[1].player_id)
    kicked = game_sessions_kick.sync_detailed(lobby.id, client=host, body=kick)
    assert len(expect(LobbyDocument, kicked).players) == 1
    back = game_sessions_join.sync_detailed(lobby.id, client=guest, body=body)
    refused(back, 409, "kicked")
    ticket = expect(Ticket, game_sessions_ticket.sync_detailed(lobby.id, client=host), 201)
    print("seat", ticket.connect.path, ticket.connect.subprotocol, ticket.ticket, flush=True)
    wait_until(host, lobby, "Lobby", True)
    start = game_sessions_start.sync_detailed(
        lobby.id, client=host, body=StartGameRequest(solo=True)
    )
    assert expect(LobbyDocument, start).countdown_ends_at is not None
    wait_until(host, lobby, "InProgress", True)
    played = expect(PlayedMapDocument, game_sessions_map.sync_detailed(lobby.id, client=host))
    assert played.terrain.width == game_map.width
    assert played.wave_config == game_map.wave_config
    bonuses = expect(GameTribes, game_sessions_tribes.sync_detailed(lobby.id, client=host))
    assert [each.tribe_id for each in bonuses.tribes] == [own.id]
    fence = expect(Fence, game_sessions_state_claim.sync_detailed(lobby.id, client=host)).fence
    state = WriteStateRequestState.from_dict({"wave": 1, "towers": [{"x": 1}]})
    written = game_sessions_state_write.sync_detailed(
        lobby.id, client=host, body=WriteStateRequest(fence=fence, state=state)
    )
    assert expect(Sequence, written).sequence > 0
    found = expect(GameState, game_sessions_state_read.sync_detailed(lobby.id, client=host))
    assert found.state is not None
    assert found.state.to_dict() == state.to_dict()
    ended = expect(LobbyDocument, game_sessions_end.sync_detailed(lobby.id, client=host))
    assert ended.status == "Completed"


def main() -> int:
    host, guest = accounts()
    game_map = maps(host, guest)
    collections(guest, game_map)
    game(host, guest, game_map)
    card = expect(MapCard, maps_unpublish.sync_detailed(game_map.id, client=host))
    assert not card.is_public
    assert maps_remove.sync_detailed(game_map.id, client=host).status_code == 204
    out = auth_logout.sync_detailed(client=host, body=SignOutRequest())
    assert out.status_code == 204
    return 0


if __name__ == "__main__":
    sys.exit(main())
