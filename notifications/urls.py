from django.conf import settings
from django.urls import URLPattern, path

from notifications import inbox_views, preference_views, push_views, report_views, unsubscribe_views, views

app_name = "notifications"
urlpatterns: list[URLPattern] = [
    path("inbox/", inbox_views.inbox_page, name="inbox"),
    path("inbox/unread/", inbox_views.unread, name="unread"),
    path("inbox/read/", inbox_views.read_all, name="read_all"),
    path("inbox/<slug:public_id>/", inbox_views.open_notice, name="open"),
    path("me/messages/", preference_views.choose_messages, name="preference"),
    path("me/messages/push/", push_views.subscribe, name="push"),
    path("me/messages/push/remove/", push_views.forget, name="forget_browser"),
    path("sw.js", push_views.service_worker, name="service_worker"),
    path("unsubscribe/<str:token>/", unsubscribe_views.unsubscribe, name="unsubscribe"),
    path("notices/mail/", report_views.mail_bounces, name="mail_bounces"),
    path("notices/sms/<str:token>/delivery/", report_views.sms_delivery, name="sms_delivery"),
    path("notices/sms/<str:token>/answers/", report_views.sms_answers, name="sms_answers"),
]
if settings.DEBUG:
    urlpatterns += [
        path("dev/outbox/", views.dev_outbox, name="dev_outbox"),
        path("dev/outbox/<slug:public_id>/", views.dev_letter, name="dev_letter"),
    ]
