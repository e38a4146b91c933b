import socket

import pytest

from o2o_platform.services import config
from o2o_platform.services.config import Config
from o2o_platform.services.errors import ServiceError


def test_empty_environment_gives_the_defaults():
    assert config.read({}) == Config(port=8000, host="127.0.0.1", database_url="", redis_url="", reload=False)


def test_empty_variables_count_as_unset():
    assert config.read({"PORT": "", "HOST": "", "RELOAD": "0"}) == Config()


@pytest.mark.parametrize("port", ["0", "65536", "-1", "http", "80 ", "٨٠٠٠", "8000.5"])
def test_port_that_cannot_be_meant_is_refused(port):
    with pytest.raises(ServiceError, match="PORT must be a number from 1 to 65535"):
        config.read({"PORT": port})


@pytest.mark.parametrize(
    ("name", "value"),
    [("DATABASE_URL", "mysql://127.0.0.1/x"), ("REDIS_URL", "amqp://127.0.0.1"), ("DATABASE_URL", "x")],
)
def test_server_of_another_kind_is_refused(name, value):
    with pytest.raises(ServiceError, match=f"{name} must start with"):
        config.read({name: value})


@pytest.mark.parametrize(
    ("host", "address"),
    [("127.0.0.1", "http://127.0.0.1:8000"), ("0.0.0.0", "http://127.0.0.1:8000"), ("::1", "http://[::1]:8000")],
)
def test_address_can_be_opened_in_a_browser(host, address):
    assert Config(host=host).address == address


def test_taken_port_is_refused_with_a_way_out():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        with pytest.raises(ServiceError, match=rf"^Port {port} is taken.*PORT=\d+ make run$"):
            config.require_free_port(Config(port=port))


def test_free_port_is_accepted():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]

    config.require_free_port(Config(port=port))


@pytest.mark.parametrize(
    ("environ", "is_started"),
    [
        ({}, True),
        ({"PAYMENTS_SANDBOX": "1"}, True),
        ({"PAYMENTS_SANDBOX": "0"}, False),
        ({"PAYMENTS_SANDBOX_URL": "http://127.0.0.1:9"}, False),
        ({"PAYMENTS_ALIPAY_APP_ID": "1"}, True),
    ],
)
def test_sandbox_provider_is_started_unless_told_otherwise(environ, is_started):
    assert config.read(environ).sandbox is is_started
