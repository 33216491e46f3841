"""Forms of the account page."""

from accounts.identity.forms import NewPasswordForm, email_field, password_field
from config.http.forms import ActionForm


class ChangeEmailForm(ActionForm):
    """A new email address, and the password."""

    email = email_field("New email address")
    password = password_field("Your password")


class ChangePasswordForm(NewPasswordForm):
    """The current password, and a new one, typed twice."""

    field_order = ("old_password", "new_password1", "new_password2")
    old_password = password_field("Current password")
