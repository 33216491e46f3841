"""What pages of the admin offer works: filters, sorting, paging, popups, links back to a list."""

import re
from html import escape, unescape
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group
from django.test import Client, RequestFactory
from django.utils import timezone
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts.models import PageSession, User
from config.admin.allowed_queries import AllowedQueriesChangeList, AllowedQueriesMixin
from config.admin.site import AdminSite
from maps.models import GameMap, MapRating
from tests.support.admin_lists import (
    GAMES,
    LISTS,
    MAPS,
    REFUSALS,
    ROLES,
    SITE,
    TRIBES,
    USERS,
    ask,
    fill,
    links_of,
    may_see,
    refused,
)
from tests.support.factories import NOBODY, make_map, make_user
from tests.support.forms import form_with, forms_of

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("role", ROLES)
def test_every_link_of_a_list_works(
    admin_clients: dict[str, Client],
    staff: dict[str, User],
    role: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fill()
    for model, page in LISTS.items():
        if not may_see(role, page):
            continue
        monkeypatch.setattr(SITE.get_model_admin(model), "list_per_page", 1)
        first = admin_clients[role].get(page)
        assert first.status_code == 200
        links = links_of(first.content.decode())
        seen = set(links)
        for _ in range(2):  # and the links of those pages
            further: set[str] = set()
            for link in links:
                response = admin_clients[role].get(page + link)
                assert response.status_code == 200, page + link
                further |= links_of(response.content.decode())
            links = set(sorted(further - seen)[:40])
            seen |= links
        assert any("o=" in link for link in seen)
        assert any("_facets" in link for link in seen) == bool(first.context["cl"].has_filters)
        assert not any("page_sessions" in link for link in seen)


GOOD = [
    (USERS, "is_active__exact=1"),
    (USERS, "is_active__exact=0&is_staff__exact=1&q=a&o=-1.2&p=1"),
    (USERS, "groups__id__exact={group}"),
    (USERS, "groups__id__exact=99999999999999999999"),
    (USERS, "groups__isnull=True"),
    (USERS, "all="),
    (USERS, "p=999999"),
    (USERS, "e=1"),
    (USERS, "o="),
    (USERS, "q=" + "x" * 200),
    (USERS, "q=%25_%5C'%22;--"),
    (USERS, "_facets=True&is_staff__exact=1"),
    (USERS, "_popup=1&_to_field=id"),
    (MAPS, "state=hidden&_facets"),
    (MAPS, "created_at__gte=2026-01-01"),
    (MAPS, "created_at__gte=2026-01-01+00%3A00%3A00%2B00%3A00&created_at__lt=2027-01-01"),
    (MAPS, "created_at__gte=0001-01-01+00:00:00%2B14:00"),
    (MAPS, "created_at__lt=9999-12-31+23:59:59.999999-14:00"),
    (MAPS, "q=river&state=public&p=1"),
    (TRIBES, "archetype__exact=Support"),
    (GAMES, "status__exact=Lobby"),
    (LISTS[Group], "q=Mod"),
]


@pytest.mark.parametrize(("page", "query"), GOOD)
def test_valid_filter_values_are_accepted(
    admin_clients: dict[str, Client], staff: dict[str, User], page: str, query: str
) -> None:
    fill()
    query = query.format(group=Group.objects.all()[0].pk)
    for role, client in admin_clients.items():
        assert client.get(f"{page}?{query}").status_code == (200 if may_see(role, page) else 403)


BAD = [
    (USERS, "is_active__exact=banana"),
    (USERS, "is_active__exact="),
    (USERS, "is_active__exact=1&is_active__exact=0"),
    (USERS, "is_active__isnull=banana"),
    (USERS, "groups__id__exact=banana"),
    (USERS, "groups__id__exact=1,2"),
    (USERS, "groups__id__exact=%00"),
    (USERS, "groups__id__exact=1e3"),
    (USERS, "groups__isnull=maybe"),
    (USERS, "q=" + "x" * 201),
    (USERS, "q=%00"),
    (USERS, "q=a&q=b"),
    (USERS, "p=0"),
    (USERS, "p=-1"),
    (USERS, "p=1e9"),
    (USERS, "p=" + "9" * 5000),
    (USERS, "p=١"),
    (USERS, "o=99"),
    (USERS, "o=username"),
    (USERS, "o=1.1"),
    (USERS, "o=1.-1"),
    (USERS, "o=0"),
    (USERS, "o=" + "9" * 5000),
    (USERS, "o=1." * 100),
    (USERS, "o=--1"),
    (USERS, "o=-"),
    (USERS, "all=no"),
    (USERS, "e=2"),
    (USERS, "_popup=2"),
    (USERS, "_facets=x"),
    (USERS, "_to_field=email"),
    (USERS, "_to_field=password"),
    (USERS, "_to_field=page_sessions"),
    (USERS, "_to_field=id__in"),
    (MAPS, "_to_field=terrain_hash"),
    (MAPS, "state=nonsense"),
    (MAPS, "state="),
    (MAPS, "state=public&state=hidden"),
    (MAPS, "created_at__gte=hello"),
    (MAPS, "created_at__gte="),
    (MAPS, "created_at__gte=99999-01-01"),
    (MAPS, "created_at__gte=0000-01-01"),
    (MAPS, "created_at__gte=2026-02-30"),
    (MAPS, "created_at__gte=2026-01-01%00"),
    (MAPS, "created_at__gte=" + "1" * 5000),
    (MAPS, "created_at__isnull=True"),
    (MAPS, "o=4"),  # a column that nothing sorts by
    (TRIBES, "archetype__exact=Nonsense"),
    (TRIBES, "archetype__isnull=x"),
    (GAMES, "status__exact=lobby"),
    (GAMES, "status__exact=%00"),
]


@pytest.mark.parametrize(("page", "query"), BAD)
def test_malformed_values_are_rejected(
    admin_clients: dict[str, Client], staff: dict[str, User], page: str, query: str
) -> None:
    fill()
    for role, client in admin_clients.items():
        response = client.get(f"{page}?{query}")
        assert response.status_code in ((400,) if may_see(role, page) else (400, 403))
        # The action of a list reads the same query.
        assert client.post(f"{page}?{query}", {"action": "ban"}).status_code in (400, 403)


@pytest.mark.parametrize("charset", ["unicode_escape", "utf-16", "utf-7", "raw_unicode_escape"])
def test_lone_surrogates_are_rejected(admin_clients: dict[str, Client], charset: str) -> None:
    content_type = f"text/plain; charset={charset}"
    for page in (USERS, MAPS, f"{USERS}add/"):
        for name in ("q", "_changelist_filters", "groups__id__exact", "state"):
            query = f"{page}?{name}=%5Cud800"
            response = admin_clients["administrator"].get(query, CONTENT_TYPE=content_type)
            assert response.status_code in (200, 400)


# ---- New lists ----------------------------------------------------------------------------------


class RatingAdmin(admin.ModelAdmin[MapRating]):
    list_display = ("stars", "created_at", "user")
    list_filter = (
        "stars",
        ("user", admin.RelatedOnlyFieldListFilter),
        ("user__username", admin.AllValuesFieldListFilter),
        ("user__last_login", admin.EmptyFieldListFilter),
    )
    sortable_by = ("stars",)
    date_hierarchy = "created_at"


@pytest.fixture
def another(staff: dict[str, User]) -> Any:
    site = AdminSite("another")
    site.register(MapRating, RatingAdmin)
    fill()
    rated = GameMap.objects.get(name="public")
    MapRating.objects.create(map=rated, user=staff["moderator"], stars=4)
    return site.get_model_admin(MapRating)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("stars=4", 1),
        ("stars=3", 0),
        ("user__id__exact={user}", 1),
        ("user__isnull=True", 0),
        ("user__username=Moderna", 1),
        ("user__username=Nobody", 0),
        ("user__last_login__isempty=0", 0),
        ("created_at__year={year}", 1),
        ("created_at__year=9998&created_at__month=12&created_at__day=31", 0),
        ("o=-0", 1),
    ],
)
def test_a_new_list_accepts_what_its_filters_offer(
    another: Any, staff: dict[str, User], query: str, found: int
) -> None:
    given = MapRating.objects.get()
    query = query.format(user=given.user_id, year=given.created_at.year)
    shown = ask(another, dict(parse_qsl(query)), staff["moderator"])
    assert shown.result_count == found


