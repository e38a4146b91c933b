"""Money in the admin: everything to be seen, nothing to be edited."""

from payments.admin import books, disputes, looking, orders, settling

__all__ = ["books", "disputes", "looking", "orders", "settling"]
