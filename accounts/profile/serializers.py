"""Documents of a player's own account."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.identity.serializers import OwnUser, PasswordField
from accounts.models import User
from accounts.models.users import MAX_EMAIL_LENGTH
from config.api.serialization import CheckedTextField, count_field
from config.limits import quotas


class QuotaUse(serializers.Serializer[Any]):
    """How much of a quota is used."""

    used = count_field("May be above the limit: then only growth is refused.")
    limit = count_field("The most that may be stored.")


class Quotas(serializers.Serializer[Any]):
    """The usage and the limit of each quota."""

    def get_fields(self) -> dict[str, Any]:
        """Returns a field for each quota of players."""
        return {
            quota.name: QuotaUse(
                help_text="In bytes." if quota.in_bytes else f"Your {quota.label}."
            )
            for quota in quotas.player_quotas()
        }


class OwnUserWithQuotas(OwnUser):
    """The fields that only the player may read, with the quotas."""

    quotas = serializers.SerializerMethodField(
        help_text="What would exceed a limit is refused with a 409 `quota_reached`."
    )

    class Meta(OwnUser.Meta):
        fields = (*OwnUser.Meta.fields, "quotas")  # type: ignore[assignment]

    @extend_schema_field(Quotas)
    def get_quotas(self, user: User) -> dict[str, dict[str, int]]:
        """Returns the use of each quota, by name."""
        return {
            usage.quota.name: {"used": usage.used, "limit": usage.quota.limit}
            for usage in quotas.read_usage(user.pk)
        }


class NewPassword(serializers.Serializer[Any]):
    """The current password and a new one."""

    old_password = PasswordField(help_text="The password until now.")
    new_password = PasswordField(help_text="8 or more characters, hard to guess.")


class NewAddress(serializers.Serializer[Any]):
    """A new email address, and the password, since reset links sent to that address open the account."""

    # Both fields are required, though for a PATCH the schema would show them as optional.
    partial = property(lambda self: False, lambda self, value: None)
    email = CheckedTextField(max_length=MAX_EMAIL_LENGTH, help_text="Unique, ignoring case.")
    password = PasswordField(help_text="The password of the account.")
