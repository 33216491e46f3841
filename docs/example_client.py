"""A client of the REST API in sixty lines: sign in, list maps, go on when the access token has died.

    python docs/example_client.py http://localhost:8000 player PASSWORD

Needs httpx. Tokens are kept in memory; a game would keep the refresh token where its system keeps
secrets, and write the new one before it forgets the old.
"""

import contextlib
import sys
from collections.abc import Iterator
from typing import Any

import httpx


class Tribehold:
    """A signed-in player. Any method raises httpx.HTTPStatusError with the API's own words inside."""

    def __init__(self, site: str, username: str, password: str) -> None:
        self.http = httpx.Client(base_url=f"{site}/api/v1/")
        self._take_tokens("auth/login", {"username": username, "password": password})

    def close(self) -> None:
        """Close the connections."""
        self.http.close()

    def _take_tokens(self, path: str, body: dict[str, str]) -> None:
        answer = self.http.post(path, json=body).raise_for_status().json()
        self.refresh_token = answer["refresh"]
        self.http.headers["Authorization"] = f"Bearer {answer['access']}"

    def ask(self, method: str, path: str, **options: Any) -> Any:
        """A call of the API, with the tokens renewed when the access token has died."""
        answer = self.http.request(method, path, **options)
        if answer.status_code == 401:
            # A refresh token works once: never send it twice, not even after a lost answer.
            del self.http.headers["Authorization"]
            self._take_tokens("auth/refresh", {"refresh": self.refresh_token})
            answer = self.http.request(method, path, **options)
        return answer.raise_for_status().json()

    def maps(self, words: str = "", sort: str = "top") -> Iterator[dict[str, Any]]:
        """All maps that match, page after page."""
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
