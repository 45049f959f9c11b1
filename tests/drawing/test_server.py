"""drawing.server: who may have the page, and what else nobody can have."""

from __future__ import annotations

import http.client
import socket
import urllib.parse

import pytest

from mnist_zoo.drawing import PageServer, files
from mnist_zoo.errors import ChecksumError


def ask(server, path, method="GET", **headers):
    """Return the status, the headers and the content of an answer to a request as it is given."""
    connection = http.client.HTTPConnection(*server.server_address, timeout=20)
    try:
        connection.putrequest(method, path, skip_host="Host" in headers)
        for name, value in headers.items():
            connection.putheader(name, value)
        connection.endheaders()
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


def test_every_file_of_the_page_is_served_with_its_type(served):
    for name, file in files.page_files().items():
        status, headers, content = ask(served, f"/{served.token}/{name}")
        assert (status, headers["Content-Type"], content) == (200, file.type, file.content())
        assert headers["Cache-Control"] == "no-store"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]


def test_the_address_is_that_of_the_page(served):
    parts = urllib.parse.urlsplit(served.address)
    assert (parts.scheme, parts.hostname) == ("http", "127.0.0.1")
    assert parts.port > 1023
    assert b"Draw a digit" in ask(served, parts.path)[2]
    assert b"Draw a digit" in ask(served, parts.path + "?from=a-shell")[2]


def test_the_address_without_its_last_slash_leads_to_the_page(served):
    status, headers, _ = ask(served, f"/{served.token}")
    assert (status, headers["Location"]) == (301, served.address)


@pytest.mark.parametrize("token", ["", "x", "{}x", "../{}", "%2e%2e/{}", "é"])
def test_nobody_without_the_token_has_anything(served, token):
    path = token.format(served.token).encode().decode("latin-1")
    for name in ("/", "", "/index.html", "/linear.bin", "/nosuch"):
        status, _, content = ask(served, "/" + urllib.parse.quote(path, safe="/%") + name)
        assert status == 403
        assert b"Draw a digit" not in content
        assert served.token.encode() not in content


def test_tokens_differ_and_are_long():
    with PageServer() as one, PageServer() as other:
        assert one.token != other.token
        assert one.server_address != other.server_address
        assert len(one.token) >= 20


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "localhost:{port}",
        "127.0.0.1",
        "127.0.0.1:1",
        "[::1]:{port}",
        "0.0.0.0:{port}",
    ],
)
def test_another_host_in_the_request_is_refused(served, host):
    """So a page of another site, whose name an attacker lets point to this machine, is refused."""
    host = host.format(port=served.server_address[1])
    assert ask(served, f"/{served.token}/", Host=host)[0] == 403
    assert ask(served, f"/{served.token}/", Host=served.host)[0] == 200


def test_a_request_without_a_host_or_with_two_is_refused(served):
    for lines in ("", f"Host: {served.host}\r\nHost: evil.example\r\n"):
        with socket.create_connection(served.server_address, timeout=20) as connection:
            connection.sendall(f"GET /{served.token}/ HTTP/1.1\r\n{lines}\r\n".encode())
            assert b" 403 " in connection.makefile("rb").readline()


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "CONNECT"])
def test_only_get_is_answered(served, method):
    status, headers, _ = ask(served, f"/{served.token}/", method)
    assert status == 501
    assert "Access-Control-Allow-Origin" not in headers


@pytest.mark.parametrize(
    "name",
    [
        *("../server.py", "..%2fserver.py", "%2e%2e/server.py", "..\\server.py", "/etc/passwd"),
        *("page/index.html", "./index.html", "index.html/", "index.html%00.css", "linear.npz"),
        *("vision_transformer.bin", "__init__.py", "//index.html", "INDEX.HTML"),
    ],
)
def test_no_other_file_can_be_had(served, name):
    status, _, content = ask(served, f"/{served.token}/{name}")
    assert status == 404
    assert b"import" not in content


def test_only_this_machine_is_listened_to(served):
    assert served.server_address[0] == "127.0.0.1"
    assert served.socket.getsockname()[0] == "127.0.0.1"


def test_the_port_is_free_again_after_the_end():
    with PageServer() as server:
        address = server.server_address
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address, timeout=20)


def test_a_browser_that_hangs_up_is_no_error(served, capfd):
    for sent in (b"", b"GET", b"GET / HTTP/1.1\r\n", b"\x16\x03\x01\x02\x00", b"\r\n" * 9):
        with socket.create_connection(served.server_address, timeout=20) as connection:
            connection.sendall(sent)
    with socket.create_connection(served.server_address, timeout=20) as connection:
        connection.sendall(f"GET /{served.token}/convnet.bin HTTP/1.1\r\n".encode())
        connection.sendall(f"Host: {served.host}\r\n\r\n".encode())
        connection.recv(10)  # Of a megabyte.
    assert ask(served, f"/{served.token}/")[0] == 200
    assert capfd.readouterr().err == ""


def test_a_fault_of_a_file_is_told_to_the_browser(served):
    def damaged():
        raise ChecksumError("the file was damaged: reinstall mnist-zoo")

    served.files["linear.bin"] = files.PageFile("application/octet-stream", damaged)
    status, _, content = ask(served, f"/{served.token}/linear.bin")
    assert status == 500
    assert b"reinstall mnist-zoo" in content
    assert ask(served, f"/{served.token}/")[0] == 200


def test_a_fault_of_the_program_is_not_hidden(served, capsys):
    served.files["linear.bin"] = files.PageFile("text/plain", lambda: 1 / 0)
    with pytest.raises(http.client.HTTPException):
        ask(served, f"/{served.token}/linear.bin")
    assert ask(served, f"/{served.token}/")[0] == 200
    assert "ZeroDivisionError" in capsys.readouterr().err
