"""The database backend of the settings. It also watches for outages.

Django creates every foreign key with NO ACTION, and deletes related rows in Python, so a DELETE in psql
fails. This backend writes the model's `on_delete` into the constraint. `DB_CASCADE` of Django 6.1 will
replace it.
"""

from typing import Any

from django.db import models
from django.db.backends.ddl_references import Statement
from django.db.backends.postgresql import base, schema

from config.ops.outages import watch_database

ACTIONS = {
    models.CASCADE: "CASCADE",
    models.RESTRICT: "RESTRICT",
    models.PROTECT: "RESTRICT",
    models.SET_NULL: "SET NULL",
    models.DO_NOTHING: "NO ACTION",
}


class DatabaseSchemaEditor(schema.DatabaseSchemaEditor):
    """Adds ON DELETE to the foreign keys of migrations."""

    sql_create_fk = schema.DatabaseSchemaEditor.sql_create_fk.replace(
        "%(deferrable)s", " ON DELETE %(on_delete)s%(deferrable)s"
    )
    # Otherwise Django writes the constraint of an added column inline, without `_create_fk_sql`.
    sql_create_column_inline_fk = None  # type: ignore[assignment]

    def _create_fk_sql(self, model: type[models.Model], field: Any, suffix: str) -> Statement:
        statement: Statement = super()._create_fk_sql(model, field, suffix)  # type: ignore[misc]
        parts: dict[str, Any] = statement.parts
        parts["on_delete"] = ACTIONS[field.remote_field.on_delete]
        return statement


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection to PostgreSQL."""

    SchemaEditorClass = DatabaseSchemaEditor

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Returns a new connection, and records whether the server accepts it."""
        with watch_database():
            return super().get_new_connection(conn_params)
