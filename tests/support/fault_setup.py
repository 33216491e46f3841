"""What a fault test needs, made in a process of its own that knows its servers by TRIBEHOLD_DATA.

python -m tests.support.fault_setup COMMAND

lobbies N    make N lobbies of two to four players; print them as JSON, and where the servers are
redis        restart the embedded Redis
postgres     restart the embedded PostgreSQL
"""

import json
import random
import sys
from typing import Any

from config.db.pools import connection_string
from config.embedded import servers
from config.embedded.folders import prepare_folders

PASSWORD = "drill"  # the hash of all players: tickets bear a stamp of it


def make_lobbies(number: int) -> dict[str, Any]:
    """Lobbies with their players, and the addresses of the servers."""
    import django

    django.setup()
    from django.conf import settings
    from django.contrib.auth.hashers import make_password

    from accounts.models import User
    from tests.support.factories import make_map, make_user
    from tests.support.lobbies import Table

    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    make_password("warm")
    chance = random.Random(20260701)
    game_map = make_map(make_user("DrillAuthor"))
    tables = [Table(chance.randint(2, 4), game_map=game_map) for _ in range(number)]
    User.objects.update(password=PASSWORD)
    return {
        "database": connection_string(),
        "redis": settings.REDIS_URL,
        "lobbies": {str(t.id): [str(user.pk) for user in t.users] for t in tables},
    }


def restart(server: servers.Postgres | servers.Redis) -> None:
    """Stops a server and starts it again."""
    owner = prepare_folders()
    server.start(owner)  # finds it running, and where its programs are
    server.stop(owner)
    server.start(owner)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["lobbies", number]:
            json.dump(make_lobbies(int(number)), sys.stdout)
        case ["redis"]:
            restart(servers.Redis())
        case ["postgres"]:
            restart(servers.Postgres())
