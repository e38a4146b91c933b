"""Addresses of the shop's day, under /shop/."""

from django.urls import path

from bookings import (
    board_answer_views,
    board_closing_views,
    board_desk_views,
    board_explain_views,
    board_views,
    feed_views,
)
from bookings.board_stages import TAPS

app_name = "board"

_VISIT = "<slug:slug>/visits/<slug:public_id>/"

urlpatterns = [
    path("<slug:slug>/board/", board_views.day, name="day"),
    path("<slug:slug>/board/live/", board_views.live, name="live"),
    path("<slug:slug>/explain/", board_explain_views.explain, name="explain"),
    path("<slug:slug>/walk-in/", board_desk_views.walk_in, name="walk_in"),
    path("<slug:slug>/blocks/", board_desk_views.block, name="block"),
    path("<slug:slug>/blocks/<int:pk>/", board_desk_views.pause, name="pause"),
    path("<slug:slug>/blocks/<int:pk>/remove/", board_desk_views.unblock, name="unblock"),
    path("<slug:slug>/closing/", board_closing_views.closing, name="closing"),
    path("<slug:slug>/closing.csv", board_closing_views.closing_csv, name="closing_csv"),
    path("<slug:slug>/calendars/", feed_views.of_shop, name="feeds"),
    path("<slug:slug>/calendars/<slug:public_id>/", feed_views.of_resource, name="feed"),
    path(_VISIT, board_views.visit, name="visit"),
    path(_VISIT + "check-in/", board_views.check_in, name="check_in"),
    path(_VISIT + "odometer/", board_views.odometer, name="odometer"),
    path(_VISIT + "move/", board_views.move, name="move"),
    path(_VISIT + "decline/", board_answer_views.decline, name="decline"),
    path(_VISIT + "no-show/", board_answer_views.no_show, name="no_show"),
    path(_VISIT + "swap/", board_answer_views.swap, name="swap"),
    path(_VISIT + "cancel/", board_views.cancel, name="cancel"),
    *(path(f"{_VISIT}{tap.path}/", board_views.stage, {"name": name}, name=name) for name, tap in TAPS.items()),
]
