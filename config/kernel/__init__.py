"""Pure helpers of all apps: domain errors, text and value rules. Nothing here imports Django."""
