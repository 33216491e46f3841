"""Where a player is signed in: browsers and game clients."""
