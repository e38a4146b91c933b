"""Addresses of a visit's live page: the owner's, and the same by the link that was sent to them."""

from __future__ import annotations

from django.urls import path, re_path

from bookings.owner_views import live_views, polling

_PHOTO = r"photos/(?P<photo_id>[-\w]+)/(?P<size>full|thumbnail)/$"
_VISIT, _LINK = "bookings/<slug:public_id>/", "v/<slug:token>/"

urlpatterns = [
    path("live/<str:token>/", polling.poll, name="poll"),
    path(_VISIT + "news/", live_views.account_news, name="visit_news"),
    path(_VISIT + "decide/", live_views.account_decide, name="visit_decide"),
    path(_VISIT + "check-in/confirm/", live_views.account_confirm_sheet, name="visit_confirm_sheet"),
    path(_VISIT + "handover/confirm/", live_views.account_confirm_handover, name="visit_confirm_handover"),
    path(_VISIT + "messages/", live_views.account_say, name="visit_say"),
    path(_VISIT + "links/end/", live_views.account_end_links, name="visit_end_links"),
    re_path(r"^bookings/(?P<public_id>[-\w]+)/" + _PHOTO, live_views.account_photo, name="visit_photo"),
    path(_LINK, live_views.link_page, name="link"),
    path(_LINK + "news/", live_views.link_news, name="link_news"),
    path(_LINK + "decide/", live_views.link_decide, name="link_decide"),
    path(_LINK + "check-in/confirm/", live_views.link_confirm_sheet, name="link_confirm_sheet"),
    path(_LINK + "handover/confirm/", live_views.link_confirm_handover, name="link_confirm_handover"),
    path(_LINK + "messages/", live_views.link_say, name="link_say"),
    path(_LINK + "links/end/", live_views.link_end_links, name="link_end_links"),
    re_path(r"^v/(?P<token>[-\w]+)/" + _PHOTO, live_views.link_photo, name="link_photo"),
]
