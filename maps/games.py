"""SQL about games that maps need. The app of games registers it at start-up. Does not use Django.

Games depend on maps, so this app does not know the tables of games.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class GameQueries:
    """SQL over the tables of games. The only parameter, `%s`, is the id of a player.

    `has_completed` is a condition on a map `m`: the player completed a game on it.
    `seated_map_ids` selects the maps of the open lobbies and games in which the player has a seat.
    """

    has_completed: str
    seated_map_ids: str


_registered: list[GameQueries] = []


def register_game_queries(queries: GameQueries) -> None:
    """Registers the queries. Called when Django starts."""
    _registered[:] = [queries]


def game_queries() -> GameQueries:
    """Returns the registered queries."""
    return _registered[0]
