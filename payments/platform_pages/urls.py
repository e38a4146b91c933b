"""/platform/money/: the platform's own pages about money."""

from django.urls import path

from payments.platform_pages import commission_views, coupon_views, payout_views, views

app_name = "platform_money"

urlpatterns = [
    path("", views.overview, name="overview"),
    path("reconciliation/", views.reconciliation, name="reconciliation"),
    path("reconciliation/<slug:provider>/<slug:day>/", views.day, name="day"),
    path("differences/<int:pk>/close/", views.close_difference, name="close_difference"),
    path("alarms/", views.alarms, name="alarms"),
    path("alarms/<int:pk>/close/", views.close_alarm, name="close_alarm"),
    path("alarms/<int:pk>/send-back/", views.send_back, name="send_back"),
    path("suspense/", views.waiting, name="suspense"),
    path("refunds/<slug:public_id>/again/", views.retry_refund, name="retry_refund"),
    path("payouts/", payout_views.payout_list, name="payouts"),
    path("payouts/make/", payout_views.make_batch, name="make_batch"),
    path("payouts/batches/<slug:public_id>/", payout_views.batch, name="batch"),
    path("payouts/batches/<slug:public_id>/file.csv", payout_views.bank_file, name="bank_file"),
    path("payouts/batches/<slug:public_id>/handed-over/", payout_views.hand_over, name="hand_over"),
    path("payouts/<slug:public_id>/now/", payout_views.try_now, name="try_now"),
    path("payouts/accounts/<slug:public_id>/verify/", payout_views.verify, name="verify"),
    path("commission/", commission_views.commission_page, name="commission"),
    path("commission/new/", commission_views.new_version, name="new_version"),
    path("coupons/", coupon_views.coupon_list, name="coupons"),
    path("coupons/new/", coupon_views.new_coupon, name="new_coupon"),
    path("coupons/<slug:public_id>/off/", coupon_views.switch_off, name="switch_off"),
]
