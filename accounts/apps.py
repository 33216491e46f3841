"""The application's name in the admin, and the signals that it receives."""

from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_in


class AccountsConfig(AppConfig):
    """Players and their sign-ins."""

    name = "accounts"
    verbose_name = "Players"

    def ready(self) -> None:
        """Connects signals, and registers the daily deletion of expired sessions."""
        from accounts import receivers
        from accounts.devices import actions
        from config.http.secure_transport import tokens_exposed
        from config.ops import maintenance

        user_logged_in.connect(receivers.record_device)
        tokens_exposed.connect(receivers.revoke_tokens_sent_in_clear)
        maintenance.register("sessions", "expired page sessions", actions.delete_expired)
