"""Addresses of the account pages."""

from django.urls import path

from accounts import views

app_name = "accounts"
urlpatterns = [
    path("signup/", views.sign_up, name="sign-up"),
    path("login/", views.SignIn.as_view(), name="sign-in"),
    path("logout/", views.SignOut.as_view(), name="sign-out"),
]
