"""Fields of forms that ask for passwords and email addresses. The rules are those of the actions."""

from typing import Any

from django import forms

from accounts.identity.passwords import MAX_PASSWORD_LENGTH
from accounts.models.users import MAX_EMAIL_LENGTH

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


class NewPasswordForm(forms.Form):
    """Asks for a new password twice."""

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
