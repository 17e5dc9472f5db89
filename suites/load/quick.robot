*** Settings ***
Documentation    Does the API hold when many ask at once? Quick loads, which run only when they are asked for.

Resource         ../../resources/load.resource

Suite Setup      Skip Unless Load Is Asked For

Test Tags        load


*** Test Cases ***
A Quick Load Passes Its Limits
    [Documentation]    Ten users ask for ten seconds; hardly a request fails, and nearly all are answered in time.
    Run Load Profile    quick
    Load Should Be Sound
    Failure Rate Should Be Below    ${LOAD_FAILURE_RATE}
    Latency Should Be Below    p95    ${LOAD_LATENCY}
    Throughput Should Be At Least    ${LOAD_THROUGHPUT}
    Load Should Have Passed

A Spike Is Survived
    [Documentation]    The users are five times as many for a second, two processes make them, and nobody is left out.
    [Tags]    spike
    Run Load Profile    quick    shape=spike    users=40    duration=5 s    processes=2    max_p95=${SPIKE_LATENCY}
    Load Should Be Held    p95=${SPIKE_LATENCY}
    Load Should Have Passed

Arrivals Are Served At Their Rate
    [Documentation]    Requests come at a rate, and wait for nobody; all are sent, and answered in time.
    [Tags]    arrivals
    Run Load Profile    quick    rate=${ARRIVAL_RATE}    duration=4 s
    Load Should Be Held
    Throughput Should Be At Least    ${ARRIVAL_THROUGHPUT}

Journeys Lead To Their Ends
    [Documentation]    Users open the list, choose a pokemon, and follow it to its type and its ability.
    [Tags]    journeys
    Run Load Profile    quick    visitor=journey    duration=3 s
    Load Should Be Held
    Failure Rate Should Be Below    ${LOAD_FAILURE_RATE}    endpoint=pokemon
    Failure Rate Should Be Below    ${LOAD_FAILURE_RATE}    endpoint=type
    Failure Rate Should Be Below    ${LOAD_FAILURE_RATE}    endpoint=ability
