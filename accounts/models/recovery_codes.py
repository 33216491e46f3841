"""Recovery codes of staff."""

from django.db import models
from django.db.models.functions import Now

from accounts.models.users import User


class RecoveryCode(models.Model):
    """A code that replaces one of an authenticator app, once. The row is deleted when the code is used."""

    code_hash = models.CharField(
        max_length=64, primary_key=True, db_comment="SHA-256 of the code, which has 80 random bits."
    )
    user = models.ForeignKey(
        User, on_delete=models.CASCADE, related_name="recovery_codes", db_comment="The owner."
    )
    created_at = models.DateTimeField(db_default=Now(), db_comment="When the code was created.")

    class Meta:
        db_table = "recovery_codes"
        db_table_comment = "Unused recovery codes of staff."
        default_permissions = ()

    def __str__(self) -> str:
        return f"A recovery code of {self.user}"
