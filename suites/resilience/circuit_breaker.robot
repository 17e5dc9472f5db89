*** Settings ***
Documentation     An endpoint that fails half of its requests is left alone for a while, so that it can recover.

Resource          ../../resources/faults.resource

Suite Teardown    Leave Faulty Stand In
Test Setup        Use Faulty Stand In    pause=${SHORT_PAUSE}    circuit_rest=${SHORT_REST}

Test Tags         regression    resilience    pokemon    circuit-breaker


*** Test Cases ***
An Endpoint That Fails Ten Times Is Left Alone
    [Documentation]    The circuit opens; the next request is not sent, and the message says since when and why.
    [Setup]    Use Faulty Stand In    pause=${SHORT_PAUSE}
    Break The Circuit Of Pokemon
    Getting Pikachu Should Fail With
    ...    was not asked for, because the circuit of pokemon is open since 20
    ...    10 of 10 requests failed in the last 5 min, the last because the body is not JSON
    ...    it will be tried again at
    Get Number Of Faults    ==    10
    Get Metric    pokeapi_circuit_breaker_state    ==    1    endpoint=pokemon
    Get Metric    pokeapi_failures_total    ==    1    endpoint=pokemon    failure_type=circuit_open

Other Endpoints Go On While One Is Left Alone
    [Documentation]    Each endpoint has a circuit of its own.
    [Tags]    type
    Break The Circuit Of Pokemon
    ${type} =    Get Type    fire
    Get Field    ${type}    name    ==    fire
    Get Circuit State    type    ==    closed

Nine Failures Are Not Enough
    [Documentation]    Fewer than ten requests say too little to leave an endpoint alone.
    Inject Fault    bad json
    Getting Many Pokemon Should Fail With    1-9    9 of 9 requests failed
    Get Circuit State    pokemon    ==    closed

Less Than Half Is Not Enough
    [Documentation]    Of twenty requests eight fail, which is bad, but no reason to stop asking.
    Inject Fault    bad json    share=0.4
    Getting Many Pokemon Should Fail With    1-20    8 of 20 requests failed    concurrency=1
    Get Circuit State    pokemon    ==    closed

Clear Refusals Are No Failures
    [Documentation]    An API that says twelve times that it has no such pokemon did its part twelve times.
    Inject Fault    status    status=404
    Getting Many Pokemon Should Fail With    1-12    12 of 12 requests failed
    Get Circuit State    pokemon    ==    closed

An Endpoint That Has Recovered Is Asked Again
    [Documentation]    After its rest the endpoint is tried, and after three good answers all is as before.
    Break The Circuit Of Pokemon
    Clear Faults
    Wait Until Circuit Is Half Open    pokemon
    ${pokemon} =    Get Many Pokemon    1-3    concurrency=1
    Length Should Be    ${pokemon}    3
    Get Circuit State    pokemon    ==    closed

An Endpoint That Has Not Recovered Is Left Alone Again
    [Documentation]    One bad answer after its rest is enough, and the message tells of that one too.
    Break The Circuit Of Pokemon
    Wait Until Circuit Is Half Open    pokemon
    Getting Pikachu Should Fail With    the body is not JSON    after 1 attempt
    Get Circuit State    pokemon    ==    open
    Getting Pikachu Should Fail With    10 of 10 requests failed    and a probe at    failed because
