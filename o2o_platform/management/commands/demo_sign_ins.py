"""`manage.py demo_sign_ins`: whom one can sign in as in the demo city, one line each."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from o2o_platform.demo.loading import NotInProductionError, check_allowed
from o2o_platform.demo.sign_ins import sign_ins


class Command(BaseCommand):
    help = "Print the demo people: what each is, and the address to sign in with. The code is in the developer outbox."

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002  (Django's signature)
        try:
            check_allowed()
        except NotInProductionError as error:
            raise CommandError(str(error)) from error
        rows = sign_ins()
        width = max((len(row.what) for row in rows), default=0)
        for row in rows:
            self.stdout.write(f"{row.what:<{width}}  {row.email}  {row.phone}")
