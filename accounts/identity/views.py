"""Pages of accounts: sign up, in and out; one's own account; links from letters."""

from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login, update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.contrib.auth.mixins import UserPassesTestMixin
from django.contrib.auth.tokens import default_token_generator
from django.contrib.auth.views import (
    LoginView,
    LogoutView,
    RedirectURLMixin,
    redirect_to_login,
)
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse, reverse_lazy
from django.utils.decorators import method_decorator
from django.utils.encoding import force_str
from django.utils.http import urlencode, urlsafe_base64_decode
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django.views.generic import FormView

from accounts.devices import actions as device_actions
from accounts.identity import emails, passwords, second_factor, sign_in
from accounts.identity.attempts import of_page
from accounts.identity.forms import (
    AddressForm,
    CodeForm,
    NewPasswordForm,
    ResetForm,
    ResetPasswordForm,
    SignInForm,
    SignUpForm,
    refuse,
)
from accounts.models import User
from config.http.client import client_of
from config.http.next_url import next_url
from config.kernel.errors import DomainError
from config.limits import quotas, rate_limits

BACKEND = "accounts.identity.backends.UsernameOrEmailBackend"
RESET_COOKIE = "reset_token"
RESET_PLACE = "set-password"  # in the place of a token in the address
page = require_http_methods(["GET", "HEAD", "POST"])


class OnwardMixin(RedirectURLMixin):
    """For views of Django's that go on to `next`: by our rule."""

    request: HttpRequest

    def get_redirect_url(self, request: HttpRequest | None = None) -> str:
        """Where to go on to; nothing for the view's own place."""
        return next_url(self.request)


class SignIn(OnwardMixin, LoginView):
    """Sign in; leads back to where one came from."""

    authentication_form = SignInForm
    template_name = "accounts/sign_in.html"
    redirect_authenticated_user = True


class SignOut(OnwardMixin, LogoutView):
    """Sign out, by POST only."""


@sensitive_post_parameters("password")
@page
def sign_up(request: HttpRequest) -> HttpResponse:
    """Make an account, sign in, and go on to where one was led here from."""
    onward = next_url(request)
    if request.user.is_authenticated:
        return HttpResponseRedirect(onward or reverse("maps:browse"))
    form = SignUpForm(request.POST or None)
    if request.method == "POST":
        try:
            rate_limits.require(
                "signup", client_of(request).address
            )  # before the form, which tells who has an account
            user = form.save_or_explain() if form.is_valid() else None
        except DomainError as refusal:
            refuse(form, refusal)
        else:
            if user is not None:
                emails.send_address_check(request, user)
                login(request, user, BACKEND)
                return HttpResponseRedirect(onward or reverse("maps:browse"))
    return render(request, "accounts/sign_up.html", {"form": form, "next": onward})


# ---- One's own account --------------------------------------------------------------------------


@require_safe
@never_cache
@login_required
def account(request: HttpRequest) -> HttpResponse:
    """One's account: profile, devices, storage, password."""
    user = own(request)
    try:
        signed_in = device_actions.of(user, current=request.session.session_key)
        trouble = ""
    except DomainError as refusal:
        signed_in, trouble = [], refusal.detail
    context = {"devices": signed_in, "trouble": trouble, "form": NewPasswordForm(user)}
    context["address_form"] = AddressForm(auto_id="address_%s")
    context["storage"] = quotas.usage(user.pk)
    context["decisions"] = user.decisions.all()[:5]
    return render(request, "accounts/account.html", context)


