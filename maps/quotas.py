"""How many maps, collections and favourites a player may have, and how large the maps may be.

Active authors have a few dozen maps. The limits stop programs that create more. Bytes are those of the
documents as JSON text: a map of 20 × 20 cells has 31 KB, the largest one, of 100 × 100 cells with a hundred
waves, 830 KB. PostgreSQL compresses them to about an eighth.
"""

from config.limits.quotas import Quota, count_rows, register_quotas

MAX_MAPS = 500
MAX_DRAFTS = 200
MAX_MAP_BYTES = 200 * 1024 * 1024  # 250 maps of the largest size
MAX_COLLECTIONS = 50
MAX_COLLECTION_MAPS = 200
MAX_FAVOURITES = 1000

OWN_MAPS = f"{count_rows('maps')} AND removed_at IS NULL"
# Removed maps remain for the games that were played on them, so their bytes count.
_document_sizes = ["SELECT document_bytes FROM maps WHERE user_id = %(subject)s"]


def register_stored_documents(sizes: str) -> None:
    """Adds documents of maps that another app stores to the quota of bytes.

    `sizes` is a SELECT of the column `document_bytes` for the author `%(subject)s`.
    """
    _document_sizes.append(sizes)
    register_quotas(_map_bytes())


def _map_bytes() -> Quota:
    documents = " UNION ALL ".join(_document_sizes)
    return Quota(
        "map_bytes",
        MAX_MAP_BYTES,
        "space for maps",
        f"SELECT coalesce(sum(document_bytes), 0) FROM ({documents}) AS documents",  # noqa: S608
        "Delete maps that you no longer need, or make them smaller.",
        in_bytes=True,
    )


QUOTAS = (
    Quota("maps", MAX_MAPS, "maps", OWN_MAPS, "Delete maps that you no longer need."),
    Quota(
        "drafts",
        MAX_DRAFTS,
        "private maps",
        f"{OWN_MAPS} AND NOT is_public",
        "Publish or delete some of them.",
    ),
    _map_bytes(),
    Quota(
        "collections",
        MAX_COLLECTIONS,
        "collections",
        count_rows("map_collections"),
        "Delete those that you no longer need.",
    ),
    Quota(
        "collection_maps",
        MAX_COLLECTION_MAPS,
        "maps in this collection",
        count_rows("map_collection_entries", "collection_id"),
        "Remove some of them, or make another collection.",
        of_player=False,
    ),
    Quota(
        "favourites",
        MAX_FAVOURITES,
        "favourites",
        count_rows("map_favourites"),
        "Remove some of them.",
    ),
)
