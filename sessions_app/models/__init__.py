"""Tables of games: games, seats, server processes and their clock, and played maps."""

from sessions_app.models.games import GameSession
from sessions_app.models.played_maps import PlayedMap
from sessions_app.models.seats import LobbyClock, LobbyServer, SessionPlayer

__all__ = ["GameSession", "LobbyClock", "LobbyServer", "PlayedMap", "SessionPlayer"]
