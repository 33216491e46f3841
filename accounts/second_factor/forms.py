"""The form of the second factor."""

from django import forms

from config.http.forms import ActionForm


class SecondFactorCodeForm(ActionForm):
    """A code of an authenticator app, or a recovery code. All errors are shown at this field."""

    field_names = {"": "code"}

    code = forms.CharField(
        max_length=40,
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "autocapitalize": "none", "autofocus": True}
        ),
    )

    def clean_code(self) -> str:
        """Returns the code without spaces, with which apps show it."""
        return "".join(str(self.cleaned_data["code"]).split())
