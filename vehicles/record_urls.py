"""The addresses of a car's health record, under /cars/."""

from django.urls import path

from vehicles.record_views import entries, record, sharing

_RECORD = "<slug:public_id>/record/"

urlpatterns = [
    path("take-over/", sharing.enter_code, name="enter_code"),
    path("take-over/<slug:token>/", sharing.take_over, name="take_over"),
    path(_RECORD, record.record, name="record"),
    path(f"{_RECORD}complete/", record.complete, name="record_complete"),
    path(f"{_RECORD}verify/", record.verify, name="record_verify"),
    path(f"{_RECORD}export/", record.export, name="record_export"),
    path(f"{_RECORD}export/<slug:kind>/", record.export_file, name="record_export_file"),
    path(f"{_RECORD}add/", entries.add, name="record_add"),
    path(f"{_RECORD}entries/<slug:entry_id>/correct/", entries.correct, name="record_correct"),
    path(f"{_RECORD}documents/", entries.documents, name="record_documents"),
    path(f"{_RECORD}documents/<slug:document_id>/", entries.document, {"size": "full"}, name="record_document"),
    path(
        f"{_RECORD}documents/<slug:document_id>/small/",
        entries.document,
        {"size": "thumbnail"},
        name="record_document_small",
    ),
    path(f"{_RECORD}documents/<slug:document_id>/remove/", entries.remove, name="record_document_remove"),
    path(f"{_RECORD}grants/", sharing.grants, name="record_grants"),
    path(f"{_RECORD}grants/<slug:shop_key>/end/", sharing.end_grant, name="record_grant_end"),
    path(f"{_RECORD}share/", sharing.share, name="record_share"),
    path(f"{_RECORD}share/<slug:link_id>/end/", sharing.end_link, name="record_link_end"),
    path(f"{_RECORD}transfer/", sharing.transfer, name="record_transfer"),
    path(f"{_RECORD}transfer/cancel/", sharing.cancel_transfer, name="record_transfer_cancel"),
]
