"""Addresses of the shop's day, under /shop/."""

from django.urls import path

from bookings import feed_views
from bookings.board import answer_views, closing_views, desk_views, explain_views, views
from bookings.board.stages import TAPS
from bookings.floor_pages import check_in_views

app_name = "board"

_VISIT = "<slug:slug>/visits/<slug:public_id>/"

urlpatterns = [
    path("<slug:slug>/board/", views.day, name="day"),
    path("<slug:slug>/board/live/", views.live, name="live"),
    path("<slug:slug>/explain/", explain_views.explain, name="explain"),
    path("<slug:slug>/walk-in/", desk_views.walk_in, name="walk_in"),
    path("<slug:slug>/blocks/", desk_views.block, name="block"),
    path("<slug:slug>/blocks/<int:pk>/", desk_views.pause, name="pause"),
    path("<slug:slug>/blocks/<int:pk>/remove/", desk_views.unblock, name="unblock"),
    path("<slug:slug>/closing/", closing_views.closing, name="closing"),
    path("<slug:slug>/closing.csv", closing_views.closing_csv, name="closing_csv"),
    path("<slug:slug>/calendars/", feed_views.of_shop, name="feeds"),
    path("<slug:slug>/calendars/<slug:public_id>/", feed_views.of_resource, name="feed"),
    path(_VISIT, views.visit, name="visit"),
    path(_VISIT + "check-in/", check_in_views.check_in, name="check_in"),
    path(_VISIT + "odometer/", views.odometer, name="odometer"),
    path(_VISIT + "move/", views.move, name="move"),
    path(_VISIT + "decline/", answer_views.decline, name="decline"),
    path(_VISIT + "no-show/", answer_views.no_show, name="no_show"),
    path(_VISIT + "swap/", answer_views.swap, name="swap"),
    path(_VISIT + "cancel/", views.cancel, name="cancel"),
    *(path(f"{_VISIT}{tap.path}/", views.stage, {"name": name}, name=name) for name, tap in TAPS.items()),
]
