"""The HTTP status of each domain error, by its code. The only such table."""

from config.kernel.errors import DomainError, InvalidInput

INVALID_INPUT = 400
CONFLICT = 409  # for all other codes: the state of the site forbids the request
STATUSES = {
    "unknown_tribe": INVALID_INPUT,  # also for a tribe that was deleted at this moment
    "invalid_credentials": 401,
    "invalid_token": 401,
    "not_authenticated": 401,
    "banned": 403,
    "insecure_transport": 403,
    "link_used_up": 403,
    "not_host": 403,
    "not_your_collection": 403,
    "own_map": 403,
    "permission_denied": 403,
    "signed_out": 403,
    "staff_map": 403,
    "suspended": 403,
    "not_found": 404,
    "not_seated": 404,
    "unknown_code": 404,
    "precondition_failed": 412,
    "state_too_large": 413,
    "rate_limited": 429,
    "busy": 503,
    "unavailable": 503,
}


def status_of(error: DomainError) -> int:
    """Returns the HTTP status of an error."""
    return INVALID_INPUT if isinstance(error, InvalidInput) else status_of_code(error.code)


def status_of_code(code: str) -> int:
    """Returns the HTTP status of the code of an error that is not an InvalidInput."""
    return STATUSES.get(code, CONFLICT)
