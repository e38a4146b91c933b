"""The owner's addresses (mounted at the root). The board's are in `urls`."""

from django.urls import path

from bookings import feed_views
from bookings.owner_views import comeback, holds, live_urls, searching, slots, visits, waiting_list

app_name = "bookings"
urlpatterns = [
    path("calendar/<slug:token>.ics", feed_views.feed, name="feed"),
    path("me/calendar/", feed_views.own, name="own_feed"),
    path("search/", searching.search_page, name="search"),
    path("book/<slug:shop_slug>/<slug:service_key>/", slots.slots, name="slots"),
    path("book/<slug:shop_slug>/<slug:service_key>/hold/", slots.hold, name="hold"),
    path("book/<slug:shop_slug>/<slug:service_key>/wait/", waiting_list.join, name="wait"),
    path("holds/<slug:public_id>/", holds.confirm, name="confirm"),
    path("holds/<slug:public_id>/finish/", holds.finish, name="finish"),
    path("holds/<slug:public_id>/release/", holds.release, name="release"),
    path("bookings/", visits.visit_list, name="list"),
    path("bookings/waiting/", waiting_list.places, name="waiting"),
    path("bookings/waiting/<slug:public_id>/leave/", waiting_list.leave, name="leave"),
    *live_urls.urlpatterns,
    path("bookings/<slug:public_id>/", visits.visit_detail, name="detail"),
    path("bookings/<slug:public_id>/status/", visits.visit_status, name="status"),
    path("bookings/<slug:public_id>/calendar.ics", visits.visit_calendar, name="ics"),
    path("bookings/<slug:public_id>/reschedule/", visits.reschedule, name="reschedule"),
    path("bookings/<slug:public_id>/pay/", visits.pay, name="pay"),
    path("bookings/<slug:public_id>/cancel/", visits.cancel, name="cancel"),
    path("bookings/<slug:public_id>/comeback/", comeback.comeback, name="comeback"),
]