@pytest.mark.parametrize(
    "query",
    [
        "stars__gt=3",
        "stars=x",
        "user__id=1",
        "user__password__startswith=a",
        "user__username__startswith=M",
        "user__last_login__isempty=2",
        "user__last_login__isnull=1",
        "created_at__year=-1",
        "created_at__year=9999",
        "created_at__year=99999",
        "created_at__year=2026&created_at__month=13",
        "created_at__year=2026&created_at__month=2&created_at__day=30",
        "created_at__month=2",
        "created_at__year=2026&created_at__day=1",
        "created_at__gte=2026-01-01",
        "o=0",
        "o=2",
        "o=3",
        "o=4",
    ],
)
def test_a_new_list_rejects_everything_else(
    another: Any, staff: dict[str, User], query: str
) -> None:
    with pytest.raises(REFUSALS):
        ask(another, dict(parse_qsl(query)), staff["administrator"])


def test_every_registered_admin_checks_queries() -> None:
    request = RequestFactory().get("/")
    for model_admin in SITE._registry.values():
        assert isinstance(model_admin, AllowedQueriesMixin)
        assert issubclass(model_admin.get_changelist(request), AllowedQueriesChangeList)


# ---- Searching and completing -------------------------------------------------------------------


def test_searches_of_moderators_do_not_find_confidential_values(
    admin_clients: dict[str, Client], staff: dict[str, User]
) -> None:
    player = make_user("Player1")
    make_map(player)
    TOTPDevice.objects.create(user=player, name="App")
    Client().force_login(player)
    player.refresh_from_db()
    secrets = [player.email, player.password, str(player.pk), TOTPDevice.objects.get().key]
    secrets += [PageSession.objects.get(user=player).session_key]
    for secret in secrets:
        for part in (secret, secret[:9], secret[-9:]):
            for page in (USERS, MAPS):
                response = admin_clients["moderator"].get(page, {"q": part})
                assert not response.context["cl"].queryset.exists(), (page, part)
    assert (
        admin_clients["administrator"].get(USERS, {"q": player.email}).context["cl"].result_count
        == 1
    )


