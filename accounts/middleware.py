"""Remembered preferences: the language and theme a person chose win over their browser's."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation

from accounts import devices
from accounts.choices import Theme

THEME_COOKIE = "theme"


class PreferencesMiddleware:
    """Sets `request.theme`, and activates the language a signed-in person chose.

    Addresses that programs ask every few seconds (`PATHS_WITHOUT_READER`) say nothing to read: nobody is looked up.
    A language cookie is newer than the account's wish (it is set by the switch, which also saves the wish), so it wins.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info.startswith(settings.PATHS_WITHOUT_READER):
            return self.get_response(request)
        has_cookie = settings.LANGUAGE_COOKIE_NAME in request.COOKIES
        if not has_cookie and request.user.is_authenticated and request.user.language:
            translation.activate(request.user.language)
            request.LANGUAGE_CODE = request.user.language
        request.theme = self._theme(request)  # type: ignore[attr-defined]
        return self.get_response(request)

    @staticmethod
    def _theme(request: HttpRequest) -> str:
        chosen = request.COOKIES.get(THEME_COOKIE, "")
        if chosen in Theme.values:
            return chosen
        return request.user.theme if request.user.is_authenticated else Theme.SYSTEM


class DeviceMiddleware:
    """Gives a browser its key, where `accounts.devices.note` made one for it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        devices.give_key(request, response)
        return response
