"""Addresses of the account pages."""

from django.urls import path, register_converter

from accounts.identity import views
from accounts.models.usernames import MAX_USERNAME_LENGTH, USERNAME_PATTERN


class UsernameConverter:
    """A part of an address that can be a user name."""

    regex = rf"(?=.{{1,{MAX_USERNAME_LENGTH}}}(?:/|$)){USERNAME_PATTERN.pattern}"

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
    path("login/", views.page(views.SignIn.as_view()), name="sign-in"),
    path("logout/", views.SignOut.as_view(), name="sign-out"),
    path("account/", views.account, name="account"),
    path("account/devices", views.end_device, name="end-device"),
    path("account/address", views.change_address, name="change-address"),
    path("account/password", views.change_password, name="change-password"),
    path("account/verification", views.ask_for_verification, name="ask-for-verification"),
    path("account/second-factor", views.page(views.SecondFactor.as_view()), name="second-factor"),
    path("account/recovery-codes", views.recovery_codes, name="recovery-codes"),
    path("verify/<str:who>/<str:token>/", views.verify, name="verify"),
    path("reset/", views.ask_for_reset, name="ask-for-reset"),
    path("reset/<uidb64>/<token>/", views.Reset.as_view(), name="reset"),
]
