"""Static files over ASGI, read in the event loop."""

from pathlib import Path
from typing import Any

from servestatic import ServeStaticASGI

from config.http.cross_origin import CLIENT_MODULES
from config.server.asgi import Receive, Scope, Send
from config.storage.static_files import public_names, read_manifest

CHUNK_BYTES = 64 * 1024  # the next part is read when the client has read this one


class StaticFiles(ServeStaticASGI):  # type: ignore[misc] # it has no types
    """Serves the static files of the manifest, and passes every other request on.

    ServeStatic itself starts a thread for each request, which runs as long as its client reads. The files
    are small and in the system's cache, so reading a part takes less time than starting a thread. For a slow
    client only one part is in memory.
    """

    def update_files_dictionary(self, root: str, prefix: str) -> None:
        """Finds the files to serve, at the start."""
        self.public = {str(Path(root) / name) for name in public_names(Path(root))}
        super().update_files_dictionary(root, prefix)
        # Other sites import the client by a name that does not change with its content.
        hashed = read_manifest(Path(root))
        for name in CLIENT_MODULES:
            if name in hashed:
                self.add_file_to_dictionary(prefix + name, str(Path(root) / hashed[name]))

    def add_file_to_dictionary(self, url: str, path: str, **options: Any) -> None:
        """Adds a file, if it is a public one."""
        if path in self.public:
            super().add_file_to_dictionary(url, path, **options)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves a file, or passes the request to the application."""
        file = self.files.get(scope["path"]) if scope["type"] == "http" else None
        if file is None:
            await self.application(scope, receive, send)
            return
        names = ((k.decode("latin1"), v.decode("latin1")) for k, v in scope["headers"])
        wsgi_headers = {"HTTP_" + k.upper().replace("-", "_"): v for k, v in names}
        response = file.get_response(scope["method"], wsgi_headers)
        headers = [(k.lower().encode("latin1"), v.encode("latin1")) for k, v in response.headers]
        status = int(response.status)
        await send({"type": "http.response.start", "status": status, "headers": headers})
        if response.file is not None:
            with response.file:
                while part := response.file.read(CHUNK_BYTES):
                    await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


def set_static_headers(headers: Any, path: str, url: str) -> None:
    """Forbids browsers to guess the type of a static file, and other sites to embed it.

    `config.server.cross_origin` allows other sites to import the client modules.
    """
    if url.endswith(CLIENT_MODULES):
        headers["Cache-Control"] = "no-cache"
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Cross-Origin-Resource-Policy"] = "same-origin"
