"""What search engines are told of: the browser, and the maps that are played most."""

from typing import Any

from django.conf import settings
from django.contrib.sitemaps import Sitemap
from django.urls import reverse

from maps.browse import terrain_cache


class TopMaps(Sitemap[str]):
    """The browser and the hundred most-played public maps, by address."""

    changefreq = "daily"

    def items(self) -> list[str]:
        """Addresses."""
        maps = [reverse("maps:detail", args=[map_id]) for map_id in terrain_cache.top_maps()]
        return [reverse("maps:browse"), *maps]

    def location(self, item: str) -> str:
        """The address itself."""
        return item

    def get_protocol(self, protocol: str | None = None) -> str:
        """That of the site's address, whatever the request says."""
        return str(settings.SITE_URL.partition("://")[0])

    def get_domain(self, site: Any = None) -> str:
        """The host of the site's address, whatever the request says."""
        return str(settings.SITE_URL.partition("://")[2])
