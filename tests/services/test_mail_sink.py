"""The mail server of `make run`."""

import os
import smtplib
from email.message import EmailMessage
from pathlib import Path

import pytest

from core import vapid_keys
from o2o_platform.services import config, launcher, mail_sink
from o2o_platform.services.config import Config
from o2o_platform.services.launcher import Run
from o2o_platform.services.mail_sink import Folder
from o2o_platform.services.processes import ProcessBook

NUMBER = "k3v9m2x7c4q8t5zb"


def test_run_starts_it_and_every_letter_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(launcher, "DATA_DIR", tmp_path)
    monkeypatch.setattr(launcher, "ENVIRONMENT_FILE", tmp_path / "services.env")
    monkeypatch.delenv("VAPID_PRIVATE_KEY", raising=False)
    settings = Config(sandbox=False, database_url="postgres://elsewhere", redis_url="redis://elsewhere")
    named = {"DATABASE_URL": settings.database_url, "REDIS_URL": settings.redis_url, "SITE_URL": settings.address}
    run = Run(settings, ProcessBook(tmp_path / "processes.json"), {**os.environ, **named})
    try:
        run.start_servers()
        variables = dict(line.split("=", 1) for line in (tmp_path / "services.env").read_text().splitlines())
        letter = EmailMessage()
        letter["Message-ID"], letter["Subject"] = f"<{NUMBER}@carkeeper.example>", "你好"
        letter.set_content("你的车好了\n.\n")
        port = int(variables["EMAIL_URL"].rpartition(":")[2])
        with smtplib.SMTP("127.0.0.1", port, timeout=10) as client:
            client.send_message(letter, "bounces@carkeeper.example", ["lin@example.com"])
        [kept] = Path(variables["MAIL_FOLDER"]).glob("*.eml")
        [child] = run.children
        assert (child.name, child.process.poll()) == ("mail", None)
        assert kept.name.endswith(f"-{NUMBER}.eml")
        assert b"X-Envelope-To: lin@example.com\r\n" in kept.read_bytes()
        assert vapid_keys.public_of(variables["VAPID_PRIVATE_KEY"])
        assert (tmp_path / "vapid.key").stat().st_mode & 0o777 == 0o600
    finally:
        run.shut_down()
    assert child.process.returncode == 0


def test_the_newest_letters_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(mail_sink, "KEPT", 2)
    folder = Folder(tmp_path / "mail")
    names = [
        folder.keep(b"Message-ID: <../../etc/passwd@x>\r\n\r\nx", sender="", recipients=["a@b"]) for _number in range(3)
    ]
    assert sorted(path.name for path in folder.path.iterdir()) == names[1:]


def test_a_named_mail_server_is_used_instead():
    assert config.read({"EMAIL_URL": "smtp://mail.example"}).mail is False
    assert config.read({"EMAIL_URL": ""}).mail is True


def test_the_key_for_push_messages_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(launcher, "DATA_DIR", tmp_path)
    assert launcher._push_key() == launcher._push_key()