COMPLETIONS = [
    {"app_label": "tribes", "model_name": "tribe", "field_name": "user"},
    {"app_label": "accounts", "model_name": "pagesession", "field_name": "user"},
    {"app_label": "maps", "model_name": "gamemap", "field_name": "user"},
    {"app_label": "accounts", "model_name": "user", "field_name": "groups"},
    {"app_label": "otp_totp", "model_name": "totpdevice", "field_name": "user"},
    {"app_label": "x", "model_name": "y", "field_name": "z"},
    {},
]


@pytest.mark.parametrize("asked", COMPLETIONS)
def test_autocomplete_rejects_fields_without_it(
    admin_clients: dict[str, Client], asked: dict[str, str]
) -> None:
    for client in admin_clients.values():
        assert client.get("/admin/autocomplete/", asked | {"term": "p"}).status_code == 403
        assert client.get("/admin/autocomplete/", asked | {"term": "\0"}).status_code == 400


def test_autocomplete_works_for_fields_that_have_it(staff: dict[str, User]) -> None:
    class Completing(admin.ModelAdmin[MapRating]):
        autocomplete_fields = ("user",)

    site = AdminSite("another")
    site.register(MapRating, Completing)
    site.register(User, type(SITE.get_model_admin(User)).__mro__[2])
    asked = {"app_label": "maps", "model_name": "maprating", "field_name": "user", "term": "Chi"}
    request = RequestFactory().get("/", asked)
    request.user = staff["administrator"]
    assert b"Chief" in site.autocomplete_view(request).content


# ---- The rest of the admin goes on --------------------------------------------------------------


