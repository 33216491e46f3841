"""Pages of accounts: sign up, in and out."""

from django.contrib.auth import login
from django.contrib.auth.views import LoginView, LogoutView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts.forms import SignInForm, SignUpForm
from config import limits
from config.refusals import Refused

BACKEND = "accounts.backends.UsernameOrEmailBackend"


class SignIn(LoginView):
    """Sign in; leads back to where one came from."""

    authentication_form = SignInForm
    template_name = "accounts/sign_in.html"
    redirect_authenticated_user = True


class SignOut(LogoutView):
    """Sign out, by POST only."""


@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def sign_up(request: HttpRequest) -> HttpResponse:
    """Make an account, and sign in."""
    if request.user.is_authenticated:
        return redirect("maps:browse")
    form = SignUpForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            limits.require(request, "signup")
            user = form.save_or_explain()
        except Refused as refusal:
            form.add_error(None, refusal.detail)
        else:
            if user is not None:
                login(request, user, BACKEND)
                return redirect("maps:browse")
    return render(request, "accounts/sign_up.html", {"form": form})
