"""Which addresses are answered in JSON. Pure."""


def is_api(path: str) -> bool:
    """Returns whether a path belongs to the REST API."""
    return path == "/api" or path.startswith("/api/")


def is_json(path: str) -> bool:
    """Returns whether a path's errors are JSON: the API, and the documents that scripts of pages load."""
    return is_api(path) or path.endswith(".json")
