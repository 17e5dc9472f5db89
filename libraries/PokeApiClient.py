"""Keywords that ask the API, and look at what it answered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from assertionengine import AssertionOperator
from robot.api.deco import keyword, library
from robot.api.types import Secret

from keyword_values import Answer, checked, compared, content_of, exchange_behind
from observatory.asking.addresses import request_for
from observatory.asking.resource_range import resources_in
from observatory.exchange import Exchange, FailureType, Request
from observatory.failures import raise_for_failure
from observatory.record import plain, record_of
from observatory.record.field_path import values_at
from robot_listener import LISTENER
from robot_session import ROBOT_SESSION, fetched, fetched_together, plainly, shown

_TOO_MANY_REQUESTS = 429
_ANSWERS = frozenset(range(100, 500)) - {_TOO_MANY_REQUESTS}
_ANSWERED = frozenset({FailureType.SERVER_ERROR, FailureType.RATE_LIMITED})
"""Failures that are answers all the same, for whoever wants whatever comes back."""


@library(scope="GLOBAL", auto_keywords=False, listener=LISTENER, doc_format="MARKDOWN")
class PokeApiClient:
    """Ask an HTTP API in plain words. Everything that is asked is remembered.

    What a keyword such as `Get Pokemon` returns reads by its field names, as the API sends them:
    `${pokemon.name}`, `${pokemon.types[0].type.name}`, or `${pokemon.types.names}` for the names of a list of things.

    ## Which API is asked
    The one that the variable `TARGET` names: `embedded` (a stand-in that needs no network, the default), `live`
    (the public PokéAPI), `replay` (a folder of recorded answers, named by `RECORDING`), or any address:

    ```
    robot --variable TARGET:live --include smoke suites/
    ```

    ## What happens to a request
    It waits for the rate limit (100 requests a minute on the public API, for all processes together). A network
    error, a status of 500 or more and a cut off body are tried again up to 3 times, a status 429 up to 5 times,
    after the time that the API asks for. An endpoint that fails half of its requests is left alone for 30 seconds.
    The answer is judged: status 200, JSON, and all fields there and of the right type. Each request is a line in
    log.html that unfolds.

    ## Asserting
    Keywords that get something take an operator and a value, and fail when they do not fit:
    `==`, `!=`, `<`, `>=`, `contains`, `matches`, `validate` and the others of the
    [AssertionEngine](https://github.com/MarketSquare/AssertionEngine).
    """

    @keyword
    def get_pokemon(self, resource: int | str) -> Answer:
        """Get a pokemon by its number or name, and check it against its model.

        ```robotframework
        ${pokemon} =    Get Pokemon    25
        Should Be Equal    ${pokemon.name}    pikachu
        ```
        """
        return self._get("pokemon", resource)

    @keyword
    def get_type(self, resource: int | str) -> Answer:
        """Get a type by its number or name, and check it against its model.

        ```robotframework
        ${type} =    Get Type    fire
        Should Contain    ${type.damage_relations.double_damage_to.names}    grass
        ```
        """
        return self._get("type", resource)

    @keyword
    def get_ability(self, resource: int | str) -> Answer:
        """Get an ability by its number or name, and check it against its model.

        ```robotframework
        ${ability} =    Get Ability    stench
        Should Be True    ${ability.is_main_series}
        ```
        """
        return self._get("ability", resource)

    @keyword
    def get_resource(self, endpoint: str, resource: int | str = "") -> Answer:
        """Get a resource of any endpoint by its number or name.

        Endpoints without a model are checked for status 200 and JSON. Without a resource, get what the endpoint
        itself has to say, such as `meta`: the revision of the API.

        ```robotframework
        ${berry} =    Get Resource    berry    cheri
        Should Be Equal    ${berry.firmness.name}    soft
        ```
        """
        return record_of(fetched(Request(endpoint, str(resource))))

    @keyword
    def follow(self, reference: Any) -> Answer:
        """Get what a reference, or an address found in an answer, points to.

        The address is taken to the API that is being watched, whatever host it names.

        ```robotframework
        ${pokemon} =    Get Pokemon    bulbasaur
        ${species} =    Follow    ${pokemon.species}
        ${page} =    Get Page    pokemon    limit=20
        ${next} =    Follow    ${page.next}
        ```
        """
        with plainly():
            if reference is None:
                raise AssertionError("There is nothing to follow: the API says that there is no such thing (null).")
            address = reference if isinstance(reference, str) else str(values_at(plain(reference), "url"))
        return record_of(fetched(request_for(address)))

    @keyword
    def get_many_pokemon(self, resources: Any, concurrency: int | None = None) -> list[Answer]:
        """Get many pokemon at once, and check each against its model.

        `resources` is a range, numbers or names: `1-151`, `1, 4, 7` or `bulbasaur, mew`. At most `concurrency`
        requests are under way at a time, 20 unless told otherwise, and never more than the rate limit allows.

        ```robotframework
        ${pokemon} =    Get Many Pokemon    1-151    concurrency=20
        Should Be Equal    ${pokemon[24].name}    pikachu
        ```
        """
        return self.get_many_resources("pokemon", resources, concurrency)

    @keyword
    def get_many_types(self, resources: Any, concurrency: int | None = None) -> list[Answer]:
        """Get many types at once; see `Get Many Pokemon`.

        ```robotframework
        ${types} =    Get Many Types    1-18
        Length Should Be    ${types}    18
        ```
        """
        return self.get_many_resources("type", resources, concurrency)

    @keyword
    def get_many_abilities(self, resources: Any, concurrency: int | None = None) -> list[Answer]:
        """Get many abilities at once; see `Get Many Pokemon`.

        ```robotframework
        ${abilities} =    Get Many Abilities    stench, drizzle
        Length Should Be    ${abilities}    2
        ```
        """
        return self.get_many_resources("ability", resources, concurrency)

    @keyword
    def get_many_resources(self, endpoint: str, resources: Any, concurrency: int | None = None) -> list[Answer]:
        """Get many resources of any endpoint at once; see `Get Many Pokemon`.

        ```robotframework
        ${berries} =    Get Many Resources    berry    1-10
        ```
        """
        with plainly():
            requests = [Request(endpoint, resource) for resource in resources_in(plain(resources))]
        return [record_of(exchange) for exchange in fetched_together(requests, concurrency)]

    @keyword
    def send_request(self, path: str, method: str = "GET", headers: Mapping[str, str] | None = None) -> Exchange:
        """Send a request and get whatever comes back, an error status too.

        For tests of how the API answers what is wrong. Only an answer that never comes fails. A status of 500 or
        more, and 429, is tried again first, as always. `Get Field` reads the answer's JSON, if it has some.

        ```robotframework
        ${answer} =    Send Request    pokemon/999999
        Get Status    ${answer}    ==    404
        Get Body    ${answer}    ==    Not Found
        ```
        """
        if "://" in path:
            asked = request_for(path)
        else:
            endpoint, _, resource = path.partition("?")[0].strip("/").partition("/")
            asked = Request(endpoint, resource, url=path)
        request = replace(asked, method=method.upper(), headers=headers or {}, expected=_ANSWERS)
        with plainly():
            exchange = shown(ROBOT_SESSION.current.fetch(request))
            if exchange.failure is None or exchange.failure.type not in _ANSWERED:
                raise_for_failure(exchange)
            return exchange

    @keyword
    def use_api_token(self, token: Secret) -> None:
        """Send a token as `Authorization: Bearer …` with every further request; no log shows it.

        The token must be a `Secret`, which Robot makes of an environment variable. It goes only to the API that is
        asked, and never to the public PokéAPI, which needs none.

        ```robotframework
        *** Variables ***
        ${TOKEN: Secret}    %{API_TOKEN}

        *** Test Cases ***
        A Private Resource Is Served
            Use Api Token    ${TOKEN}
            Get Resource    orders    7
        ```
        """
        with plainly():
            ROBOT_SESSION.current.authorize(token.value)

    @keyword
    def get_field(self, answer: Any, path: str, operator: AssertionOperator | None = None, expected: Any = None) -> Any:
        """Get a field of an answer, or all fields that a path with `[]` leads to, and assert what it is.

        ```robotframework
        Get Field    ${pokemon}    name    ==    pikachu
        Get Field    ${pokemon}    stats[0].base_stat    >=    1
        Get Field    ${pokemon}    types[].type.name    contains    electric
        ```
        """
        with plainly():
            return checked(values_at(content_of(answer), path), operator, expected, exchange_behind(answer), path)

    @keyword
    def get_status(self, answer: Any, operator: AssertionOperator | None = None, expected: Any = None) -> int | None:
        """Get the HTTP status of an answer, and assert what it is.

        ```robotframework
        ${answer} =    Send Request    type/999
        Get Status    ${answer}    ==    404
        ```
        """
        with plainly():
            exchange = exchange_behind(answer)
            return checked(exchange.status, operator, expected, exchange, "status")

    @keyword
    def get_header(
        self, answer: Any, name: str, operator: AssertionOperator | None = None, expected: Any = None
    ) -> str | None:
        """Get a header of an answer, in any case of its name, and assert what it is; `None` when it is absent.

        ```robotframework
        Get Header    ${pokemon}    Content-Type    contains    application/json
        ```
        """
        with plainly():
            exchange = exchange_behind(answer)
            return checked(exchange.headers.get(name.lower()), operator, expected, exchange, f"header {name}")

    @keyword
    def get_body(self, answer: Any, operator: AssertionOperator | None = None, expected: Any = None) -> str:
        """Get the body of an answer as text, and assert what it is.

        ```robotframework
        ${answer} =    Send Request    pokemon/0
        Get Body    ${answer}    ==    Not Found
        ```
        """
        with plainly():
            exchange = exchange_behind(answer)
            return checked(exchange.body.decode("utf-8", "replace"), operator, expected, exchange, "body")

    @keyword
    def get_response_time(
        self, answer: Any, operator: AssertionOperator | None = None, expected: timedelta | None = None
    ) -> float:
        """Get the seconds that the answer took, and assert what they are.

        The time of the last attempt on the wire: pauses between attempts and waiting for the rate limit are not in it.

        ```robotframework
        Get Response Time    ${pokemon}    <    500 ms
        ```
        """
        with plainly():
            exchange = exchange_behind(answer)
            return checked(exchange.elapsed, operator, expected, exchange, "response time in seconds")

    @keyword
    def get_number_of_attempts(
        self, answer: Any, operator: AssertionOperator | None = None, expected: Any = None
    ) -> int:
        """Get how many attempts an answer took, and assert how many they are.

        ```robotframework
        Get Number Of Attempts    ${pokemon}    ==    1
        ```
        """
        with plainly():
            exchange = exchange_behind(answer)
            return checked(len(exchange.attempts), operator, expected, exchange, "number of attempts")

    @keyword
    def get_pause(
        self, answer: Any, attempt: int, operator: AssertionOperator | None = None, expected: timedelta | None = None
    ) -> float:
        """Get the seconds of the pause before an attempt, the first of which is 1, and assert what they are.

        ```robotframework
        Get Pause    ${pokemon}    2    >=    1 s
        ```
        """
        with plainly():
            exchange = exchange_behind(answer)
            pauses = {each.number: each.waited for each in exchange.attempts}
            if attempt not in pauses:
                raise AssertionError(f"{exchange.subject} was answered after {len(pauses)} attempts, not {attempt}.")
            return checked(pauses[attempt], operator, expected, exchange, f"pause before attempt {attempt} in seconds")

    @keyword
    def get_circuit_state(self, endpoint: str, operator: AssertionOperator | None = None, expected: Any = None) -> str:
        """Get the state of an endpoint's circuit breaker: `closed`, `open` or `half open`; and assert what it is.

        ```robotframework
        Get Circuit State    pokemon    ==    closed
        ```
        """
        with plainly():
            state = ROBOT_SESSION.current.breakers.state(endpoint).name.lower().replace("_", " ")
            return compared(state, operator, expected, f"{endpoint}: circuit breaker")

    def _get(self, endpoint: str, resource: int | str) -> Answer:
        if not str(resource).strip():
            raise AssertionError(f"Which {endpoint}? The name that was given is empty, and would give the whole list.")
        return self.get_resource(endpoint, resource)
