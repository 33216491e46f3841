"""Maps: editing, browsing, previews, ratings, collections and moderation."""
