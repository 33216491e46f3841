"""The admin site: its sign-in, what its forms share, and which query parameters its pages accept."""
