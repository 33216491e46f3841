"""A client of the REST API in sixty lines: sign in, list maps, and refresh an expired access token.

    python docs/example_client.py http://localhost:8000 player PASSWORD

Needs httpx. Tokens are in memory only. A game would store the refresh token where its system stores
secrets, and store the new one before it deletes the old one.
"""

import contextlib
import sys
from collections.abc import Iterator
from typing import Any

import httpx


class Tribehold:
    """A signed-in player. All methods raise httpx.HTTPStatusError, which has the response of the API."""

    def __init__(self, site: str, username: str, password: str) -> None:
        self.http = httpx.Client(base_url=f"{site}/api/v1/")
        self._take_tokens("auth/login", {"username": username, "password": password})

    def close(self) -> None:
        """Closes the connections."""
        self.http.close()

    def _take_tokens(self, path: str, body: dict[str, str]) -> None:
        response = self.http.post(path, json=body).raise_for_status().json()
        self.refresh_token = response["refresh"]
        self.http.headers["Authorization"] = f"Bearer {response['access']}"

    def ask(self, method: str, path: str, **options: Any) -> Any:
        """Calls the API, and refreshes the access token if it has expired."""
        response = self.http.request(method, path, **options)
        if response.status_code == 401:
            # A refresh token works once: never send it twice, not even after a lost response.
            del self.http.headers["Authorization"]
            self._take_tokens("auth/refresh", {"refresh": self.refresh_token})
            response = self.http.request(method, path, **options)
        return response.raise_for_status().json()

    def maps(self, words: str = "", sort: str = "top") -> Iterator[dict[str, Any]]:
        """Yields all maps that match, page by page."""
        cursor = None
        while True:
            wanted = {"q": words, "sort": sort, "page_size": 50, "cursor": cursor}
            page = self.ask("GET", "maps", params={k: v for k, v in wanted.items() if v})
            yield from page["results"]
            cursor = page["next"]
            if cursor is None:
                return


if __name__ == "__main__":
    with contextlib.closing(Tribehold(*sys.argv[1:4])) as player:
        for game_map in player.maps():
            author = game_map["author"]["username"]
            print(f"{game_map['rating']:.2f} ★ {game_map['name']}, by {author}")
