"""Addresses of the account pages."""

from django.urls import path, register_converter

from accounts import views
from accounts.names import USERNAME, USERNAME_MAX


class UsernameConverter:
    """A part of an address that can be a user name."""

    regex = rf"(?=.{{1,{USERNAME_MAX}}}(?:/|$)){USERNAME.pattern}"

    def to_python(self, value: str) -> str:
        """The name."""
        return value

    def to_url(self, value: str) -> str:
        """The name."""
        return value


register_converter(UsernameConverter, "username")
app_name = "accounts"
urlpatterns = [
    path("signup/", views.sign_up, name="sign-up"),
    path("login/", views.SignIn.as_view(), name="sign-in"),
    path("logout/", views.SignOut.as_view(), name="sign-out"),
]
