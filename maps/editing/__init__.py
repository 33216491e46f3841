"""Creating and changing maps, publishing, removing."""