def test_links_back_to_a_list_keep_its_filters(
    admin_clients: dict[str, Client], staff: dict[str, User]
) -> None:
    player, administrator = make_user("Player1"), admin_clients["administrator"]
    way = urlencode({"_changelist_filters": "is_active__exact=1&q=Play"})
    rows = administrator.get(f"{USERS}?is_active__exact=1&q=Play").content.decode()
    address = f"{USERS}{player.pk}/change/?{way}"
    assert f"{player.pk}/change/?{way}" in rows
    body = {"username": "Player2", "email": player.email, "level": 1, "total_games_played": 0}
    body |= {"decisions-TOTAL_FORMS": "0", "decisions-INITIAL_FORMS": "0"}
    assert administrator.get(address).status_code == 200
    back = administrator.post(address, body)
    assert back.headers["Location"] == f"{USERS}?is_active__exact=1&q=Play"
    assert administrator.get(back.headers["Location"]).status_code == 200
    for page in ("history/", "delete/"):
        assert administrator.get(f"{USERS}{player.pk}/{page}?{way}").status_code == 200
    assert administrator.get(f"{USERS}{player.pk}/history/?p=1").status_code == 200


def test_a_malicious_link_back_is_rejected(
    admin_clients: dict[str, Client], staff: dict[str, User]
) -> None:
    administrator, player = admin_clients["administrator"], make_user("Player1")
    way = urlencode({"_changelist_filters": "page_sessions__session_key__regex=^a"})
    body = {"username": "Player2", "email": player.email, "level": 1, "total_games_played": 0}
    body |= {"decisions-TOTAL_FORMS": "0", "decisions-INITIAL_FORMS": "0"}
    back = administrator.post(f"{USERS}{player.pk}/change/?{way}", body)
    refused(administrator, back.headers["Location"])
    long = urlencode({"_changelist_filters": "x" * 2001})
    refused(administrator, f"{USERS}{player.pk}/change/?{long}")


def test_a_popup_selects_the_owner_of_a_tribe(
    admin_clients: dict[str, Client], staff: dict[str, User]
) -> None:
    administrator = admin_clients["administrator"]
    form = administrator.get(f"{TRIBES}add/").content.decode()
    (lookup,) = re.findall(rf'href="({USERS}\?[^"]*)"', form)
    popup = administrator.get(f"{unescape(lookup)}&_popup=1")
    assert popup.status_code == 200
    assert f'data-popup-opener="{staff["moderator"].pk}"' in popup.content.decode()
    links = links_of(popup.content.decode())
    assert {administrator.get(USERS + link).status_code for link in links} == {200}


def test_a_filtered_list_has_actions_and_pages(
    admin_clients: dict[str, Client], staff: dict[str, User], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SITE.get_model_admin(GameMap), "list_per_page", 2)
    client, author = admin_clients["moderator"], make_user("Author")
    maps = [make_map(author, f"Ford {n}") for n in range(3)]
    page = f"{MAPS}?state=public&q=ford&p=2"
    assert len(client.get(page).context["cl"].result_list) == 1
    body = {"action": "hide", "decide": "1", "reason": "Stolen."}
    body |= {"_selected_action": [game_map.pk for game_map in maps]}  # type: ignore[dict-item]
    response = client.post(page, body, follow=True)
    assert "3 maps hidden." in response.content.decode()
    assert response.status_code == 200  # an empty list, because the filter excludes them
    assert LogEntry.objects.count() == 3
    before = GameMap.objects.published().count()
    client.post(f"{MAPS}?user__password__regex=^a", body | {"action": "restore"})
    assert GameMap.objects.published().count() == before == 0


def decision_form(response: Any) -> Any:
    return form_with(response, "action", "reason")


# A list, an action, and filters, of which some exclude a row after the decision.
DECISIONS = [
    (MAPS, "hide", "q=ford&p=2&o=2"),
    (MAPS, "hide", "state=public&q=ford"),
    (MAPS, "restore", "state=hidden&created_at__gte=2026-01-01"),
    (USERS, "ban", "is_active__exact=1&q=play&p=2"),
    (USERS, "suspend_rating", "is_staff__exact=0"),
    (USERS, "ban", ""),
]


