from django.urls import path

from catalog import views

app_name = "catalog"

urlpatterns = [
    path("", views.service_list, name="service_list"),
    path("not-needed/", views.not_needed, name="not_needed"),
    path("<slug:key>/", views.service_detail, name="service_detail"),
]
