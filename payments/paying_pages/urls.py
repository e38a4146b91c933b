"""The owner's addresses of paying (mounted at /pay/)."""

from django.urls import path

from payments.paying_pages import views

app_name = "paying"

urlpatterns = [
    path("<slug:public_id>/", views.order, name="order"),
    path("<slug:public_id>/coupon/", views.use_coupon, name="use_coupon"),
    path("<slug:public_id>/coupon/off/", views.drop_coupon, name="drop_coupon"),
    path("<slug:public_id>/receipt.pdf", views.receipt, name="receipt"),
    path("<slug:public_id>/<slug:payment_id>/", views.payment, name="payment"),
    path("<slug:public_id>/<slug:payment_id>/state/", views.state, name="state"),
]