@pytest.mark.parametrize(("page", "action", "query"), DECISIONS)
def test_a_decision_keeps_search_filters_and_page(
    admin_clients: dict[str, Client], staff: dict[str, User], monkeypatch: pytest.MonkeyPatch,
    page: str, action: str, query: str,
) -> None:  # fmt: skip
    for model in (GameMap, User):
        monkeypatch.setattr(SITE.get_model_admin(model), "list_per_page", 1)
    client, address = admin_clients["moderator"], f"{page}?{query}" if query else page
    players = [make_user(f"Player{n}") for n in range(3)]
    more = {"hidden_at": timezone.now()} if action == "restore" else {}
    maps = [make_map(players[0], f"Ford {n}", **more) for n in range(3)]
    rows = maps if page == MAPS else players
    body = {"action": action, "_selected_action": [rows[0].pk, rows[1].pk]}
    asked = client.post(address, body)
    for _ in range(2):  # without a reason the form is shown again
        form = decision_form(asked)
        assert form.action == address
        assert f'href="{escape(address)}">Cancel</a>' in asked.content.decode().replace(
            ' class="closelink"', ""
        )
        asked = client.post(form.action, body | {"decide": "1", "reason": " "})
    # Meanwhile another moderator has decided about one of them.
    other = admin_clients["administrator"]
    given = {"decide": "1", "reason": "Stolen.", "until": "2030-01-01T00:00"}
    other.post(page, body | given | {"_selected_action": [rows[0].pk]})
    values = decision_form(asked).values | given
    done = client.post(form.action, values)
    assert (done.status_code, done["Location"]) == (302, address)
    shown = client.get(address)
    assert shown.status_code == 200
    message = next(iter(shown.context["messages"])).message
    assert "1 unchanged" in message or "2 of 2" in message  # a suspension can be prolonged
    changed = [type(row).objects.get(pk=row.pk) for row in rows]
    assert [each.decisions.count() for each in changed[1:]] == [1, 0]


def test_a_decision_from_the_page_of_a_map_leads_back_to_its_list(
    admin_clients: dict[str, Client], staff: dict[str, User]
) -> None:
    client, game_map = admin_clients["moderator"], make_map(make_user("Author"), "Ford")
    lists = client.get(f"{MAPS}?state=public&q=ford").content.decode()
    [link] = set(re.findall(rf'href="({MAPS}{game_map.pk}/change/[^"]*)"', lists))
    shown = client.get(unescape(link))
    [form] = [each for each in forms_of(shown) if each.values.get("action") == ["hide"]]
    asked = client.post(form.action, form.values)
    form = decision_form(asked)
    assert form.action == f"{MAPS}?state=public&q=ford"
    done = client.post(form.action, form.values | {"decide": "1", "reason": "Stolen."})
    assert done["Location"] == f"{MAPS}?state=public&q=ford"
    game_map.refresh_from_db()
    assert game_map.hidden_at


def test_the_last_page_is_shown_in_place_of_one_that_is_gone(
    admin_clients: dict[str, Client], staff: dict[str, User], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SITE.get_model_admin(GameMap), "list_per_page", 2)
    author = make_user("Author")
    for n in range(5):
        make_map(author, f"Ford {n}")
    for page in (4, 999):
        assert admin_clients["moderator"].get(f"{MAPS}?p={page}").context["cl"].page_num == 3


def test_an_unknown_url_is_a_404(admin_clients: dict[str, Client]) -> None:
    for client in admin_clients.values():
        assert client.get(f"/admin/nothing/?x={quote('^a')}").status_code == 404


@pytest.mark.parametrize("key", ["abc", "\0", "1e9", str(NOBODY), "x" * 5000, "9" * 40])
def test_selected_rows_with_malformed_keys_are_rejected(
    admin_clients: dict[str, Client], key: str
) -> None:
    for path in ("auth/group", "accounts/user", "maps/gamemap", "tribes/tribe"):
        sent = {"action": "delete_selected", "_selected_action": key}
        admin_clients["administrator"].raise_request_exception = False
        response = admin_clients["administrator"].post(f"/admin/{path}/", sent)
        assert response.status_code in (200, 302, 400), (path, response.status_code)