def form_of_account(view: Callable[[HttpRequest], HttpResponse]) -> Callable[..., HttpResponse]:
    """A form of the account's page: who was signed out meanwhile signs in, and finds that page again."""

    @wraps(view)
    def checked(request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            return view(request)
        return redirect_to_login(reverse("accounts:account"))

    return require_POST(checked)


@form_of_account
def end_device(request: HttpRequest) -> HttpResponse:
    """Sign out on another device, or on all others."""
    try:
        if "all" in request.POST:
            device_actions.end_others(own(request), current=request.session.session_key)
            messages.success(request, "You are signed out everywhere else.")
        else:
            device_actions.end(own(request), request.POST.get("device", ""))
            messages.success(request, "That device is signed out.")
    except DomainError as refusal:
        messages.error(request, refusal.detail)
    return redirect("accounts:account")


@sensitive_post_parameters()
@form_of_account
def change_password(request: HttpRequest) -> HttpResponse:
    """Set a new password; all other devices are signed out by it."""
    user = own(request)
    tries = of_page(request, user, "password")
    form = NewPasswordForm(user, request.POST, tries=tries)
    try:
        tries.count()
        if form.is_valid():
            passwords.keep(form.save(commit=False), current=request.session.session_key)
            update_session_auth_hash(request, user)
            messages.success(request, "Your password is changed. All other devices are signed out.")
            return redirect("accounts:account")
    except DomainError as refusal:
        refuse(form, refusal)
    return render(request, "accounts/password.html", {"form": form})


@sensitive_post_parameters()
@form_of_account
def change_address(request: HttpRequest) -> HttpResponse:
    """Take another e-mail address, which is then to be confirmed."""
    user, before = own(request), own(request).email
    tries = of_page(request, user, "password")
    form = AddressForm(request.POST, instance=user, tries=tries)
    try:
        tries.count()
        emails.require_address(request, user)
        changed = form.save_or_explain() if form.is_valid() else None
    except DomainError as refusal:
        refuse(form, refusal)
    else:
        if changed is not None:
            emails.tell_new_address(request, changed, before)
            messages.success(request, "Your address is changed. Please open the link sent to it.")
            return redirect("accounts:account")
    user.refresh_from_db()  # the form has put the new address into it
    return render(request, "accounts/address.html", {"form": form})


# ---- The second factor of staff -----------------------------------------------------------------


@method_decorator(never_cache, "dispatch")
class SecondFactor(UserPassesTestMixin, OnwardMixin, FormView[CodeForm]):
    """Set up an authenticator app, or show a code of it, on the way into the admin."""

    form_class = CodeForm
    template_name = "accounts/second_factor.html"
    next_page = "admin:index"

    def test_func(self) -> bool:
        """For staff; others have nothing to enter."""
        return own(self.request).is_staff if self.request.user.is_authenticated else False

    def get_context_data(self, **more: Any) -> dict[str, Any]:
        """What the page shows: a secret to take over, a code to enter, or what there is."""
        user = own(self.request)
        set_up, verified = second_factor.is_set_up(user), user.is_verified()  # type: ignore[attr-defined]
        context = super().get_context_data(**more) | {"next": self.get_redirect_url()}
        app = second_factor.pending(self.request, user)
        if app:
            return context | {"app": app, "qr_code": second_factor.picture(app)}
        left = second_factor.codes_left(user)
        return context | {"set_up": set_up, "verified": verified, "codes_left": left}

    def post(self, request: HttpRequest, *given: Any, **more: Any) -> HttpResponse:
        """Begin with the first app, which no code could be shown for; all else wants a code."""
        if "begin" in request.POST and not second_factor.is_set_up(own(request)):
            return self.begin()
        return super().post(request, *given, **more)

    def form_valid(self, form: CodeForm) -> HttpResponse:
        """Let the browser in, or begin with another app; after setting up, show the recovery codes once."""
        user, code = own(self.request), form.cleaned_data["code"]
        try:
            if second_factor.pending(self.request, user) and "begin" not in self.request.POST:
                codes = second_factor.finish(self.request, user, code)
                return show_codes(self.request, codes, self.get_success_url())
            second_factor.verify(self.request, user, code)
            if "begin" in self.request.POST:
                return self.begin()
        except DomainError as refusal:
            form.add_error("code", refusal.detail)
            return self.form_invalid(form)
        return HttpResponseRedirect(self.get_success_url())

    def begin(self) -> HttpResponse:
        """Draw a secret, and show it; or what there is, where another browser was faster."""
        with suppress(second_factor.WrongCode):
            second_factor.begin(self.request, own(self.request))
        query = urlencode({self.redirect_field_name: self.get_redirect_url()})
        return HttpResponseRedirect(f"{self.request.path}?{query}")


@form_of_account
def recovery_codes(request: HttpRequest) -> HttpResponse:
    """Make new recovery codes and show them once."""
    if not request.user.is_verified():  # type: ignore[union-attr]
        return redirect("accounts:second-factor")
    return show_codes(request, second_factor.new_codes(own(request)), reverse("admin:index"))


def show_codes(request: HttpRequest, codes: list[str], go_on: str) -> HttpResponse:
    """Recovery codes, to be kept; no page shows them again."""
    context = {"codes": codes, "go_on": go_on}
    response = render(request, "accounts/recovery_codes.html", context)
    response["Cache-Control"] = "no-store"
    return response


# ---- Links from letters -------------------------------------------------------------------------


@form_of_account
def ask_for_verification(request: HttpRequest) -> HttpResponse:
    """Send the link that proves an address once more, where it is still to be proved."""
    if own(request).email_verified_at:
        messages.info(request, "Your email address is already confirmed.")
        return redirect("accounts:account")
    try:
        rate_limits.require("letters", client_of(request).address)
    except DomainError as refusal:
        messages.error(request, refusal.detail)
    else:
        emails.send_address_check(request, own(request))
        messages.success(request, "We've sent you an email. The link works for one hour.")
    return redirect("accounts:account")


@page
def verify(request: HttpRequest, who: str, token: str) -> HttpResponse:
    """Prove an address. Opening the link shows a button, since programs open links in letters too."""
    user = named(who)
    good = user is not None and emails.address_tokens.check_token(user, token)
    if good and user is not None and request.method == "POST":
        if user.mark_email_verified():
            messages.success(request, "Your email address is confirmed.")
            return redirect("accounts:account")
        good = False
    return render(request, "accounts/verify.html", {"good": good})


@page
def ask_for_reset(request: HttpRequest) -> HttpResponse:
    """Send a link to choose a new password. The answer is the same whether the account exists."""
    form = ResetForm(request.POST or None)
    sent = False
    if request.method == "POST" and form.is_valid():
        try:
            rate_limits.require("letters", client_of(request).address)
        except DomainError as refusal:
            form.add_error(None, refusal.detail)
        else:
            user = User.objects.active().known_as(form.cleaned_data["name"]).first()
            if user is not None:
                emails.send_password_reset(request, user)
            sent = True
    return render(request, "accounts/ask_for_reset.html", {"form": form, "sent": sent})


@method_decorator([page, sensitive_post_parameters(), never_cache], "dispatch")
class Reset(FormView[ResetPasswordForm]):
    """Choose a new password by the link of an email.

    The link leads on to an address without its token, which moves into a cookie for that address alone: no
    referrer, history or store of ours has it, and whoever reads our database can't use the link.
    """

    form_class = ResetPasswordForm
    template_name = "accounts/reset.html"
    success_url = reverse_lazy("accounts:sign-in")

    def dispatch(self, request: HttpRequest, *given: Any, **named_parts: Any) -> HttpResponseBase:
        """Show the form to whoever has the token of a link, and the end of the way to others."""
        in_address: str = named_parts["token"]
        hidden = in_address == RESET_PLACE
        self.token = request.COOKIES.get(RESET_COOKIE, "") if hidden else in_address
        self.user = named(named_parts["uidb64"])
        self.valid = default_token_generator.check_token(self.user, self.token)
        if not self.valid:
            return self.render_to_response({"validlink": False})
        return super().dispatch(request, *given, **named_parts) if hidden else self.hide_token()

    def hide_token(self) -> HttpResponse:
        """Lead on to the form, with the token in a cookie."""
        response = HttpResponseRedirect(self.place)
        response.set_cookie(
            RESET_COOKIE,
            self.token,
            max_age=settings.PASSWORD_RESET_TIMEOUT,
            path=self.place,
            secure=settings.SESSION_COOKIE_SECURE,
            httponly=True,
            samesite="Lax",  # strict, it would not come along from the page that shows the email
        )
        return response

    @property
    def place(self) -> str:
        """The address of the form."""
        assert self.user
        return reverse("accounts:reset", args=[emails.name_in_link(self.user), RESET_PLACE])

    def get_form_kwargs(self) -> dict[str, Any]:
        """For the player whom the link names."""
        return super().get_form_kwargs() | {"user": self.user}

    def get_context_data(self, **more: Any) -> dict[str, Any]:
        """The form."""
        return super().get_context_data(**more) | {"validlink": True}

    def form_valid(self, form: ResetPasswordForm) -> HttpResponse:
        """Set it, unless somebody else who opened the link was faster."""
        assert self.user
        try:
            passwords.reset(
                self.user.pk,
                self.token,
                form.cleaned_data["new_password1"],
                current=self.request.session.session_key,
            )
        except DomainError:
            return self.render_to_response({"validlink": False})
        sign_in.unlock(self.request, self.user)
        messages.success(self.request, "Your password is changed. Sign in with the new one.")
        response = HttpResponseRedirect(self.get_success_url())
        response.delete_cookie(RESET_COOKIE, path=self.place, samesite="Lax")
        return response


def own(request: HttpRequest) -> User:
    """The signed-in player of a page that demands one."""
    assert isinstance(request.user, User)
    return request.user


def named(who: str) -> User | None:
    """The player that a link names."""
    try:
        key = UUID(force_str(urlsafe_base64_decode(who)))
    except (ValueError, UnicodeDecodeError):
        return None
    user: User | None = User.objects.active().filter(pk=key).first()
    return user
