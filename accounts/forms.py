"""What the account pages take from people."""

from typing import Any

from django import forms
from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.auth import password_validation
from django.contrib.auth.forms import AuthenticationForm

from accounts.models import User


class NameOrAddress(AuthenticationForm):
    """Takes an address where Django expects a name, which is shorter."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        field = self.fields["username"]
        field.label = "User name or e-mail address"
        field.widget.attrs["maxlength"] = field.max_length = 255  # type: ignore[attr-defined]
        field.validators = []


class SignInForm(NameOrAddress):
    """For the pages."""

    error_messages = {
        "invalid_login": "Name or password is wrong. Mind capital letters in the password.",
        "inactive": "This account is closed.",
    }


class StaffSignInForm(NameOrAddress, AdminAuthenticationForm):
    """For the admin."""


class SignUpForm(forms.ModelForm[User]):
    """A new account. Names and addresses are unique whatever their case: the model's constraints say so."""

    password = forms.CharField(
        label="Password",
        strip=False,
        max_length=1000,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="At least 8 characters. A short sentence is easy to keep in mind.",
    )

    class Meta:
        model = User
        fields = ("username", "email")
        labels = {"username": "User name", "email": "E-mail address"}
        help_texts = {
            "username": "3 to 50 letters, digits, hyphens or underscores. Everybody sees it.",
            "email": "Only you and the administrators see it.",
        }
        widgets = {
            "username": forms.TextInput(
                attrs={"autocomplete": "username", "autocapitalize": "none"}
            ),
            "email": forms.EmailInput(attrs={"autocomplete": "email"}),
        }

    def _post_clean(self) -> None:
        """After the fields: a password is judged beside the name and address it belongs to."""
        super()._post_clean()  # type: ignore[misc]
        if password := self.cleaned_data.get("password"):
            try:
                password_validation.validate_password(password, self.instance)
            except forms.ValidationError as error:
                self.add_error("password", error)

    def save(self, commit: bool = True) -> User:
        """The new player, with the password hashed."""
        self.instance.set_password(self.cleaned_data["password"])
        return super().save(commit)
