"""The app of lobbies and games."""

from django.apps import AppConfig


class SessionsConfig(AppConfig):
    """The configuration of the app."""

    name = "sessions_app"
    verbose_name = "Games"

    def ready(self) -> None:
        """Registers what lower apps need from this one."""
        from accounts.tokens import families
        from config.limits import request_policies
        from config.ops import maintenance
        from maps.games import register_game_queries
        from maps.quotas import register_stored_documents
        from sessions_app.games import played_maps
        from sessions_app.games.map_queries import EARLIER_MAP_VERSIONS, MAP_QUERIES
        from sessions_app.tickets import resume_tokens, ticket_limits
        from tribes.actions import register_usage_check

        register_game_queries(MAP_QUERIES)
        register_stored_documents(EARLIER_MAP_VERSIONS)
        families.on_revocation(resume_tokens.delete_for_family)
        request_policies.count_by_player(ticket_limits.TICKETS)
        register_usage_check(lambda tribe: tribe.seats.exists())
        maintenance.register(
            "played_maps", "played maps without games", played_maps.delete_unused_maps
        )
