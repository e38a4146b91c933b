"""`make run`: bring everything up in order, keep it in one terminal, take it down in order."""

import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection
from types import FrameType
from typing import IO

from core import vapid_keys
from o2o_platform.services import assets, config, mail_sink, sandbox, terminal
from o2o_platform.services.config import Config
from o2o_platform.services.errors import ServiceError, require_disk_space
from o2o_platform.services.paths import BASE_DIR, DATA_DIR, ENVIRONMENT_FILE
from o2o_platform.services.postgres import Postgres
from o2o_platform.services.processes import ProcessBook, exclusive, stop_child
from o2o_platform.services.valkey import Valkey

_WEB_START_SECONDS = 60
_SANDBOX_START_SECONDS = 30
_MAIL_START_SECONDS = 30


class StopRequested(BaseException):
    """Ctrl-C, SIGTERM or a closed terminal. Like KeyboardInterrupt, no `except Exception` may swallow it."""


@dataclass
class Child:
    """A process whose log is shown in the terminal."""

    name: str
    process: "subprocess.Popen[bytes]"
    unfinished: bytes = b""

    @property
    def output(self) -> IO[bytes]:
        """The reading end of its log."""
        assert self.process.stdout is not None  # noqa: S101  (every child is started with a pipe)
        return self.process.stdout


