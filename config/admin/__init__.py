"""The admin site: its sign-in, base classes of forms and admins, and the query parameters it accepts."""
