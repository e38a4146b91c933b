"""`migrate` on an empty database in a third of the time, for the database that test runs start from."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

from django.core.management.commands import migrate
from django.db.migrations.state import ModelState, ProjectState


class Command(migrate.Command):
    """Runs what `migrate` runs; only Django's picture of the models, which most of its time goes into, is kept more
    cheaply. Data migrations are given a picture made afresh, as always."""

    help = "migrate, on an empty database and forwards only, for tests"

    def handle(self, *args: Any, **options: Any) -> None:
        with _models_kept_cheaply():
            super().handle(*args, **options)


@contextmanager
def _models_kept_cheaply() -> Iterator[None]:
    with (
        mock.patch.object(ProjectState, "add_model", _add_model),
        mock.patch.object(ProjectState, "_append_option", _append_option),
    ):
        yield


def _add_model(self: ProjectState, model_state: ModelState) -> None:
    """Django renders every model again that can be reached from a new one. The new one is enough: it makes itself known
    to those it points at."""
    key = model_state.app_label, model_state.name_lower
    self.models[key] = model_state
    if self._relations is not None:  # type: ignore[attr-defined]
        self.resolve_model_relations(key)
    if "apps" in self.__dict__:
        self.is_delayed = True
        self.apps.render_multiple([model_state])
        for model in self.apps.get_models(include_auto_created=True):
            model._meta.apps = self.apps  # where a model looks for those that point at it
        self.apps.clear_cache()


def _append_option(self: ProjectState, app_label: str, model_name: str, option_name: str, obj: Any) -> None:
    """Django renders the model and its neighbours again for each of its constraints and indexes."""
    options = self.models[app_label, model_name].options
    options[option_name] = [*options[option_name], obj]
    if "apps" in self.__dict__:
        self.is_delayed = True
        setattr(self.apps.get_model(app_label, model_name)._meta, option_name, list(options[option_name]))
