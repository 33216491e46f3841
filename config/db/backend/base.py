"""The database backend named in settings.

Django's own makes every foreign key NO ACTION and deletes in Python, so that a DELETE typed in psql
fails or leaves things undone. Ours writes the model's `on_delete` into the constraint. Django 6.1
brings this as `DB_CASCADE`; when we move there, that goes. It also asks a server at the beginning of
each request whether it is there; ours looks whether it has gone.
"""

import select
from typing import Any

from django.db import models
from django.db.backends.ddl_references import Statement
from django.db.backends.postgresql import base, schema
from psycopg.pq import TransactionStatus

ACTIONS = {
    models.CASCADE: "CASCADE",
    models.RESTRICT: "RESTRICT",
    models.PROTECT: "RESTRICT",
    models.SET_NULL: "SET NULL",
    models.DO_NOTHING: "NO ACTION",
}


class DatabaseSchemaEditor(schema.DatabaseSchemaEditor):
    """Adds ON DELETE to every foreign key that a migration makes."""

    sql_create_fk = schema.DatabaseSchemaEditor.sql_create_fk.replace(
        "%(deferrable)s", " ON DELETE %(on_delete)s%(deferrable)s"
    )
    # Django would write the constraint of an added column in line, past `_create_fk_sql`.
    sql_create_column_inline_fk = None  # type: ignore[assignment]

    def _create_fk_sql(self, model: type[models.Model], field: Any, suffix: str) -> Statement:
        statement: Statement = super()._create_fk_sql(model, field, suffix)  # type: ignore[misc]
        parts: dict[str, Any] = statement.parts
        parts["on_delete"] = ACTIONS[field.remote_field.on_delete]
        return statement


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection to PostgreSQL."""

    SchemaEditorClass = DatabaseSchemaEditor

    def is_usable(self) -> bool:
        """Whether the connection works: asked at the beginning of each request.

        A server that ended it has said so, or at least closed it: there is something to read. Where there
        is nothing, nothing went wrong and no transaction is open, a round trip would tell no more.
        """
        if self.connection is None or self.errors_occurred or not self._is_idle():
            return super().is_usable()
        link = select.poll()
        link.register(self.connection.fileno(), select.POLLIN)
        return not link.poll(0) or super().is_usable()

    def _is_idle(self) -> bool:
        """Whether it is open and outside of a transaction; a closed one is in an unknown state."""
        status: TransactionStatus = self.connection.info.transaction_status
        return status == TransactionStatus.IDLE
