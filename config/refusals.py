"""How activities say no. Knows no framework, so that everything may import it."""


class Refused(Exception):
    """A rule of the product forbids what was asked. Activities raise it, edges translate it.

    `code` is stable and for machines, `detail` one sentence for people, `status` the HTTP status
    and `field` the name of the input that was at fault, if one was.
    """

    def __init__(self, code: str, detail: str, *, status: int = 409, field: str | None = None):
        super().__init__(detail)
        self.code, self.detail, self.status, self.field = code, detail, status, field
