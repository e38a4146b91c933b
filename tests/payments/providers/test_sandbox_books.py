"""The sandbox's own books while several threads use them."""

from __future__ import annotations

import threading
from pathlib import Path

from payments.sandbox.books import Books, put_setting, setting


def test_books_are_emptied_while_others_look(tmp_path: Path) -> None:
    """A thread that looks meanwhile, as the sender of notices does, finds every table, before and after."""
    books, over, faults = Books(tmp_path / "books.sqlite3"), threading.Event(), list[Exception]()

    def look() -> None:
        while not over.is_set():
            try:
                with books.transaction() as db:
                    setting(db, "clock_offset_ms")
            except Exception as error:
                faults.append(error)
                return

    lookers = [threading.Thread(target=look) for _ in range(2)]
    for looker in lookers:
        looker.start()
    try:
        for number in range(30):
            with books.transaction() as db:
                put_setting(db, "clock_offset_ms", str(number))
            books.empty()
            with books.transaction() as db:
                assert not setting(db, "clock_offset_ms")
    finally:
        over.set()
        for looker in lookers:
            looker.join()
    assert not faults
