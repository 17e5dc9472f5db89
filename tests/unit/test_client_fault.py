"""How an error of the network is put into words, and whether another attempt may mend it."""

from __future__ import annotations

import socket
import ssl

import httpx
import pytest

from observatory.client.fault import Again, Fault, transport_fault
from observatory.exchange import FailureType


def caused(error: Exception, cause: BaseException) -> Exception:
    error.__cause__ = cause
    return error


def fault(error: Exception, *, answered: bool = False, received: int = 0) -> Fault:
    return transport_fault(error, "api.test", answered=answered, received=received)


def untrusted() -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_message = "self-signed certificate"
    return error


def test_a_name_without_address_is_found_among_the_causes() -> None:
    cause = socket.gaierror(-2, "Name or service not known")
    found = fault(caused(httpx.ConnectError("failed"), caused(OSError("wrapped"), cause)))
    assert (found.type, found.again) == (FailureType.DNS, Again.AFTER_A_WHILE)
    assert found.clause == "the host name api.test has no address ([Errno -2] Name or service not known)"


def test_a_cause_within_a_group_is_found() -> None:
    group = ExceptionGroup("all attempts failed", [OSError("one"), ConnectionRefusedError(111, "refused")])
    assert fault(caused(httpx.ConnectError("failed"), group)).clause == "the connection was refused"


def test_causes_that_go_in_a_circle_are_looked_through_once() -> None:
    first, second = httpx.ConnectError("first"), OSError("second")
    first.__cause__, second.__cause__ = second, first
    assert fault(first).type is FailureType.CONNECTION


def test_a_certificate_that_is_not_trusted_is_not_asked_for_again() -> None:
    found = fault(caused(httpx.ConnectError("failed"), untrusted()))
    assert (found.type, found.again) == (FailureType.TLS, Again.NEVER)
    assert found.clause == "its certificate is not trusted (self-signed certificate)"


def test_other_trouble_with_tls_may_pass() -> None:
    found = fault(caused(httpx.ConnectError("failed"), ssl.SSLError(1, "wrong version number")))
    assert (found.type, found.again) == (FailureType.TLS, Again.AFTER_A_WHILE)
    assert "the TLS handshake failed" in found.clause


def test_what_breaks_after_the_head_has_cut_off_the_body() -> None:
    found = fault(httpx.ReadError("reset"), answered=True, received=1)
    assert (found.type, found.again) == (FailureType.TRUNCATED, Again.AFTER_A_WHILE)
    assert found.clause == "the body was cut off after 1 byte (reset)"


@pytest.mark.parametrize("text", ["x" * 10_000, "a\nb\x1b[31m"])
def test_what_others_say_is_cut_and_kept_to_one_line(text: str) -> None:
    clause = fault(httpx.RemoteProtocolError(text)).clause
    assert len(clause) < 250
    assert clause.isprintable()


def test_a_failure_says_what_where_how_often_and_what_to_do() -> None:
    failure = fault(ConnectionRefusedError(111, "refused")).failure("pokemon/25", 4, "http://api.test/pokemon/25/")
    assert failure.message == (
        "pokemon/25 could not be reached: the connection was refused, after 4 attempts at "
        "http://api.test/pokemon/25/; check that the API runs there."
    )
