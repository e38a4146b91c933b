"""The API of paying (mounted at /api/v1/)."""

from django.urls import path

from payments.paying_pages import api

app_name = "paying_api"

urlpatterns = [
    path("orders/<slug:public_id>/", api.OrderDetail.as_view(), name="order"),
    path("orders/<slug:public_id>/payments/", api.Payments.as_view(), name="payments"),
    path("orders/<slug:public_id>/payments/<slug:payment_id>/", api.PaymentDetail.as_view(), name="payment"),
]