@dataclass
class Run:
    """One `make run`, from lock to shutdown."""

    settings: Config
    book: ProcessBook
    environment: dict[str, str]
    database: Postgres | None = None
    cache: Valkey | None = None
    children: list[Child] = field(default_factory=list)
    selector: selectors.BaseSelector = field(default_factory=selectors.DefaultSelector)

    def bring_up(self) -> str:
        """Start the servers, load the data, build the files, start the platform; returns the demo sign-ins."""
        self.start_servers()
        with terminal.step("CSS and translations") as words:
            words.extend(assets.build() or ["unchanged"])
        sign_ins = self.prepare_data()
        with terminal.step("Web, worker and beat"):
            self.start_web()
            self.wait_for_web()
            self.start_celery()
        return sign_ins

    def start_servers(self) -> None:
        """Start what the environment does not name: PostgreSQL, Valkey, sandbox, mail; write down where they are."""
        if not self.settings.database_url:
            with terminal.step("PostgreSQL"):
                self.database = Postgres(DATA_DIR / "postgres")
                self.database.start(self.book)
                self.database.create_database()
                self.environment["DATABASE_URL"] = self.database.url()
        if not self.settings.redis_url:
            with terminal.step("Valkey"):
                self.cache = Valkey(DATA_DIR / "valkey")
                self.cache.start(self.book)
                self.environment["REDIS_URL"] = self.cache.url()
        if self.settings.sandbox:
            with terminal.step("Sandbox payment provider"):
                self.start_sandbox()
        if self.settings.mail:
            with terminal.step("Mail server that keeps every letter here"):
                self.start_mail()
        if not self.environment.get("VAPID_PRIVATE_KEY"):
            self.environment["VAPID_PRIVATE_KEY"] = _push_key()
        self.write_environment_file()

    def start_mail(self) -> None:
        """Start the mail server and wait until it greets."""
        port, folder = mail_sink.free_port(), DATA_DIR / "mail"
        self._spawn("mail", mail_sink.command(port, folder))
        deadline = time.monotonic() + _MAIL_START_SECONDS
        while not mail_sink.answers(port):
            self.show_logs(timeout_seconds=0.1)
            self.require_all_alive()
            if time.monotonic() > deadline:
                raise ServiceError(f"The mail server did not answer within {_MAIL_START_SECONDS} seconds.")
        self.environment |= mail_sink.variables(port, folder)

    def start_sandbox(self) -> None:
        """Start the payment provider with test money and wait until it answers: then its keys are there."""
        folder = DATA_DIR / "sandbox"
        where = sandbox.place(self.settings)
        self._spawn("sandbox", sandbox.command(where, folder, site_url=self.environment["SITE_URL"]))
        deadline = time.monotonic() + _SANDBOX_START_SECONDS
        while not sandbox.answers(where):
            self.show_logs(timeout_seconds=0.1)
            self.require_all_alive()
            if time.monotonic() > deadline:
                raise ServiceError(f"The sandbox did not answer within {_SANDBOX_START_SECONDS} seconds.")
        self.environment |= sandbox.variables(where, folder)

    def write_environment_file(self) -> None:
        """Say where everything is, for `manage.py` in another terminal."""
        names = ["DATABASE_URL", "REDIS_URL", "SITE_URL"]
        names += [name for name in self.environment if name.startswith("PAYMENTS_SANDBOX_")]
        names += [name for name in ("EMAIL_URL", "MAIL_FOLDER", "VAPID_PRIVATE_KEY") if name in self.environment]
        ENVIRONMENT_FILE.touch(mode=0o600)
        ENVIRONMENT_FILE.write_text("".join(f"{name}={self.environment[name]}\n" for name in names))

    def prepare_data(self) -> str:
        """Migrate and load catalogue and demo city in a process of their own; returns the demo sign-ins."""
        sign_ins = DATA_DIR / "sign-ins.txt"
        command = [sys.executable, "manage.py", "prepare", "--sign-ins", str(sign_ins)]
        # Its own session, so that Ctrl-C reaches only the launcher, which then stops it like the others.
        process = subprocess.Popen(command, cwd=BASE_DIR, env=self.environment, start_new_session=True)
        self.book.add("prepare", process.pid)
        try:
            process.wait()
        except BaseException:
            stop_child(process, (signal.SIGTERM, 5))
            raise
        if process.returncode != 0:
            raise ServiceError("Preparing the data failed; the reason is above.")
        return sign_ins.read_text()

    def start_web(self) -> None:
        """Start the web server and, when it is to reload, Tailwind beside it."""
        command = [sys.executable, "-m", "gunicorn", *self._gunicorn_options(), "o2o_platform.wsgi:application"]
        self._spawn("web", command)
        if self.settings.reload:
            files = ["--input", str(assets.CSS_SOURCE), "--output", str(assets.CSS_TARGET)]
            self._spawn("css", [assets.tailwind(), *files, "--watch=always"])

    def start_celery(self) -> None:
        """Start worker and beat: after the web server, so that the first page does not wait for them."""
        celery = [sys.executable, "-m", "celery", "--quiet", "--app", "o2o_platform"]
        level = ["--loglevel", "INFO"]
        schedule = DATA_DIR / "beat" / "schedule"
        schedule.parent.mkdir(exist_ok=True)
        pool = ["--queues", "celery,money", "--concurrency", "2", "--without-gossip", "--without-mingle"]
        self._spawn("worker", [*celery, "worker", *level, *pool])
        # Threads of their own for what talks to the outside: a channel that hangs holds up nothing else.
        senders = ["--queues", "notices_email,notices_sms,notices_push", "--pool", "threads", "--concurrency", "6"]
        quiet = ["--without-gossip", "--without-mingle", "--hostname", "senders@%h"]
        self._spawn("senders", [*celery, "worker", *level, *senders, *quiet])
        self._spawn("beat", [*celery, "beat", *level, "--schedule", str(schedule), "--pidfile", ""])

    def wait_for_web(self) -> None:
        """Show logs until the web server answers. Raises ServiceError when it dies or takes too long."""
        deadline = time.monotonic() + _WEB_START_SECONDS
        while time.monotonic() < deadline:
            self.show_logs(timeout_seconds=0.1)
            self.require_all_alive()
            # gunicorn listens before its workers can answer, so an answer is waited for; any will do.
            with suppress(OSError), closing(self._connect()) as connection:
                connection.request("GET", "/")
                connection.getresponse()
                return
        raise ServiceError(f"The web server did not answer within {_WEB_START_SECONDS} seconds.")

    def supervise(self) -> None:
        """Show logs until a process ends (ServiceError) or StopRequested arrives."""
        while True:
            self.show_logs(timeout_seconds=0.5)
            self.require_all_alive()

    def require_all_alive(self) -> None:
        """Raise ServiceError naming the process that has ended."""
        servers = [("db", self.database), ("cache", self.cache)]
        running = [(child.name, child.process) for child in self.children]
        running += [(name, server.child) for name, server in servers if server and server.child]
        for name, process in running:
            if process.poll() is not None:
                self.show_logs(timeout_seconds=0.2)
                where = f" Its log: {DATA_DIR}/{'postgres/postgres.log' if name == 'db' else 'valkey/valkey.log'}."
                require_disk_space(DATA_DIR, needed_mb=50)
                hint = where if name in {"db", "cache"} else ""
                raise ServiceError(f"{name} has stopped ({_how(process.returncode)}), so everything stops.{hint}")

    def show_logs(self, *, timeout_seconds: float) -> None:
        """Print what the children have logged, waiting at most `timeout_seconds` for the first line."""
        for key, _ in self.selector.select(timeout_seconds):
            child: Child = key.data
            chunk = os.read(child.output.fileno(), 65536)
            if not chunk:
                self.selector.unregister(child.output)
            *lines, child.unfinished = (child.unfinished + chunk).split(b"\n")
            for line in filter(None, lines):
                terminal.log(child.name, line.decode(errors="replace"))

    def shut_down(self) -> None:
        """Stop in the order in which nobody misses anyone: web, beat, workers, sandbox and mail, Valkey, PostgreSQL."""
        order = {"web": 0, "css": 1, "beat": 2, "worker": 3, "senders": 3, "sandbox": 4, "mail": 4}
        for child in sorted(self.children, key=lambda child: order.get(child.name, 9)):
            # A worker's second, harder signal hands its tasks back to the queue.
            stop_child(child.process, (signal.SIGTERM, 10), (signal.SIGQUIT, 3))
        for server in (self.cache, self.database):
            if server is not None:
                server.stop()
        self.book.clear()
        ENVIRONMENT_FILE.unlink(missing_ok=True)

    def _spawn(self, name: str, command: list[str]) -> None:
        process = subprocess.Popen(
            command,
            cwd=BASE_DIR,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self.book.add(name, process.pid)
        child = Child(name, process)
        self.children.append(child)
        os.set_blocking(child.output.fileno(), False)
        self.selector.register(child.output, selectors.EVENT_READ, child)

    def _connect(self) -> HTTPConnection:
        host = "127.0.0.1" if self.settings.host == "0.0.0.0" else self.settings.host  # noqa: S104  (compared)
        return HTTPConnection(host, self.settings.port, timeout=20)

    def _gunicorn_options(self) -> list[str]:
        host = f"[{self.settings.host}]" if ":" in self.settings.host else self.settings.host
        options = ["--bind", f"{host}:{self.settings.port}", "--worker-class", "gthread", "--workers", "2"]
        options += ["--threads", "4", "--keep-alive", "75", "--graceful-timeout", "8", "--access-logfile", "-"]
        options += ["--access-logformat", "%(m)s %(U)s %(s)s %(M)sms", "--log-level", "warning"]
        # Preloading imports the project once instead of once a worker.
        return [*options, "--reload" if self.settings.reload else "--preload"]


def run() -> None:
    """Run until Ctrl-C, SIGTERM or a closed terminal. Raises ServiceError when something has to be put right first."""
    settings = config.read()
    DATA_DIR.mkdir(exist_ok=True)
    note = f"CarKeeper runs here already: {settings.address} (process {os.getpid()}). Stop it first, with Ctrl-C there."
    with exclusive(DATA_DIR / "run.lock", note=note):
        _handle_signals(_request_stop)
        book = ProcessBook(DATA_DIR / "processes.json")
        with suppress(StopRequested, terminal.ClosedError):
            terminal.say(terminal.paint("CarKeeper", "1"))
            if orphans := book.end_orphans():
                terminal.say(f"  Ended what an earlier run left behind: {', '.join(orphans)}")
            config.require_free_port(settings)
            require_disk_space(DATA_DIR)
            _run(Run(settings, book, _environment(settings)))


def _run(this: Run) -> None:
    try:
        sign_ins = this.bring_up()
        _banner(this.settings, sign_ins, sandbox_url=this.environment.get("PAYMENTS_SANDBOX_URL", ""))
        this.supervise()
    except StopRequested:
        terminal.say("\nStopping …")
    finally:
        # An impatient second Ctrl-C must not leave a database behind; every wait below has its limit.
        _handle_signals(signal.SIG_IGN)
        this.shut_down()
    terminal.say("Stopped. The data stays in .data/; `make run` finds it again.")


def _environment(settings: Config) -> dict[str, str]:
    environment = dict(os.environ)
    environment.setdefault("DJANGO_SETTINGS_MODULE", "o2o_platform.settings.local")
    environment.setdefault("SITE_URL", settings.address)
    environment["PYTHONUNBUFFERED"] = "1"
    # A worker in a container runs as root; on a developer's machine the warning about it is noise.
    environment.setdefault("PYTHONWARNINGS", "ignore::UserWarning:celery.platforms")
    if settings.reload:
        environment["RELOAD"] = "1"
    return environment


def _push_key() -> str:
    """The key by which push services know this machine's platform; made once, so that browsers stay subscribed."""
    path = DATA_DIR / "vapid.key"
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(vapid_keys.make())
    return path.read_text().strip()


def _banner(settings: Config, sign_ins: str, *, sandbox_url: str) -> None:
    terminal.say()
    terminal.say(f"  {terminal.paint('CarKeeper is ready:', '1')} {terminal.paint(settings.address + '/', '1;36')}")
    terminal.say(f"  Mail and text messages: {settings.address}/dev/outbox/")
    if sandbox_url:
        terminal.say(f"  Payments with test money: {sandbox_url}/ (docs/payments-sandbox.md)")
    for line in sign_ins.splitlines():
        terminal.say(f"  {line}")
    terminal.say("  Ctrl-C stops everything; the data stays.")
    terminal.say()


def _handle_signals(handler: Callable[[int, FrameType | None], None] | signal.Handlers) -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, handler)


def _request_stop(_number: int, _frame: FrameType | None) -> None:
    raise StopRequested


def _how(return_code: int) -> str:
    return f"killed by {signal.Signals(-return_code).name}" if return_code < 0 else f"exit code {return_code}"
