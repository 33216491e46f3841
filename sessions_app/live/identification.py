"""Finds out whose socket it is: by a resume token, a ticket, or the cookie of a page."""

from uuid import UUID

from django.conf import settings

from config.kernel.errors import DomainError
from config.server.asgi import Scope
from sessions_app.kernel.protocol import FINAL_ERRORS
from sessions_app.live.handshake import has_own_origin
from sessions_app.live.hub import Hub
from sessions_app.tickets import resume_tokens, tickets
from sessions_app.tickets.tickets import Holder

# A key of ASGI scopes: whether the address has opened too many sockets.
IS_ADDRESS_LIMITED = "tribehold.is_address_limited"


async def find_holder(
    hub: Hub, scope: Scope, game_id: UUID, *, resume: str | None, ticket: str | None
) -> Holder | None:
    """Returns the holder of a resume token or else of a ticket, or None.

    Without both, returns the player signed in on a page of this site. The limit of an address only holds for
    pages: tickets have one for each player, and a seat has one resume token. Raises DomainError `bad_resume`
    unless there is a ticket, `suspended`, `too_many_sockets`; UNAVAILABLE_ERRORS.
    """
    if resume is not None:
        try:
            holder: Holder = await hub.database.run(resume_tokens.find_holder, game_id, resume)
            return holder
        except DomainError as error:
            if ticket is None or error.code != "bad_resume":
                raise
    if ticket is not None:
        await hub.sign_ins.detect_emptied_redis()
        return await tickets.redeem_ticket(hub.redis, ticket, game_id)
    session_key = scope["cookies"].get(settings.SESSION_COOKIE_NAME)
    if session_key is None or not has_own_origin(scope):
        return None
    if scope.get(IS_ADDRESS_LIMITED):
        raise DomainError("too_many_sockets", FINAL_ERRORS["too_many_sockets"][1])
    return await hub.database.call(tickets.find_page_holder, session_key)
