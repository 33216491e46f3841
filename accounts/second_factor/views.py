"""Pages of the second factor, which the admin requires."""

from contextlib import suppress
from typing import Any

import django_otp
from django.contrib.auth.mixins import UserPassesTestMixin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.generic import FormView
from django_otp.models import Device

from accounts.devices.attempts import CurrentDevice
from accounts.identity.pages import NextUrlMixin, account_form_view, current_user
from accounts.second_factor import actions
from accounts.second_factor.forms import SecondFactorCodeForm
from config.http.client import client_of

PENDING_APP = "second_factor_pending"  # in a browser's session: the app that it is setting up


@method_decorator(never_cache, "dispatch")
class SecondFactor(UserPassesTestMixin, NextUrlMixin, FormView[SecondFactorCodeForm]):
    """Set up an authenticator app, or enter a code of it."""

    form_class = SecondFactorCodeForm
    template_name = "accounts/second_factor.html"
    next_page = "admin:index"

    def test_func(self) -> bool:
        """Returns whether the user is staff. Others have no second factor."""
        user = self.request.user
        return user.is_authenticated and current_user(self.request).is_staff

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Returns the app that is being set up with its QR code, else the state of the second factor."""
        user = current_user(self.request)
        is_set_up, is_verified = actions.is_set_up(user), is_user_verified(self.request)
        context = super().get_context_data(**kwargs) | {"next": self.get_redirect_url()}
        if app := self.find_pending_app():
            return context | {"app": app, "qr_code": actions.qr_code(app)}
        codes_left = actions.count_recovery_codes(user)
        return context | {"set_up": is_set_up, "verified": is_verified, "codes_left": codes_left}

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Begins the setup of a first app, which needs no code. Everything else requires a code."""
        if "begin" in request.POST and not actions.is_set_up(current_user(request)):
            return self.begin_setup()
        return super().post(request, *args, **kwargs)

    def form_valid(self, form: SecondFactorCodeForm) -> HttpResponse:
        """Marks the browser as verified, or begins or finishes the setup of an app."""
        attempt: dict[str, Any] = {
            "client": client_of(self.request),
            "user": current_user(self.request),
            "device": CurrentDevice(session_key=self.request.session.session_key),
            "code": form.cleaned_data["code"],
        }
        is_begin = "begin" in self.request.POST
        with form.show_errors():
            if self.find_pending_app() and not is_begin:
                app, codes = actions.finish_setup(**attempt, **self.pending_app())
                del self.request.session[PENDING_APP]
                verify_browser(self.request, app)
                return show_codes(self.request, codes, self.get_success_url())
            verify_browser(self.request, actions.check_code(**attempt))
            if is_begin:
                return self.begin_setup()
            return HttpResponseRedirect(self.get_success_url())
        return self.form_invalid(form)

    def begin_setup(self) -> HttpResponse:
        """Creates an app and redirects to its setup, unless another browser has set up one meanwhile."""
        with suppress(actions.WrongCode):
            self.request.session[PENDING_APP] = actions.begin_setup(
                user=current_user(self.request), is_verified=is_user_verified(self.request)
            )
        query = urlencode({self.redirect_field_name: self.get_redirect_url()})
        return HttpResponseRedirect(f"{self.request.path}?{query}")

    def pending_app(self) -> dict[str, Any]:
        """Returns the arguments that identify the app that this browser is setting up."""
        return {
            "is_verified": is_user_verified(self.request),
            "app_id": self.request.session.get(PENDING_APP),
        }

    def find_pending_app(self) -> Any:
        """Returns the app that this browser is setting up, if any."""
        return actions.find_pending_app(user=current_user(self.request), **self.pending_app())


@account_form_view
def recovery_codes(request: HttpRequest) -> HttpResponse:
    """Create new recovery codes and show them once."""
    if not is_user_verified(request):
        return redirect("accounts:second-factor")
    codes = actions.replace_recovery_codes(current_user(request))
    return show_codes(request, codes, reverse("admin:index"))


def show_codes(request: HttpRequest, codes: list[str], next_page: str) -> HttpResponse:
    """Returns the page with new recovery codes, which are not shown again."""
    context = {"codes": codes, "next_page": next_page}
    response = render(request, "accounts/recovery_codes.html", context)
    response["Cache-Control"] = "no-store"
    return response


def is_user_verified(request: HttpRequest) -> bool:
    """Returns whether a second factor was entered in this browser, by the middleware of django-otp."""
    verified: bool = current_user(request).is_verified()  # type: ignore[attr-defined]
    return verified


def verify_browser(request: HttpRequest, app: Device) -> None:
    """Marks a browser as verified, under a new session key."""
    request.session.cycle_key()
    django_otp.login(request, app)
