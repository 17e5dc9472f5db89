"""What the address of a push says, in the Pushgateway's protocol, and the sentence for each that cannot be read."""

from __future__ import annotations

import base64
import re

import pytest

from observatory.relay.address import Address, read_address
from observatory.relay.reading import PushError

JOB = "/metrics/job/observatory"
KNOWN = "The address of a push has each of instance, job, push_id, target once, and nothing else: not "
ID = "The id of a push has 1 to 100 letters, digits, points, hyphens and underscores."
SHAPE = "The address of a push is /metrics/job/observatory/target/NAME/push_id/ID."


def in_base64(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    ("path", "address"),
    [
        (JOB, Address("", None)),
        (f"{JOB}/target/live/push_id/abc-1._Z", Address("live", "abc-1._Z")),
        (f"{JOB}/push_id/1/target/live", Address("live", "1")),
        (f"{JOB}/instance/host:1/target/live", Address("live", None)),
        (f"{JOB}/target/a%20b%2Fc%C3%A9", Address("a b/cé", None)),
        (
            f"{JOB}/target@base64/{in_base64('http://host:1/api/Pokémon?>')}",
            Address("http://host:1/api/Pokémon?>", None),
        ),
        (f"{JOB}/target@base64/{in_base64('abcd').rstrip('=')}", Address("abcd", None)),
        (f"{JOB}/target@base64/=", Address("", None)),
        (f"{JOB}/target%40base64/bGl2ZQ", Address("live", None)),
        ("/metrics/job@base64/bGl2ZQ/target/live", Address("live", None)),
        (f"{JOB}/target/replay:%2Fhome%2Fme%2Frecorded", Address("replay", None)),
        (f"{JOB}/target/replay", Address("replay", None)),
        (f"{JOB}/target/replayed", Address("replayed", None)),
        (f"{JOB}/target/{'x' * 200}", Address("x" * 200, None)),
    ],
)
def test_a_push_names_its_target_and_its_id(path: str, address: Address) -> None:
    assert read_address(path.encode()) == address


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/metrics/", SHAPE),
        ("/metrics/job", SHAPE),
        ("/metrics/job/", SHAPE),
        (f"{JOB}/", SHAPE),
        (f"{JOB}/target", SHAPE),
        ("/metrics/target/live", SHAPE),
        (f"{JOB}/run/5", f"{KNOWN}'run'."),
        (f"{JOB}/target/a/target/b", f"{KNOWN}'target'."),
        (f"{JOB}/target/a/target@base64/YQ", f"{KNOWN}'target'."),
        (f"{JOB}//target", f"{KNOWN}''."),
        (f"{JOB}/a%0Ab/1", f"{KNOWN}'a\\nb'."),
        (f"{JOB}/push_id/", ID),
        (f"{JOB}/push_id/a%20b", ID),
        (f"{JOB}/push_id/{'a' * 101}", ID),
        (f"{JOB}/target/%FF", "A part of the push's address can't be read: 'utf-8' codec can't decode byte 0xff"),
        (f"{JOB}/%FF/a", "A part of the push's address can't be read: "),
        (f"{JOB}/target@base64/a", "A part of the push's address can't be read: "),
        (f"{JOB}/target@base64/bGl2ZQ!!", "A part of the push's address can't be read: "),
        (f"{JOB}/target/{'x' * 201}", "In a push's address, 'target' is text of up to 200 printable characters."),
        (f"{JOB}/target/a%0Ab", "In a push's address, 'target' is text of up to 200 printable characters."),
        (f"{JOB}/instance/%00", "In a push's address, 'instance' is text of up to 200 printable characters."),
    ],
)
def test_what_cannot_be_read_is_told(path: str, said: str) -> None:
    with pytest.raises(PushError, match=f"^{re.escape(said)}") as refused:
        read_address(path.encode())
    assert str(refused.value).isprintable()
