"""What the account pages take from people."""

from typing import Any

from django import forms
from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.auth import password_validation
from django.contrib.auth.forms import AuthenticationForm, PasswordChangeForm, SetPasswordForm
from django.core.validators import MaxLengthValidator, ProhibitNullCharactersValidator
from django.db import IntegrityError, transaction
from django.forms.utils import ErrorDict
from django.utils import timezone
from django.utils.safestring import mark_safe

from accounts.identity import sign_in
from accounts.identity.attempts import Tries
from accounts.models import User
from config.kernel.errors import DomainError

LONGEST_PASSWORD = 1000  # characters; hashing longer ones would cost more and protect no better
HINT = "At least 8 characters. A short sentence is easy to remember."


def refuse(form: forms.BaseForm, refusal: DomainError) -> None:
    """Show a form again with a refusal alone: what it holds is not looked at, nor told to be wrong."""
    form._errors, form.cleaned_data = ErrorDict(), {}  # type: ignore[attr-defined]
    form.add_error(None, refusal.detail)


class NameOrAddress(AuthenticationForm):
    """Takes an address where Django expects a name, which is shorter."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        field = self.fields["username"]
        field.label = "Username or email address"
        field.widget.attrs["maxlength"] = field.max_length = 255  # type: ignore[attr-defined]
        field.validators = [MaxLengthValidator(255), ProhibitNullCharactersValidator()]
        if self.is_bound:  # shown again, it has a name, and wants the right password
            field.widget.attrs.pop("autofocus", None)
            self.fields["password"].widget.attrs["autofocus"] = True

    def clean(self) -> dict[str, Any]:
        """Sign in as the API does: the same limits, the same locks."""
        name, password = self.cleaned_data.get("username"), self.cleaned_data.get("password")
        if name and password:
            assert self.request is not None
            try:
                self.user_cache = sign_in.check_password(self.request, name, password)
            except DomainError as refusal:
                raise forms.ValidationError(refusal.detail, refusal.code) from refusal
            self.confirm_login_allowed(self.user_cache)
        return self.cleaned_data


class SignInForm(NameOrAddress):
    """For the pages."""


class StaffSignInForm(NameOrAddress, AdminAuthenticationForm):
    """For the admin."""


class AccountForm(forms.ModelForm[User]):
    """Writes to an account: names and addresses are unique, whoever else is writing."""

    def save_or_explain(self) -> User | None:
        """The player; None, with the fault told, when somebody was faster with name or address."""
        try:
            with transaction.atomic():
                return self.save()
        except IntegrityError:
            self.full_clean()  # finds the other one's row now
            if self.is_valid():
                self.add_error(None, "Something went wrong. Please try again.")
            return None


class SignUpForm(AccountForm):
    """A new account. Names and addresses are unique whatever their case: the model's constraints say so."""

    password = forms.CharField(
        label="Password",
        strip=False,
        max_length=LONGEST_PASSWORD,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=HINT,
    )

    privacy = forms.BooleanField(
        label=mark_safe('I agree to the <a href="/privacy/">privacy policy</a>'),
        help_text="Read it (it's short).",
        error_messages={"required": "Please agree to the privacy policy to create an account."},
    )

    class Meta:
        model = User
        fields = ("username", "email")
        labels = {"username": "Username", "email": "Email address"}
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
        self.instance.privacy_accepted_at = timezone.now()
        return super().save(commit)


class AddressForm(AccountForm):
    """Another e-mail address. It leads back into the account, so it is changed with the password only."""

    password = forms.CharField(
        label="Your password",
        strip=False,
        max_length=LONGEST_PASSWORD,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )

    class Meta:
        model = User
        fields = ("email",)
        labels = {"email": "New email address"}
        widgets = {"email": forms.EmailInput(attrs={"autocomplete": "email"})}

    def __init__(self, *arguments: Any, tries: Tries | None = None, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.tries = tries

    def clean_password(self) -> str:
        """The password of the account."""
        password: str = self.cleaned_data["password"]
        if not self.instance.check_password(password):
            raise forms.ValidationError("That's not your current password.", "wrong_password")
        if self.tries:
            self.tries.forget()
        return password

    def save(self, commit: bool = True) -> User:
        """The player, whose new address is still to be proved."""
        if "email" in self.changed_data:
            self.instance.email_verified_at = None
        if commit:  # the rest of the row may have changed while the password was checked: a ban
            self.instance.save(update_fields=["email", "email_verified_at"])
        return self.instance


class NewPasswordForm(PasswordChangeForm):
    """The old password, and the new one twice."""

    error_messages = PasswordChangeForm.error_messages | {
        "password_incorrect": "That's not your current password."
    }

    def __init__(self, *arguments: Any, tries: Tries | None = None, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.tries = tries
        word_new_password(self)
        self.fields["old_password"].label = "Current password"
        # The form stands at the end of a page that is about more than passwords.
        self.fields["old_password"].widget.attrs.pop("autofocus", None)

    def clean_old_password(self) -> str:
        """The old password: what counts wrong ones begins anew, whatever the new one is like."""
        password: str = super().clean_old_password()
        if self.tries:
            self.tries.forget()
        return password


class ResetPasswordForm(SetPasswordForm):  # type: ignore[type-arg] # takes none at runtime
    """A new password, twice, by the link of a letter."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        word_new_password(self)


def word_new_password(form: forms.BaseForm) -> None:
    """Say what a new password needs in one line, as at the sign-up; take none too long for a sign-in."""
    first, second = form.fields["new_password1"], form.fields["new_password2"]
    first.help_text, second.help_text = HINT, ""
    second.label = "Repeat new password"
    first.widget.attrs["maxlength"] = LONGEST_PASSWORD
    first.validators.append(MaxLengthValidator(LONGEST_PASSWORD))


class CodeForm(forms.Form):
    """A code of an authenticator app, or a recovery code."""

    code = forms.CharField(
        max_length=40,
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "autocapitalize": "none", "autofocus": True}
        ),
    )

    def clean_code(self) -> str:
        """The code without the spaces that apps show in it."""
        return "".join(str(self.cleaned_data["code"]).split())


class ResetForm(forms.Form):
    """Who has lost a password."""

    name = forms.CharField(
        label="Username or email address",
        max_length=255,
        widget=forms.TextInput(attrs={"autocomplete": "username", "autocapitalize": "none"}),
    )
