"""Where Django's views of accounts lead to."""

from django.contrib.auth.views import RedirectURLMixin
from django.http import HttpRequest

from config.http.next_url import next_url


class NextUrlMixin(RedirectURLMixin):
    """Checks `next` by config.http.next_url, which is stricter than Django's own check."""

    request: HttpRequest

    def get_redirect_url(self, request: HttpRequest | None = None) -> str:
        """Returns where to go on to, or nothing for the view's own default."""
        return next_url(self.request)
