"""The sitemap for search engines: the browser, and the top maps."""

from typing import Any

from django.conf import settings
from django.contrib.sitemaps import Sitemap
from django.urls import reverse

from maps.browse import top_maps


class TopMaps(Sitemap[str]):
    """The addresses of the browser and of the top maps."""

    changefreq = "daily"

    def items(self) -> list[str]:
        """Returns the paths."""
        maps = [reverse("maps:detail", args=[map_id]) for map_id in top_maps.read_top_maps()]
        return [reverse("maps:browse"), *maps]

    def location(self, item: str) -> str:
        """Returns the path itself."""
        return item

    def get_protocol(self, protocol: str | None = None) -> str:
        """Returns the scheme of SITE_URL, independent of the request."""
        return str(settings.SITE_URL.partition("://")[0])

    def get_domain(self, site: Any = None) -> str:
        """Returns the host of SITE_URL, independent of the request."""
        return str(settings.SITE_URL.partition("://")[2])
