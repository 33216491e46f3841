"""The tables of maps, ratings, favourites, decisions, collections and words."""

from maps.models.collections import MapCollection, MapCollectionEntry
from maps.models.decisions import MapDecision
from maps.models.feedback import MapFavourite, MapRating
from maps.models.maps import GameMap
from maps.models.words import MapWord

__all__ = [
    "GameMap",
    "MapCollection",
    "MapCollectionEntry",
    "MapDecision",
    "MapFavourite",
    "MapRating",
    "MapWord",
]
