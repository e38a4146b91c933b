"""/api/v1/: what a car needs."""

from django.urls import path

from reminders.api import views

app_name = "reminders_api"

_CAR = "cars/<slug:public_id>/"
_ITEM = f"{_CAR}due/<slug:item_id>/"

urlpatterns = [
    path(f"{_CAR}due/", views.CarDue.as_view(), name="due"),
    path(f"{_ITEM}done/", views.DueDone.as_view(), name="done"),
    path(f"{_ITEM}defer/", views.DueDefer.as_view(), name="defer"),
    path(f"{_ITEM}dismiss/", views.DueDismiss.as_view(), name="dismiss"),
    path(f"{_ITEM}reopen/", views.DueReopen.as_view(), name="reopen"),
    path(f"{_CAR}dates/", views.CarDates.as_view(), name="dates"),
    path(f"{_CAR}health/", views.CarHealth.as_view(), name="health"),
]
