"""The suites of the benchmarks, as a tester would write them, made for as many pokemon as are served."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from bench.bodies import Served

ROOT = Path(__file__).resolve().parents[1]

ONE_LINE = """\
*** Test Cases ***
Nothing But Robot
    Log    hi
"""

_OURS = """\
*** Settings ***
Resource    {root}/resources/pokeapi.resource


*** Test Cases ***
{tests}"""

_OUR_TEST = """\
Pokemon {number} Is Served With All Required Fields
    ${{pokemon}} =    Get Pokemon    {number}
    Should Be Equal    ${{pokemon.name}}    {name}
"""

_WITH_REQUESTS = """\
*** Settings ***
Library         Collections
Library         RequestsLibrary
Suite Setup     Create Session    pokeapi    {base_url}


*** Test Cases ***
{tests}

*** Keywords ***
Pokemon Should Be Served
    [Arguments]    ${{number}}    ${{name}}
    ${{response}} =    GET On Session    pokeapi    /pokemon/${{number}}/
    Status Should Be    200    ${{response}}
    ${{pokemon}} =    Set Variable    ${{response.json()}}
    Dictionary Should Contain Key    ${{pokemon}}    id
    Dictionary Should Contain Key    ${{pokemon}}    name
    Dictionary Should Contain Key    ${{pokemon}}    height
    Dictionary Should Contain Key    ${{pokemon}}    weight
    Dictionary Should Contain Key    ${{pokemon}}    base_experience
    Dictionary Should Contain Key    ${{pokemon}}    abilities
    Dictionary Should Contain Key    ${{pokemon}}    types
    Dictionary Should Contain Key    ${{pokemon}}    stats
    Dictionary Should Contain Key    ${{pokemon}}    sprites
    Should Be Equal    ${{pokemon}}[name]    ${{name}}
"""

_TEST_WITH_REQUESTS = """\
Pokemon {number} Is Served With All Required Fields
    Pokemon Should Be Served    {number}    {name}
"""

_MANY = """\
*** Settings ***
Resource    {root}/resources/pokeapi.resource


*** Test Cases ***
All Pokemon Are Served With All Required Fields
    ${{pokemon}} =    Get Many Pokemon    1-{amount}    concurrency={concurrency}
    Length Should Be    ${{pokemon}}    {amount}
"""


def ours(pokemon: Iterable[Served]) -> str:
    """One test for each pokemon: `Get Pokemon` checks status and required fields, the test itself one value."""
    return _OURS.format(root=ROOT.as_posix(), tests=_tests(_OUR_TEST, pokemon))


def with_requests(pokemon: Iterable[Served], base_url: str) -> str:
    """The same with RequestsLibrary, in a user keyword."""
    return _WITH_REQUESTS.format(base_url=base_url, tests=_tests(_TEST_WITH_REQUESTS, pokemon))


def many(amount: int, concurrency: int) -> str:
    """One test that fetches the pokemon numbered 1 to `amount` at once."""
    return _MANY.format(root=ROOT.as_posix(), amount=amount, concurrency=concurrency)


def _tests(template: str, pokemon: Iterable[Served]) -> str:
    return "\n".join(template.format(number=each.number, name=each.name) for each in pokemon)
