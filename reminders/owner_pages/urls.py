"""The health of an owner's car (mounted at /cars/)."""

from django.urls import path

from reminders.owner_pages import acts, views

app_name = "reminders"

_HEALTH = "<slug:public_id>/health/"
_ITEM = f"{_HEALTH}due/<slug:item_id>/"

urlpatterns = [
    path(_HEALTH, views.health, name="health"),
    path(f"{_HEALTH}dates/", views.dates, name="dates"),
    path(f"{_HEALTH}odometer/", views.odometer, name="odometer"),
    path(f"{_ITEM}done/", acts.done, name="done"),
    path(f"{_ITEM}defer/", acts.defer, name="defer"),
    path(f"{_ITEM}dismiss/", acts.dismiss, name="dismiss"),
    path(f"{_ITEM}reopen/", acts.reopen, name="reopen"),
]
