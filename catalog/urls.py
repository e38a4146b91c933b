from django.urls import path

from catalog import advice_page, views

app_name = "catalog"

urlpatterns = [
    path("", views.service_list, name="service_list"),
    path("not-needed/", views.not_needed, name="not_needed"),
    path("advice/", advice_page.advice_rules, name="advice_rules"),
    path("<slug:key>/", views.service_detail, name="service_detail"),
]
