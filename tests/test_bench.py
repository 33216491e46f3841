"""What the measurements stand on."""

from django.contrib.auth.password_validation import validate_password

from accounts.models import User
from bench.players import new_player


def test_passwords_of_measured_players_are_accepted() -> None:
    """A random password of hexadecimal digits was too much like the name in a third of all runs."""
    for _ in range(500):
        player = new_player()
        user = User(username=player["username"], email=player["email"])
        validate_password(player["password"], user)
