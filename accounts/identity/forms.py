"""Forms of visitors: sign up, sign in, lost password. The rules are those of the actions."""

from typing import Any

from django import forms
from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.auth.forms import AuthenticationForm
from django.core.validators import MaxLengthValidator, ProhibitNullCharactersValidator
from django.utils.safestring import mark_safe

from accounts.identity import sign_in
from accounts.identity.passwords import MAX_PASSWORD_LENGTH
from accounts.models.usernames import MAX_USERNAME_LENGTH
from accounts.models.users import MAX_EMAIL_LENGTH
from config.http.client import client_of
from config.http.forms import ActionForm, RestoredForm
from config.kernel.errors import DomainError

HELP_TEXT = "At least 8 characters. A short sentence is easy to remember."


def password_field(label: str, *, is_new: bool = False, help_text: str = "") -> forms.CharField:
    """Returns a field for the current password, or for a new one."""
    autocomplete = "new-password" if is_new else "current-password"
    return forms.CharField(
        label=label,
        strip=False,
        max_length=MAX_PASSWORD_LENGTH,
        widget=forms.PasswordInput(attrs={"autocomplete": autocomplete}),
        help_text=help_text,
    )


def email_field(label: str, help_text: str = "") -> forms.CharField:
    """Returns a field for an email address."""
    return forms.CharField(
        label=label,
        max_length=MAX_EMAIL_LENGTH,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
        help_text=help_text,
    )


class SignInForm(RestoredForm, AuthenticationForm):
    """Django's form to sign in, which also accepts an email address. It may be longer than a username."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        field = self.fields["username"]
        field.label = "Username or email address"
        field.widget.attrs["maxlength"] = field.max_length = MAX_EMAIL_LENGTH  # type: ignore[attr-defined]
        field.validators = [MaxLengthValidator(MAX_EMAIL_LENGTH), ProhibitNullCharactersValidator()]
        if self.is_bound or self.initial.get("username"):  # shown again, with the name filled in
            field.widget.attrs.pop("autofocus", None)
            self.fields["password"].widget.attrs["autofocus"] = True

    def clean(self) -> dict[str, Any]:
        """Checks the password as the API does, with the same limits and lockouts."""
        name, password = self.cleaned_data.get("username"), self.cleaned_data.get("password")
        if name and password:
            assert self.request is not None
            try:
                self.user_cache = sign_in.check_credentials(
                    client=client_of(self.request), name=name, password=password
                )
            except DomainError as error:
                raise forms.ValidationError(error.detail, error.code) from error
            self.confirm_login_allowed(self.user_cache)
        return self.cleaned_data


class StaffSignInForm(SignInForm, AdminAuthenticationForm):
    """The form of the admin's sign-in page."""


class SignUpForm(ActionForm):
    """A new account."""

    field_names = {"accept_privacy_policy": "privacy"}

    username = forms.CharField(
        label="Username",
        max_length=MAX_USERNAME_LENGTH,
        widget=forms.TextInput(attrs={"autocomplete": "username", "autocapitalize": "none"}),
        help_text="3 to 50 letters, digits, hyphens or underscores. Everybody sees it.",
    )
    email = email_field("Email address", "Only you and the administrators see it.")
    password = password_field("Password", is_new=True, help_text=HELP_TEXT)
    privacy = forms.BooleanField(
        label=mark_safe('I agree to the <a href="/privacy/">privacy policy</a>'),
        help_text="Please read it: it is short.",
        required=False,  # the action checks it, and reports all faults at once
        widget=forms.CheckboxInput(attrs={"required": True}),
    )


class RequestResetForm(ActionForm):
    """The account whose password is lost."""

    name = forms.CharField(
        label="Username or email address",
        max_length=MAX_EMAIL_LENGTH,
        widget=forms.TextInput(attrs={"autocomplete": "username", "autocapitalize": "none"}),
    )


class NewPasswordForm(ActionForm):
    """A new password, typed twice."""

    field_names = {"new_password": "new_password2"}

    new_password1 = password_field("New password", is_new=True, help_text=HELP_TEXT)
    new_password2 = password_field("Repeat new password", is_new=True)

    def clean_new_password2(self) -> Any:
        """Returns the password. Raises ValidationError if the two differ."""
        first, second = self.cleaned_data.get("new_password1"), self.cleaned_data["new_password2"]
        if first is not None and first != second:
            raise forms.ValidationError(
                "The two password fields didn’t match.", "password_mismatch"
            )
        return second
