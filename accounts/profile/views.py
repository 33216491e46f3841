"""The account page, and the forms that are on it."""

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from accounts.devices import actions as device_actions
from accounts.devices.attempts import CurrentDevice
from accounts.identity import email_addresses, passwords
from accounts.identity.pages import account_form_view, current_user
from accounts.profile.forms import ChangeEmailForm, ChangePasswordForm
from config.http.client import client_of
from config.http.forms import ErrorCatcher
from config.http.methods import require_safe
from config.http.pages import show_error
from config.limits import quotas

SHOWN_DECISIONS = 5


@require_safe
@never_cache
@login_required
def account(request: HttpRequest) -> HttpResponse:
    """A player's own account: profile, devices, storage, password."""
    user, devices = current_user(request), []
    with ErrorCatcher() as caught:
        devices = device_actions.list_devices(user, current=request.session.session_key)
    context = {
        "devices": devices,
        "error": caught.detail,
        "form": ChangePasswordForm(),
        "email_form": ChangeEmailForm(auto_id="address_%s"),
        "storage": quotas.read_usage(user.pk),
        "decisions": user.decisions.all()[:SHOWN_DECISIONS],
    }
    return render(request, "accounts/account.html", context)


@account_form_view
def sign_out_device(request: HttpRequest) -> HttpResponse:
    """Sign out another device, or all others."""
    user = current_user(request)
    with show_error(request):
        if "all" in request.POST:
            device_actions.sign_out_other_devices(user, current=request.session.session_key)
            messages.success(request, "You are signed out everywhere else.")
        else:
            device_actions.sign_out_device(user, request.POST.get("device", ""))
            messages.success(request, "That device is signed out.")
    return redirect("accounts:account")


@sensitive_post_parameters()
@account_form_view
def change_password(request: HttpRequest) -> HttpResponse:
    """Set a new password. All other devices are signed out."""
    form = ChangePasswordForm(request.POST)
    if form.is_valid():
        user = current_user(request)
        with form.show_errors():
            passwords.change_password(
                client=client_of(request),
                user=user,
                device=CurrentDevice(session_key=request.session.session_key),
                old_password=form.cleaned_data["old_password"],
                new_password=form.cleaned_data["new_password1"],
            )
            update_session_auth_hash(request, user)
            messages.success(request, "Your password is changed. All other devices are signed out.")
            return redirect("accounts:account")
    return render(request, "accounts/password.html", {"form": form})


@sensitive_post_parameters()
@account_form_view
def change_email(request: HttpRequest) -> HttpResponse:
    """Set a new email address, which must then be confirmed."""
    form = ChangeEmailForm(request.POST)
    if form.is_valid():
        with form.show_errors():
            email_addresses.change_email(
                client=client_of(request),
                user=current_user(request),
                device=CurrentDevice(session_key=request.session.session_key),
                email=form.cleaned_data["email"],
                password=form.cleaned_data["password"],
            )
            messages.success(request, "Your address is changed. Please open the link sent to it.")
            return redirect("accounts:account")
    return render(request, "accounts/email.html", {"form": form})


@account_form_view
def request_verification(request: HttpRequest) -> HttpResponse:
    """Send another link that confirms the email address."""
    with show_error(request):
        is_sent = email_addresses.request_verification(
            client=client_of(request), user=current_user(request)
        )
        if is_sent:
            messages.success(request, "We've sent you an email. The link works for one hour.")
        else:
            messages.info(request, "Your email address is already confirmed.")
    return redirect("accounts:account")
