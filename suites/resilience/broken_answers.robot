*** Settings ***
Documentation     Does our client tell a bad answer from a good one, and say in one sentence what is wrong with it?

Resource          ../../resources/faults.resource

Suite Teardown    Leave Faulty Stand In
Test Setup        Use Faulty Stand In    pause=${SHORT_PAUSE}

Test Tags         regression    resilience    pokemon


*** Test Cases ***
Broken Answers Are Told In One Sentence
    [Documentation]    What cannot be read will be no better next time, so it is told at once.
    [Template]    Fault Should Be Told As
    # fault          words
    bad json         the body is not JSON (line 1
    content type     the content type is 'text/html; charset=utf-8', expected application/json
    oversized        the body is larger than 10,485,760 bytes, and reading was stopped there
    redirect loop    the API redirects in a circle

Wrong Fields Are Told By Their Place
    [Documentation]    JSON that reads well can still be wrong: each field is named, with what was expected and seen.
    [Tags]        models
    [Template]    Wrong Field Should Be Told As
    # field              value      words
    height               tall       height should be integer but was 'tall' (text)
    types.0.slot         first      types[0].slot should be integer but was 'first' (text)
    stats.5.stat.name    ${7}       stats[5].stat.name should be text but was 7 (integer)
    species              ${None}    species should be an object but was null

A Missing Field Is Told By Its Name
    [Documentation]    A field that everybody needs and nobody got.
    [Tags]    models
    Inject Fault    malformed    field=name
    Getting Pikachu Should Fail With    in 1 field    name should be present but was missing    after 1 attempt

A Fifth Of The Answers Being Malformed Spoils No Other
    [Documentation]    Three of fifteen lack a field: each is told with the field, and the other twelve are good.
    [Tags]    models    batches
    Inject Fault    malformed    field=height    share=0.2
    ${message} =    Getting Many Pokemon Should Fail With    1-15    3 of 15 requests failed
    Should Contain X Times    ${message}    height should be present but was missing    3
    Get Metric    pokeapi_requests_total    ==    15    endpoint=pokemon
    Get Metric    pokeapi_failures_total    ==    3    endpoint=pokemon    failure_type=model
    Clear Faults
    ${pokemon} =    Get Many Pokemon    1-15
    Length Should Be    ${pokemon}    15

One Broken Answer Among Many Is Named
    [Documentation]    In a batch, the message names the one that could not be had.
    [Tags]    batches
    Inject Fault    content type    only=pokemon/4
    Getting Many Pokemon Should Fail With    1-8    pokemon/4    the content type is 'text/html

A Late Answer Is Waited For
    [Documentation]    An answer that comes late, but in time, is as good as any.
    [Tags]    timeouts
    Inject Fault    latency    seconds=200 ms
    ${pokemon} =    Get Pokemon    25
    Get Response Time    ${pokemon}    >=    200 ms
    Get Number Of Attempts    ${pokemon}    ==    1

A Late Answer Does Not Hold Up The Others
    [Documentation]    In a batch, everybody waits for himself only.
    [Tags]    timeouts    batches
    Inject Fault    latency    seconds=1 s    only=pokemon/1
    ${pokemon} =    Get Many Pokemon    1-8    concurrency=8
    Get Response Time    ${pokemon[0]}    >=    1 s
    Get Response Time    ${pokemon[7]}    <    1 s

An Answer That Does Not Come Is Given Up In Time
    [Documentation]    Whatever the server does, each attempt ends when its time is over, and so does the request.
    [Tags]    timeouts
    [Timeout]    5 s
    [Setup]    Use Faulty Stand In    pause=${SHORT_PAUSE}    timeout=${SHORT_TIMEOUT}
    Inject Fault    latency    seconds=20 s
    Getting Pikachu Should Fail With
    ...    no complete answer came within
    ...    nothing had come
    ...    after 4 attempts

An Answer That Comes In Drops Is Given Up In Time
    [Documentation]    A body that trickles in for ever gets no more time than any other.
    [Tags]    timeouts
    [Timeout]    5 s
    [Setup]    Use Faulty Stand In    pause=${SHORT_PAUSE}    timeout=${SHORT_TIMEOUT}
    Inject Fault    slow drip    seconds=50 ms    pieces=1000
    Getting Pikachu Should Fail With
    ...    no complete answer came within
    ...    the body had come as far as
    ...    after 4 attempts
