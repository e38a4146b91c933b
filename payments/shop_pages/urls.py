"""Addresses of a shop's money, under /shop/."""

from django.urls import path

from payments.shop_pages import statement_views, views

app_name = "money"

_MONEY = "<slug:slug>/money/"
_STATEMENT = _MONEY + "statements/<slug:key>/"
_ORDER = _MONEY + "orders/<slug:public_id>/"

urlpatterns = [
    path(_MONEY, views.overview, name="overview"),
    path(_MONEY + "statements/", statement_views.statements, name="statements"),
    path(_STATEMENT, statement_views.statement, name="statement"),
    path(_STATEMENT + "lines.csv", statement_views.statement_csv, name="statement_csv"),
    path(_STATEMENT + "statement.pdf", statement_views.statement_pdf, name="statement_pdf"),
    path(_MONEY + "payouts/", views.payouts, name="payouts"),
    path(_MONEY + "account/", views.account, name="account"),
    path(_ORDER, views.order, name="order"),
    path(_ORDER + "lines/<int:number>/give-back/", views.give_back, name="give_back"),
    path(_MONEY + "counter-refunds/", views.counter_refunds, name="counter_refunds"),
    path(_MONEY + "counter-refunds/<slug:public_id>/given/", views.counter_refund_given, name="counter_refund_given"),
]
