"""Addresses of the workshop floor, under /shop/."""

from django.urls import path, re_path

from bookings.floor_pages import (
    check_in_views,
    handover_views,
    inspection_views,
    job_card_views,
    lines_views,
    quality_views,
    record_views,
    visit_photos,
)

app_name = "floor"

_VISIT = "<slug:slug>/visits/<slug:public_id>/"
_INSPECTION = _VISIT + "inspections/<int:pk>/"
_LINE = _VISIT + "lines/<slug:line_id>/"

urlpatterns = [
    path(_VISIT + "check-in/odometer/", check_in_views.confirm_odometer, name="confirm_odometer"),
    path(_VISIT + "check-in/show/", check_in_views.show, name="check_in_show"),
    path(_VISIT + "inspections/", inspection_views.start, name="inspections"),
    path(_INSPECTION, inspection_views.page, name="inspection"),
    path(_INSPECTION + "points/<slug:key>/", inspection_views.point, name="inspection_point"),
    path(_INSPECTION + "result/", inspection_views.result, name="inspection_result"),
    re_path(
        r"^(?P<slug>[-\w]+)/visits/(?P<public_id>[-\w]+)/photos/(?P<photo_id>[-\w]+)/(?P<size>full|thumbnail)/$",
        visit_photos.photo,
        name="photo",
    ),
    path(_VISIT + "card/", job_card_views.card, name="card"),
    path(_VISIT + "card/send/", job_card_views.send, name="send"),
    path(_VISIT + "card/phone/", job_card_views.phone, name="phone"),
    path(_VISIT + "card/stage/", job_card_views.stage, name="stage"),
    path(_VISIT + "card/promise/", job_card_views.promise, name="promise"),
    path(_VISIT + "card/messages/", job_card_views.say, name="say"),
    path(_VISIT + "card/link/", job_card_views.send_link, name="send_link"),
    path(_VISIT + "card/photos/", job_card_views.add_photos, name="add_photos"),
    path(_VISIT + "lines/new/", lines_views.add, name="add_line"),
    path(_VISIT + "lines/advice/", lines_views.advice, name="line_advice"),
    path(_LINE + "change/", lines_views.change, name="change_line"),
    path(_LINE + "done/", lines_views.done, name="line_done"),
    path(_LINE + "not-needed/", lines_views.not_needed, name="line_not_needed"),
    path(_LINE + "parts/", lines_views.parts, name="line_parts"),
    path(_LINE + "withdraw/", lines_views.withdraw, name="withdraw_line"),
    path(_VISIT + "quality-check/", quality_views.check, name="quality_check"),
    path(_VISIT + "record/", record_views.record, name="record"),
    re_path(
        r"^(?P<slug>[-\w]+)/visits/(?P<public_id>[-\w]+)/record/documents/(?P<document_id>[-\w]+)/(?P<size>full|thumbnail)/$",
        record_views.document,
        name="record_document",
    ),
    path(_VISIT + "handover/", handover_views.hand_over, name="handover"),
    path(_VISIT + "handover/money/", handover_views.take_money, name="take_money"),
    path(_VISIT + "handover/show/", handover_views.show, name="handover_show"),
]
