"""Pages of visitors: sign up, sign in and out, and links from emails."""

from contextlib import suppress
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.views import LoginView, LogoutView
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse, reverse_lazy
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.generic import FormView

from accounts.identity import email_addresses, links, passwords, registration
from accounts.identity.forms import NewPasswordForm, RequestResetForm, SignInForm, SignUpForm
from accounts.identity.pages import NextUrlMixin
from config.http.client import client_of
from config.http.next_url import next_url
from config.http.pages import require_page_methods

BACKEND = "accounts.identity.backends.UsernameOrEmailBackend"
RESET_COOKIE = "reset_token"
RESET_FORM = "set-password"  # replaces the token in the form's address


class SignIn(NextUrlMixin, LoginView):
    """Sign in, and return to the previous page."""

    authentication_form = SignInForm
    template_name = "accounts/sign_in.html"
    redirect_authenticated_user = True


class SignOut(NextUrlMixin, LogoutView):
    """Sign out, by POST only."""


@sensitive_post_parameters("password")
@require_page_methods
def sign_up(request: HttpRequest) -> HttpResponse:
    """Create an account, sign in, and return to the previous page."""
    redirect_to = next_url(request)
    if request.user.is_authenticated:
        return HttpResponseRedirect(redirect_to or reverse("maps:browse"))
    form = SignUpForm(request.POST or None)
    if form.is_valid():
        data = form.cleaned_data
        with form.show_errors():
            user = registration.register(
                client=client_of(request),
                username=data["username"],
                email=data["email"],
                password=data["password"],
                accept_privacy_policy=data["privacy"],
            )
            login(request, user, BACKEND)
            return HttpResponseRedirect(redirect_to or reverse("maps:browse"))
    return render(request, "accounts/sign_up.html", {"form": form, "next": redirect_to})


@require_page_methods
def verify(request: HttpRequest, uidb64: str, token: str) -> HttpResponse:
    """Confirm an email address. The page has a button, because mail programs open links, too."""
    if request.method == "POST":
        with suppress(links.InvalidLink):  # the page shows why
            email_addresses.confirm_email(uid=uidb64, token=token)
            messages.success(request, "Your email address is confirmed.")
            return redirect("accounts:account")
    link = links.read_verification_link(uidb64, token)
    return render(request, "accounts/verify.html", {"link": link})


@require_page_methods
def request_reset(request: HttpRequest) -> HttpResponse:
    """Send a link to choose a new password. The response does not show whether the account exists."""
    form = RequestResetForm(request.POST or None)
    is_sent = False
    if form.is_valid():
        with form.show_errors():
            passwords.request_password_reset(
                client=client_of(request), name=form.cleaned_data["name"]
            )
            is_sent = True
    return render(request, "accounts/request_reset.html", {"form": form, "sent": is_sent})


@method_decorator([require_page_methods, sensitive_post_parameters(), never_cache], "dispatch")
class ResetPassword(FormView[NewPasswordForm]):
    """Choose a new password by the link of an email.

    The link redirects to an address without the token, which moves into a cookie for that address. So the
    token is in no referrer, history or session, and a reader of the database can't use the link.
    """

    form_class = NewPasswordForm
    template_name = "accounts/reset.html"
    success_url = reverse_lazy("accounts:sign-in")

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Shows the form to a client with a valid token, else that the link has expired."""
        is_form = kwargs["token"] == RESET_FORM
        self.token = request.COOKIES.get(RESET_COOKIE, "") if is_form else kwargs["token"]
        user = links.find_reset_user(kwargs["uidb64"], self.token)
        if user is None:
            return self.show_expired()
        self.user = user
        self.address = reverse("accounts:reset", args=[links.uid_of(user), RESET_FORM])
        return (
            super().dispatch(request, *args, **kwargs) if is_form else self.move_token_to_cookie()
        )

    def show_expired(self) -> HttpResponse:
        """Returns the page of an invalid link."""
        return self.render_to_response({"is_valid": False})

    def move_token_to_cookie(self) -> HttpResponse:
        """Redirects to the form, with the token in a cookie."""
        response = HttpResponseRedirect(self.address)
        response.set_cookie(
            RESET_COOKIE,
            self.token,
            max_age=settings.PASSWORD_RESET_TIMEOUT,
            path=self.address,
            secure=settings.SESSION_COOKIE_SECURE,
            httponly=True,
            samesite="Lax",  # strict, it would not be sent when a webmail page opens the link
        )
        return response

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Returns the form."""
        return super().get_context_data(**kwargs) | {"is_valid": True}

    def form_valid(self, form: NewPasswordForm) -> HttpResponse:
        """Sets the password, unless the link was used in the meantime."""
        with form.show_errors():
            try:
                passwords.reset_password(
                    client=client_of(self.request),
                    user_id=self.user.pk,
                    token=self.token,
                    new_password=form.cleaned_data["new_password1"],
                    session_key=self.request.session.session_key,
                )
            except links.InvalidLink:
                return self.show_expired()
            messages.success(self.request, "Your password is changed. Sign in with the new one.")
            response = HttpResponseRedirect(self.get_success_url())
            response.delete_cookie(RESET_COOKIE, path=self.address, samesite="Lax")
            return response
        return self.form_invalid(form)
