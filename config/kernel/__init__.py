"""Pure helpers of all apps: domain errors, rules for texts and values. Nothing here imports Django."""
