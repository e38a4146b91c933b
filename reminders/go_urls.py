"""Where the links of letters lead (mounted at the root)."""

from django.urls import path

from reminders import go_views

app_name = "go"
urlpatterns = [
    path("go/<slug:public_id>/", go_views.letter, name="letter"),
    path("go/<slug:public_id>/<int:number>/", go_views.slot, name="slot"),
]
