"""Which paths have JSON responses. Pure."""


def is_api(path: str) -> bool:
    """Returns whether a path belongs to the REST API."""
    return path == "/api" or path.startswith("/api/")


def is_json(path: str) -> bool:
    """Returns whether errors of a path are JSON: those of the API, and of documents that scripts load."""
    return is_api(path) or path.endswith(".json")
