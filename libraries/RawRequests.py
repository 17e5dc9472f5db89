"""Keywords that let other HTTP libraries ask the same API, under the same limit."""

from __future__ import annotations

from typing import Any

import httpx
from assertionengine import AssertionOperator
from robot.api import SkipExecution, logger
from robot.api.deco import keyword, library

from keyword_values import compared
from observatory.client.reading import NOT_RECORDED_HEADER
from observatory.client.transports import proxy_of
from observatory.rules.json_form import untidy_json
from robot_listener import LISTENER
from robot_session import ROBOT_SESSION, plainly


@library(scope="GLOBAL", auto_keywords=False, listener=LISTENER, doc_format="MARKDOWN")
class RawRequests:
    """Let RequestsLibrary, or any other HTTP library, ask the API that is being watched.

    What is asked so goes past our own client: nothing is tried again, judged, counted or remembered. That is what
    a test of bare HTTP wants, such as of caching or compression; for everything else there are `Get Pokemon` and
    its like. The rate limit holds for everybody, so ask `Wait For Rate Limit` before each request.
    """

    @keyword
    def get_base_url(self) -> str:
        """Get the address of the API that is being watched, without a slash at its end.

        ```robotframework
        ${url} =    Get Base Url
        Wait For Rate Limit
        GET    ${url}/pokemon/1
        ```
        """
        with plainly():
            return ROBOT_SESSION.current.client.base_url

    @keyword
    def get_proxies(self) -> dict[str, str | None]:
        """Get the proxies to hand to RequestsLibrary: those of the environment, and none for this machine itself.

        ```robotframework
        ${url} =    Get Base Url
        ${proxies} =    Get Proxies
        GET    ${url}/pokemon/1    proxies=${proxies}
        ```
        """
        with plainly():
            proxy = proxy_of(httpx.URL(ROBOT_SESSION.current.client.base_url))
            return dict.fromkeys(("http", "https", "all"), proxy)

    @keyword
    def wait_for_rate_limit(self) -> float:
        """Wait until the next request may leave, as all requests of all processes do, and get the seconds it took.

        ```robotframework
        Wait For Rate Limit
        GET    ${url}/pokemon/1
        ```
        """
        with plainly():
            waited = ROBOT_SESSION.current.wait_for_limit()
        if waited > 0:
            logger.info(f"Waited {waited:.2f} s for the rate limit.")
        return waited

    @keyword
    def skip_if_not_recorded(self, response: Any) -> None:
        """Skip the test when a replayed recording lacks what was asked for: then nothing can be said about it.

        `response` is what a keyword of RequestsLibrary returned.

        ```robotframework
        ${response} =    GET    ${url}/berry/1    expected_status=any
        Skip If Not Recorded    ${response}
        ```
        """
        lacking = response.headers.get(NOT_RECORDED_HEADER)
        if lacking is not None:
            raise SkipExecution(
                f"{lacking} is in neither the recording nor the stand-in's catalogue, so nothing can be said about it."
            )

    @keyword
    def get_response_header(
        self, response: Any, name: str, operator: AssertionOperator | None = None, expected: Any = None
    ) -> str | None:
        """Get a header of a response, in any case of its name, and assert what it is; `None` when it is absent.

        `response` is what a keyword of RequestsLibrary returned.

        ```robotframework
        ${response} =    GET    ${url}/pokemon/1
        Get Response Header    ${response}    ETag    should start with    W/
        ```
        """
        value: str | None = response.headers.get(name)
        return compared(value, operator, expected, f"{response.url}: header {name}")

    @keyword
    def header_should_name(self, response: Any, name: str, *things: str) -> None:
        """Fail when a header of a response is not there, or does not name all of some things.

        `response` is what a keyword of RequestsLibrary returned; small and capital letters are the same.

        ```robotframework
        ${response} =    OPTIONS    ${url}/pokemon/1
        Header Should Name    ${response}    Access-Control-Allow-Methods    GET    HEAD
        ```
        """
        value = response.headers.get(name)
        lacking = [thing for thing in things if thing.lower() not in (value or "").lower()]
        if lacking:
            named = f"is '{value}'" if value is not None else "is missing"
            raise AssertionError(f"{response.url}: the header {name} {named}, but should name {', '.join(lacking)}.")

    @keyword
    def contents_should_be_the_same(self, first: Any, second: Any) -> None:
        """Fail when two responses differ in their content, however it was packed on the wire.

        Both are what keywords of RequestsLibrary returned.

        ```robotframework
        ${packed} =    GET    ${url}/pokemon/1    headers=${gzip}
        ${plain} =    GET    ${url}/pokemon/1
        Contents Should Be The Same    ${packed}    ${plain}
        ```
        """
        if first.content != second.content:
            raise AssertionError(
                f"{first.url} and {second.url} should have the same content, but they differ: "
                f"{len(first.content)} and {len(second.content)} bytes, unpacked."
            )

    @keyword
    def json_should_be_compact_and_sorted(self, response: Any) -> None:
        """Fail when the JSON of a response has white space it does not need, or keys out of order.

        `response` is what a keyword of RequestsLibrary returned.

        ```robotframework
        ${response} =    GET    ${url}/pokemon/1
        Json Should Be Compact And Sorted    ${response}
        ```
        """
        broken = untidy_json(response.content)
        if broken:
            raise AssertionError(f"{response.url}: {' '.join(broken)}")
