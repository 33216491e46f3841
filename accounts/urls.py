"""Addresses of the pages of accounts."""

from django.urls import path, register_converter
from django.urls.converters import StringConverter

from accounts.identity import views as identity
from accounts.models.usernames import MAX_USERNAME_LENGTH, USERNAME_PATTERN
from accounts.profile import views as profile
from accounts.second_factor import views as second_factor
from config.http.pages import require_page_methods


class UsernameConverter(StringConverter):
    """A path segment that can be a username."""

    regex = rf"(?=.{{1,{MAX_USERNAME_LENGTH}}}(?:/|$)){USERNAME_PATTERN.pattern}"


register_converter(UsernameConverter, "username")
app_name = "accounts"
urlpatterns = [
    path("signup/", identity.sign_up, name="sign-up"),
    path("login/", require_page_methods(identity.SignIn.as_view()), name="sign-in"),
    path("logout/", identity.SignOut.as_view(), name="sign-out"),
    path("account/", profile.account, name="account"),
    path("account/devices", profile.sign_out_device, name="sign-out-device"),
    path("account/address", profile.change_email, name="change-email"),
    path("account/password", profile.change_password, name="change-password"),
    path("account/verification", profile.request_verification, name="request-verification"),
    path(
        "account/second-factor",
        require_page_methods(second_factor.SecondFactor.as_view()),
        name="second-factor",
    ),
    path("account/recovery-codes", second_factor.recovery_codes, name="recovery-codes"),
    path("verify/<str:uidb64>/<str:token>/", identity.verify, name="verify"),
    path("reset/", identity.request_reset, name="request-reset"),
    path("reset/<uidb64>/<token>/", identity.ResetPassword.as_view(), name="reset"),
]
