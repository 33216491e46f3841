"""Validation of map documents: each rule, all faults at once, and never an exception."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maps.terrain.faults import ALLOWED_IN_DRAFTS, FAULT_MESSAGES, MAX_FAULTS
from maps.terrain.grid import LAVA, WATER, Grid, to_compact_document
from maps.terrain.validation import DOCUMENT_KEYS, TerrainError, parse_terrain, validate_document
from tests.support.documents import Document, document_of, parse_compact_document
from tests.support.factories import flat_grid
from tests.support.random_documents import BREAKS, HUGE, WEIRD, maps, nodes

GOOD = document_of(flat_grid())


def changed(path: str, value: Any) -> Document:
    """Returns the valid document with one value changed; `path` as in `terrain_data 17 height`."""
    document = copy.deepcopy(GOOD)
    *way, last = [int(part) if part.isdigit() else part for part in path.split()]
    target: Any = document
    for part in way:
        target = target[part]
    target[last] = value
    return document


def faults_of(document: Any) -> list[tuple[str, str]]:
    return [(fault.code, fault.place) for fault in validate_document(document).faults]


def test_a_valid_map_has_no_faults() -> None:
    report = validate_document(GOOD)
    assert (report.faults, report.is_valid, report.is_valid_draft) == ((), True, True)
    assert (report.spawn, report.goal) == ((0, 0), (19, 19))
    assert report.grid is not None
    assert report.grid.to_json() == flat_grid().to_json()
    assert report.path is not None
    assert len(report.path) == 39


# Path, value, and the code of the only fault that it causes at that place.
ONE_FAULT = [
    ("width", 19, "invalid_size"),
    ("width", 20.0, "invalid_size"),
    ("height", 101, "invalid_size"),
    ("height", "20", "invalid_size"),
    ("height", None, "invalid_size"),
    ("width", HUGE, "invalid_size"),
    ("width", True, "invalid_size"),
    ("terrain_data", {}, "not_a_list"),
    ("terrain_data", None, "not_a_list"),
    ("terrain_data 17 height", 6, "invalid_height"),
    ("terrain_data 17 height", -1, "invalid_height"),
    ("terrain_data 17 height", 2.5, "invalid_height"),
    ("terrain_data 17 height", 1.0, "invalid_height"),
    ("terrain_data 17 height", "3", "invalid_height"),
    ("terrain_data 17 height", True, "invalid_height"),
    ("terrain_data 17 height", HUGE, "invalid_height"),
    ("terrain_data 17 terrainType", "Sand", "unknown_terrain"),
    ("terrain_data 17 terrainType", "grass", "unknown_terrain"),
    ("terrain_data 17 terrainType", None, "unknown_terrain"),
    ("terrain_data 17 terrainType", ["Grass"], "unknown_terrain"),
    ("terrain_data 17 isBlocked", 0, "invalid_blocked"),
    ("terrain_data 17 isBlocked", "false", "invalid_blocked"),
    ("terrain_data 17 colour", "red", "unknown_key"),
    ("spawn_point", None, "not_an_object"),
    ("spawn_point", [0, 0], "not_an_object"),
    ("goal_point x", 20, "point_outside"),
    ("goal_point x", -1, "point_outside"),
    ("goal_point x", HUGE, "point_outside"),
    ("goal_point x", 3.0, "invalid_coordinate"),
    ("goal_point x", False, "invalid_coordinate"),
    ("goal_point z", 1, "unknown_key"),
    ("goal_point", {"x": 0, "y": 0}, "points_equal"),
    ("wave_config", None, "not_an_object"),
    ("wave_config name", "x", "unknown_key"),
    ("wave_config waves", {}, "not_a_list"),
    ("wave_config waves", [], "no_waves"),
    ("wave_config waves 1", 7, "not_an_object"),
    ("wave_config waves 1 waveNumber", 3, "wave_order"),
    ("wave_config waves 1 waveNumber", 0, "invalid_wave_number"),
    ("wave_config waves 1 waveNumber", 2.0, "invalid_wave_number"),
    ("wave_config waves 1 waveNumber", [2], "invalid_wave_number"),
    ("wave_config waves 1 waveNumber", HUGE, "invalid_wave_number"),
    ("wave_config waves 2 enemies", [], "no_groups"),
    ("wave_config waves 2 enemies", "x", "not_a_list"),
    ("wave_config waves 2 enemies 0", [], "not_an_object"),
    ("wave_config waves 2 enemies 0 type", "Dragon", "unknown_enemy"),
    ("wave_config waves 2 enemies 0 type", {}, "unknown_enemy"),
    ("wave_config waves 2 enemies 0 count", 0, "invalid_count"),
    ("wave_config waves 2 enemies 0 count", 501, "invalid_count"),
    ("wave_config waves 2 enemies 0 count", 10**9, "invalid_count"),
    ("wave_config waves 2 enemies 0 count", HUGE, "invalid_count"),
    ("wave_config waves 2 enemies 0 count", 8.0, "invalid_count"),
    ("wave_config waves 2 enemies 0 count", True, "invalid_count"),
    ("wave_config waves 2 enemies 0 spawnInterval", 0.09, "invalid_interval"),
    ("wave_config waves 2 enemies 0 spawnInterval", 10.1, "invalid_interval"),
    ("wave_config waves 2 enemies 0 spawnInterval", HUGE, "invalid_interval"),
    ("wave_config waves 2 enemies 0 spawnInterval", True, "invalid_interval"),
    ("wave_config waves 2 enemies 0 spawnInterval", "1", "invalid_interval"),
    ("wave_config waves 2 enemies 0 spawnInterval", float("nan"), "invalid_interval"),
    ("wave_config waves 2 enemies 0 spawnInterval", float("inf"), "invalid_interval"),
    ("wave_config waves 2 enemies 0 extra", 1, "unknown_key"),
]  # fmt: skip


def place_of(path: str) -> str:
    words = [f"[{part}]" if part.isdigit() else f".{part}" for part in path.split()]
    return "".join(words).removeprefix(".")


@pytest.mark.parametrize(("path", "value", "code"), ONE_FAULT)
def test_one_error_in_a_document_is_one_fault(path: str, value: Any, code: str) -> None:
    where = path.rsplit(" ", 1)[0] if code == "point_outside" else path
    assert (code, place_of(where)) in faults_of(changed(path, value))
    if path not in ("width", "height"):  # tiles are outside or missing then
        assert len(faults_of(changed(path, value))) == 1


@pytest.mark.parametrize("value", [1, 0.1, 10, 10.0])
def test_intervals_are_integers_or_floats(value: float) -> None:
    assert faults_of(changed("wave_config waves 0 enemies 0 spawnInterval", value)) == []


def test_missing_doubled_and_outside_tiles_are_faults() -> None:
    good = GOOD["terrain_data"]
    doubled = ("tile_doubled", "terrain_data[400]")
    missing = ("tile_missing", "terrain_data")
    first = good[0]
    cases: list[tuple[list[Any], list[tuple[str, str]]]] = [
        (good[1:], [missing]),
        ([*good, first], [doubled]),
        ([good[1], *good[1:]], [("tile_doubled", "terrain_data[1]"), missing]),
        ([first | {"x": 20}, *good[1:]], [("tile_outside", "terrain_data[0]"), missing]),
        ([first | {"y": -1}, *good[1:]], [("tile_outside", "terrain_data[0]"), missing]),
        ([first | {"x": HUGE}, *good[1:]], [("tile_outside", "terrain_data[0]"), missing]),
        ([first | {"x": True}, *good[1:]], [("invalid_coordinate", "terrain_data[0].x"), missing]),
        ([None, *good[1:]], [("not_an_object", "terrain_data[0]"), missing]),
        ([{**first, "z": 1}, *good[1:]], [("unknown_key", "terrain_data[0].z")]),
        (good[::-1], []),
    ]
    for given_tiles, wanted in cases:
        assert faults_of(GOOD | {"terrain_data": given_tiles}) == wanted
    faults = validate_document(GOOD | {"terrain_data": good[5:]}).faults
    assert faults[4].detail == "There is no tile at x=4, y=0."
    swapped = {key if key != "height" else "level": value for key, value in first.items()}
    assert faults_of(GOOD | {"terrain_data": [swapped, *good[1:]]}) == [
        ("missing_key", "terrain_data[0].height"),
        ("unknown_key", "terrain_data[0].level"),
    ]


def test_a_tile_too_many_on_the_largest_map_is_one_fault() -> None:
    large = document_of(flat_grid(100, 100))
    large["terrain_data"].append(large["terrain_data"][0])
    assert faults_of(large) == [("tile_doubled", "terrain_data[10000]")]
    large["terrain_data"] *= 5
    assert len(faults_of(large)) == MAX_FAULTS


def closed_grid(kind: int = 0, *, blocked: int = 0) -> Grid:
    """Returns a flat grid whose first cell is impassable."""
    grid = flat_grid()
    grid.terrain[0, 0], grid.blocked[0, 0] = kind, blocked
    return grid


@pytest.mark.parametrize("grid", [closed_grid(LAVA), closed_grid(WATER), closed_grid(blocked=1)])
def test_a_spawn_on_a_closed_cell_is_allowed_in_drafts_only(grid: Grid) -> None:
    report = validate_document(document_of(grid))
    assert [fault.code for fault in report.faults] == ["point_closed"]
    assert (report.is_valid, report.is_valid_draft, report.path) == (False, True, None)


def test_a_walled_in_spawn_has_no_path() -> None:
    grid = flat_grid()
    grid.blocked[1, :2] = grid.blocked[0, 1] = 1
    assert faults_of(document_of(grid)) == [("no_path", "goal_point")]


def group(count: int, kind: str = "Basic") -> Document:
    return {"type": kind, "count": count, "spawnInterval": 1}


def wave(number: int, *groups: Document) -> Document:
    return {"waveNumber": number, "enemies": list(groups)}


def test_numbers_of_waves_groups_and_enemies_are_limited() -> None:
    def of(*given_waves: Document) -> list[tuple[str, str]]:
        return faults_of(GOOD | {"wave_config": {"waves": list(given_waves)}})

    many = [wave(n, group(1)) for n in range(1, 102)]
    assert of(*many[:100]) == []
    assert of(*many) == [("too_many_waves", "wave_config.waves")]
    assert of(many[1], many[0]) == [
        ("wave_order", f"wave_config.waves[{n}].waveNumber") for n in (0, 1)
    ]
    assert of(wave(1, *[group(1)] * 10)) == []
    assert of(wave(1, *[group(1)] * 11)) == [("too_many_groups", "wave_config.waves[0].enemies")]
    assert of(wave(1, *[group(500)] * 4)) == []
    assert of(wave(1, *[group(500)] * 4, group(1))) == [
        ("too_many_enemies", "wave_config.waves[0].enemies")
    ]


def test_all_faults_are_reported_at_once() -> None:
    document = changed("wave_config waves 0 enemies 0 count", 0)
    document["terrain_data"][7]["height"] = 9
    document["goal_point"] = {"x": 99, "y": 0}
    document["width"] = 20.5
    assert [code for code, _ in faults_of(document)] == [
        "invalid_size",
        "invalid_height",
        "invalid_count",
    ]
    document["width"] = 20
    assert [code for code, _ in faults_of(document)] == [
        "invalid_height",
        "point_outside",
        "invalid_count",
    ]


def test_faults_of_one_part_do_not_hide_those_of_another() -> None:
    document = GOOD | {"terrain_data": [], "goal_point": 1}
    document["wave_config"] = {"waves": [0] * 1000}
    codes = [code for code, _ in faults_of(document)]
    assert len(codes) == MAX_FAULTS
    assert codes.count("not_an_object") > 20
    assert codes.count("tile_missing") > 20
    assert ("not_an_object", "goal_point") in faults_of(document)


def test_faults_of_drafts_do_not_hide_faults_of_structure() -> None:
    empty = [wave(2) for _ in range(100)]
    empty[-1]["x"] = 1
    report = validate_document(GOOD | {"wave_config": {"waves": empty}})
    assert len(report.faults) == MAX_FAULTS
    assert not report.is_valid_draft
    del empty[-1]["x"]
    assert validate_document(GOOD | {"wave_config": {"waves": empty}}).is_valid_draft


def test_drafts_may_have_these_faults_only() -> None:
    assert FAULT_MESSAGES.keys() >= ALLOWED_IN_DRAFTS
    assert {
        "point_closed", "points_equal", "no_path", "no_waves", "wave_order", "no_groups",
        "too_many_enemies",
    } == ALLOWED_IN_DRAFTS  # fmt: skip


def test_every_code_is_tested_in_this_file() -> None:
    text = Path(__file__).read_text()
    assert [code for code in FAULT_MESSAGES if f'"{code}"' not in text] == []


def test_terrain_is_parsed_without_waves() -> None:
    grid, spawn, goal = parse_terrain(GOOD | {"wave_config": None})
    assert (grid.to_json(), spawn, goal) == (flat_grid().to_json(), (0, 0), (19, 19))
    wrongs: list[Document] = [
        {"terrain_data": []},
        {"goal_point": {"x": 20, "y": 0}},
        {"width": 21},
    ]
    for wrong in wrongs:
        with pytest.raises(TerrainError):
            parse_terrain(GOOD | wrong)


@pytest.mark.parametrize("garbage", [None, 1, "x", [], [[]], {}, {"width": {}}, float("nan")])
def test_invalid_structure_is_not_accepted_as_a_draft(garbage: Any) -> None:
    assert not validate_document(garbage).is_valid_draft
    for part in DOCUMENT_KEYS:
        assert not validate_document(GOOD | {part: garbage}).is_valid_draft


# ---- Random maps --------------------------------------------------------------------------------


@settings(max_examples=1000, deadline=None)
@given(maps(), st.data())
def test_broken_maps_never_raise(document: Document, data: st.DataObject) -> None:
    for _ in range(data.draw(st.integers(1, 3))):
        places = list(nodes(document))
        holder, key = places[data.draw(st.integers(0, len(places) - 1))] if places else ({}, "")
        if places:
            data.draw(st.sampled_from(BREAKS))(holder, key, data.draw(WEIRD))
    report = validate_document(document)
    assert len(report.faults) <= MAX_FAULTS
    assert all(fault.code in FAULT_MESSAGES and fault.detail for fault in report.faults)
    of_tiles = [fault for fault in report.faults if fault.place.startswith("terrain_data")]
    assert (report.grid is None) == bool(of_tiles or has_size_error(document))
    if report.is_valid:
        assert report.grid is not None
        assert report.path is not None


def has_size_error(document: Document) -> bool:
    return any(code == "invalid_size" for code, _ in faults_of(document))


@settings(max_examples=1000, deadline=None)
@given(WEIRD)
def test_any_value_is_invalid_and_never_raises(document: Any) -> None:
    assert not validate_document(document).is_valid


@settings(max_examples=1000, deadline=None)
@given(maps())
def test_tiles_and_compact_documents_are_converted_without_loss(document: Document) -> None:
    report = validate_document(document)
    assert report.is_valid_draft
    assert report.grid is not None
    assert report.spawn is not None
    assert report.goal is not None
    assert json.loads(report.grid.to_json()) == document["terrain_data"]
    small = json.loads(
        json.dumps(to_compact_document(report.grid, report.spawn, report.goal, report.path))
    )
    parsed = parse_compact_document(small)
    assert json.loads(parsed.to_json()) == document["terrain_data"]
    assert small["spawn_point"] == document["spawn_point"]
    assert small["hash"] == parsed.content_hash(report.spawn, report.goal)
