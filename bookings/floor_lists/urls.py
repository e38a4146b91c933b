"""Addresses of the staff's lists, under /shop/."""

from django.urls import URLPattern, path

from bookings.floor_lists import parts_views
from bookings.floor_lists.lists import MY_DAY, PIPELINE
from bookings.floor_lists.pages import ListPage, live, whole
from bookings.floor_lists.parts_views import PARTS

app_name = "floor_lists"


def _addresses(name: str, page: ListPage) -> list[URLPattern]:
    return [
        path(f"<slug:slug>/{name}/", whole(page), name=page.name),
        path(f"<slug:slug>/{name}/live/", live(page), name=f"{page.name}_live"),
    ]


urlpatterns = [
    *_addresses("my-day", MY_DAY),
    *_addresses("pipeline", PIPELINE),
    *_addresses("parts", PARTS),
    path("<slug:slug>/parts/<slug:public_id>/arrived/", parts_views.arrived, name="arrived"),
    path("<slug:slug>/parts/<slug:public_id>/day/", parts_views.expected, name="expected"),
]
