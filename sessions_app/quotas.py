"""What games add to the quotas of other apps."""

# Games keep earlier versions of the maps that they were played on.
EARLIER_MAP_VERSIONS = """
SELECT p.document_bytes FROM maps AS m
JOIN played_maps AS p ON p.map_id = m.id AND p.version <> m.version WHERE m.user_id = %(subject)s"""
