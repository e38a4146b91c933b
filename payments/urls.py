"""Where providers of payments send their notices."""

from django.urls import path

from payments import views

app_name = "payments"

urlpatterns = [path("notices/<slug:provider>/", views.notices, name="notices")]
