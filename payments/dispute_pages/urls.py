"""The owner's addresses of disputes, under /disputes/; the photos' for everybody who may see them."""

from django.urls import path, re_path

from payments.dispute_pages import owner_views, showing

app_name = "disputes"

urlpatterns = [
    path("new/<slug:public_id>/", owner_views.new, name="new"),
    path("<slug:public_id>/", owner_views.detail, name="detail"),
    path("<slug:public_id>/words/", owner_views.say, name="say"),
    path("<slug:public_id>/withdraw/", owner_views.withdraw, name="withdraw"),
    re_path(
        r"^(?P<public_id>[-\w]+)/photos/(?P<photo_id>[-\w]+)/(?P<size>full|thumbnail)/$", showing.photo, name="photo"
    ),
]
