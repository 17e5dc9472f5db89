*** Settings ***
Documentation     What does our client make of an API that fails now and then, or asks for patience?
...               The pauses between attempts are shorter here than they are for the public API, and told in the log.

Resource          ../../resources/faults.resource

Suite Teardown    Leave Faulty Stand In
Test Setup        Use Faulty Stand In    pause=${SHORT_PAUSE}

Test Tags         regression    resilience    pokemon


*** Test Cases ***
Trouble That Passes Is Not Noticed
    [Documentation]    Errors of the server, lost connections and cut off answers are tried again until all is well.
    [Tags]        retries
    [Template]    Pikachu Should Be Served In Spite Of
    # fault      times    attempts
    status       1        2
    status       3        4
    reset        1        2
    reset        2        3
    truncated    1        2

Trouble That Stays Is Told After Four Attempts
    [Documentation]    The message says what happened, after how many attempts, and where.
    [Tags]    retries
    Inject Fault    status    status=503
    Getting Pikachu Should Fail With    503 Service Unavailable where 200 was expected    after 4 attempts at
    Get Number Of Faults    ==    4

A Connection That Is Always Lost Is Told After Four Attempts
    [Documentation]    The message says that there was no answer at all, and why.
    [Tags]    retries
    Inject Fault    reset
    Getting Pikachu Should Fail With    the connection was reset before an answer came    after 4 attempts at
    Get Number Of Faults    ==    4

An Answer That Is Always Cut Off Is Told After Four Attempts
    [Documentation]    The message says how much of the answer came.
    [Tags]    retries
    Inject Fault    truncated
    Getting Pikachu Should Fail With    the body was cut off after    bytes    after 4 attempts at

A Clear Refusal Is Not Tried Again
    [Documentation]    A 404 is an answer; asking again would not change it.
    [Tags]    retries
    Inject Fault    status    status=404
    Getting Pikachu Should Fail With    404 Not Found where 200 was expected    after 1 attempt at
    Get Number Of Faults    ==    1

Pauses Grow From Attempt To Attempt
    [Documentation]    A server in trouble is given more and more time to recover.
    [Tags]    retries
    Inject Fault    status    times=3
    ${pokemon} =    Get Pokemon    25
    ${first} =    Get Pause    ${pokemon}    2
    ${second} =    Get Pause    ${pokemon}    3
    Get Pause    ${pokemon}    2    >=    ${SHORT_PAUSE}
    Get Pause    ${pokemon}    3    >=    ${first} s
    Get Pause    ${pokemon}    4    >=    ${second} s

The First Pause Is One To Two Seconds For Everybody Else
    [Documentation]    At full length, as for the public API: a second, and up to one more by chance.
    [Tags]    retries
    [Setup]    Use Faulty Stand In
    Inject Fault    status    times=1
    ${pokemon} =    Get Pokemon    25
    Get Pause    ${pokemon}    2    >=    1 s
    Get Pause    ${pokemon}    2    <=    2 s

A Wish For Patience Is Granted To The Second
    [Documentation]    An API that answers 429 says for how long it wants to be left alone, and gets that time.
    [Tags]    limits
    Inject Fault    rate limited    retry_after=1 s    times=1
    ${pokemon} =    Get Pokemon    25
    Get Number Of Attempts    ${pokemon}    ==    2
    Get Pause    ${pokemon}    2    ==    1 s

A Wish For Patience May Be A Point In Time
    [Documentation]    The API may also say until when it wants to be left alone.
    [Tags]    limits
    Inject Fault    rate limited    retry_after=1 s    as_date=True    times=1
    ${pokemon} =    Get Pokemon    25
    Get Number Of Attempts    ${pokemon}    ==    2
    Get Pause    ${pokemon}    2    >    0 s
    Get Pause    ${pokemon}    2    <=    2 s

An API That Asks For Patience Without A Time Gets The Usual Pauses
    [Documentation]    Without a word about the time, a 429 is tried again as other trouble is.
    [Tags]    limits
    Inject Fault    rate limited    times=2
    ${pokemon} =    Get Pokemon    25
    Get Number Of Attempts    ${pokemon}    ==    3
    Get Pause    ${pokemon}    2    >=    ${SHORT_PAUSE}

An API That Is Never Ready Is Told After Six Attempts
    [Documentation]    A 429 is tried again five times; then the message says what to do, and the numbers show it.
    [Tags]    limits
    Inject Fault    rate limited    retry_after=0 s
    Getting Pikachu Should Fail With    429 Too Many Requests    after 6 attempts    lower the rate limit or wait
    Get Metric    pokeapi_rate_limited_total    ==    6    endpoint=pokemon
    Get Metric    pokeapi_failures_total    ==    1    endpoint=pokemon    failure_type=rate_limited

A Server That Loses Every Second Request Loses Nothing
    [Documentation]    One after the other, all pokemon come, however many connections it takes.
    [Tags]    batches
    Inject Fault    reset    share=0.5
    ${pokemon} =    Get Many Pokemon    1-12    concurrency=1
    Length Should Be    ${pokemon}    12
    Get Number Of Faults    ==    11
    Get Metric    pokeapi_failures_total    ==    0    endpoint=pokemon

Some Lost Connections Among Many Lose Nothing
    [Documentation]    Of twenty requests at once, three lose their connection, and all twenty are answered.
    [Tags]    batches
    Inject Fault    reset    times=3
    ${pokemon} =    Get Many Pokemon    1-20    concurrency=20
    Length Should Be    ${pokemon}    20
    Should Be Equal    ${pokemon[19].name}    raticate
    Get Number Of Faults    ==    3
    Get Metric    pokeapi_failures_total    ==    0    endpoint=pokemon
