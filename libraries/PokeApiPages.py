"""Keywords that turn the pages of the API's lists."""

from __future__ import annotations

from typing import Any, Literal

from assertionengine import AssertionOperator
from robot.api.deco import keyword, library

from keyword_values import Answer, checked, content_of, exchange_behind
from observatory.asking.newest import newest
from observatory.asking.paging import all_references, window_of
from observatory.exchange import Request
from observatory.record import record_of, view
from robot_listener import LISTENER
from robot_session import ROBOT_SESSION, fetched, fetched_together, plainly, shown


@library(scope="GLOBAL", auto_keywords=False, listener=LISTENER, doc_format="MARKDOWN")
class PokeApiPages:
    """Turn the pages of an endpoint's list.

    A page has `count` (how many resources the whole list has), `next` and `previous` (the addresses of its
    neighbours) and `results` (a reference to each resource on it).
    """

    @keyword
    def get_page(self, endpoint: str, limit: int | str | None = None, offset: int | str | None = None) -> Answer:
        """Get a page of an endpoint's list, and check it against its model.

        Without `limit` the API decides how long the page is.

        ```robotframework
        ${page} =    Get Page    pokemon    limit=20    offset=0
        Length Should Be    ${page.results}    20
        Should Be Equal    ${page.previous}    ${None}
        ```
        """
        asked = {"limit": limit, "offset": offset}
        params = {name: str(value) for name, value in asked.items() if value is not None}
        return record_of(fetched(Request(endpoint, params=params)))

    @keyword
    def get_page_near_the_end(self, endpoint: str, rows_left: int, limit: int = 20) -> Answer:
        """Get the page that begins where so many rows of the list are left, however long the list is today.

        ```robotframework
        ${page} =    Get Page Near The End    pokemon    rows_left=5
        Length Should Be    ${page.results}    5
        Should Be Equal    ${page.next}    ${None}
        ```
        """
        count = self.get_page(endpoint, limit=1).count
        return self.get_page(endpoint, limit, count - rows_left)

    @keyword
    def get_page_link(
        self,
        page: Any,
        link: Literal["next", "previous"],
        operator: AssertionOperator | None = None,
        expected: str | None = None,
    ) -> str:
        """Get which rows a page's link to another page asks for, and assert what it is.

        The link is read in its own order, such as `offset 20, limit 20`; it is `none` where there is no such page.

        ```robotframework
        ${page} =    Get Page    pokemon    limit=20
        Get Page Link    ${page}    next    ==    offset 20, limit 20
        Get Page Link    ${page}    previous    ==    none
        ```
        """
        with plainly():
            address = content_of(page)[link]
            return checked(window_of(address), operator, expected, exchange_behind(page), f"the {link} page")

    @keyword
    def get_all_references(self, endpoint: str, page_size: int = 200) -> Answer:
        """Walk through all pages of an endpoint's list, and get every reference that is in them.

        ```robotframework
        ${types} =    Get All References    type    page_size=5
        Should Contain    ${types.names}    fire
        ```
        """
        with plainly():
            first = Request(endpoint, params={"limit": str(page_size), "offset": "0"})
            return view(all_references(lambda request: shown(ROBOT_SESSION.current.fetch(request)), first))

    @keyword
    def get_newest(self, endpoint: str, number: int = 10) -> list[Answer]:
        """Get the newest resources of an endpoint: the last so many of its list, the oldest of them first.

        Most new fields and values arrive with new resources, so a look at these finds changes early.

        ```robotframework
        ${pokemon} =    Get Newest    pokemon    10
        Length Should Be    ${pokemon}    10
        ```
        """
        with plainly():
            requests = newest(lambda request: shown(ROBOT_SESSION.current.fetch(request)), endpoint, number)
        return [record_of(exchange) for exchange in fetched_together(requests)]
