"""The moderators' and administrators' desk."""

from django.contrib import admin


class AdminSite(admin.AdminSite):
    """Django's admin under our name. It has its own sign-in page."""

    site_header = "Tribehold"
    site_title = "Tribehold admin"
    index_title = "Moderators' desk"
    site_url = "/maps/"
    empty_value_display = "–"
