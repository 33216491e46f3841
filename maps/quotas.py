"""How many maps, collections and favourites a player may have, and how large the maps may be.

An author of many maps has a few dozen; the numbers stop what is made by programs. The bytes are those of the
documents as JSON text, which clients send and receive: a map of 20 × 20 cells has 31 KB, the largest one,
of 100 × 100 with a hundred waves, 830 KB. PostgreSQL keeps them compressed, in about an eighth.
"""

from config.limits.quotas import Quota

MOST_MAPS = 500
MOST_DRAFTS = 200
MOST_BYTES = 200 * 1024 * 1024  # 250 maps of the largest size
MOST_COLLECTIONS = 50
MOST_IN_COLLECTION = 200
MOST_FAVOURITES = 1000

OWN = "SELECT count(*) FROM maps WHERE user_id = %(subject)s AND removed_at IS NULL"
# Maps that were removed are kept for the games that were played on them; so are earlier versions.
BYTES = """
SELECT coalesce(sum(document_bytes), 0) FROM (
    SELECT document_bytes FROM maps WHERE user_id = %(subject)s
    UNION ALL
    SELECT p.document_bytes FROM maps AS m
    JOIN played_maps AS p ON p.map_id = m.id AND p.version <> m.version WHERE m.user_id = %(subject)s
) AS documents"""
TABLE = (
    Quota("maps", MOST_MAPS, "maps", OWN, "Delete maps that you no longer need."),
    Quota(
        "drafts",
        MOST_DRAFTS,
        "private maps",
        f"{OWN} AND NOT is_public",
        "Publish or delete some of them.",
    ),
    Quota(
        "map_bytes",
        MOST_BYTES,
        "space for maps",
        BYTES,
        "Delete maps that you no longer need, or make them smaller.",
        in_bytes=True,
    ),
    Quota(
        "collections",
        MOST_COLLECTIONS,
        "collections",
        "SELECT count(*) FROM map_collections WHERE user_id = %(subject)s",
        "Delete those that you no longer need.",
    ),
    Quota(
        "collection_maps",
        MOST_IN_COLLECTION,
        "maps in this collection",
        "SELECT count(*) FROM map_collection_entries WHERE collection_id = %(subject)s",
        "Take some out, or begin another collection.",
        of_player=False,
    ),
    Quota(
        "favourites",
        MOST_FAVOURITES,
        "favourites",
        "SELECT count(*) FROM map_favourites WHERE user_id = %(subject)s",
        "Unmark some of them.",
    ),
)
