"""Tables of players: accounts, decisions about them, sessions of pages, recovery codes, audit log."""

from accounts.models.audit import AuditLog
from accounts.models.decisions import UserDecision
from accounts.models.page_sessions import PageSession
from accounts.models.recovery_codes import RecoveryCode
from accounts.models.users import User, Viewer

__all__ = ["AuditLog", "PageSession", "RecoveryCode", "User", "UserDecision", "Viewer"]
