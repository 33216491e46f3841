"""The form of the second factor."""

from django import forms

from config.http.forms import ActionForm


class SecondFactorCodeForm(ActionForm):
    """Asks for a code of an authenticator app, or for a recovery code. Each error is shown at it."""

    field_names = {"": "code"}

    code = forms.CharField(
        max_length=40,
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "autocapitalize": "none", "autofocus": True}
        ),
    )

    def clean_code(self) -> str:
        """Returns the code without the spaces that apps show in it."""
        return "".join(str(self.cleaned_data["code"]).split())
