*** Settings ***
Documentation    What was seen is compared with what was seen before. Without a database these tests are skipped.

Resource         ../../resources/history.resource

Test Tags        regression    history    data


*** Test Cases ***
Asking Again Gives The Same And Adds Nothing
    [Documentation]    An unchanged resource has the same bytes each time, and takes no more room in the history.
    [Tags]    pokemon    type    ability
    Asking Again Should Add No State    pokemon    1
    Asking Again Should Add No State    type    fire
    Asking Again Should Add No State    ability    static

A Number And A Name Share One History
    [Documentation]    However a resource was asked for, it is the same resource that was seen.
    [Tags]    pokemon    type
    Number And Name Should Share A History    pokemon    4    charmander
    Number And Name Should Share A History    type    10    fire

The Latest State Is What The API Says Now
    [Documentation]    The history ends with the answer that has just come.
    [Tags]    pokemon
    ${pokemon} =    Get Pokemon    25
    Response Should Be Remembered    ${pokemon}

A Page Of A List Has A History Too
    [Documentation]    Lists are remembered page by page, each by the rows that were asked for.
    [Tags]    pokemon    pagination
    ${page} =    Get Page    pokemon    limit=20    offset=40
    Response Should Be Remembered    ${page}
    Get Number Of States    ${page}    >=    1

A Batch Is Remembered Whole
    [Documentation]    What was asked for at once is remembered one by one.
    [Tags]    pokemon
    ${pokemon} =    Get Many Pokemon    1-3
    Response Should Be In History    ${pokemon[0]}
    Response Should Be In History    ${pokemon[2]}

The History Knows Since When A Resource Is As It Is
    [Documentation]    The first time a resource was seen is the time of its oldest state.
    [Tags]    type
    ${type} =    Get Type    water
    ${since} =    Get First Seen    ${type}
    ${states} =    Get History    ${type}
    Should Be Equal    ${since}    ${states[-1].first_seen_at}
