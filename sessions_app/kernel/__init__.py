"""Facts about games that models, rules and SQL share: statuses and limits. Pure."""
