*** Settings ***
Documentation    Lists come in pages. Does every page have the rows it should, and lead to the right neighbours?

Resource         ../../resources/pages.resource

Test Tags        regression    pagination


*** Test Cases ***
Pages Have Their Rows And Lead To Their Neighbours
    [Documentation]    Wherever a page of pokemon begins, its rows, its next and its previous page are right.
    [Tags]        pokemon
    [Template]    Page Should Lead To
    # limit    offset    rows    next                    previous
    20         0         20      offset 20, limit 20     none
    1          0         1       offset 1, limit 1       none
    20         20        20      offset 40, limit 20     offset 0, limit 20
    50         50        50      offset 100, limit 50    offset 0, limit 50
    20         10        20      offset 30, limit 20     offset 0, limit 10
    20         100000    0       none                    offset 99980, limit 20

The Third Page Of Fifty Holds The Resources After The First Hundred
    [Documentation]    Fifty pokemon after the first hundred: the row count, the neighbours, and the first of them.
    [Tags]    pokemon
    ${page} =    Get Page    pokemon    limit=50    offset=100
    Length Should Be    ${page.results}    50
    Get Field    ${page}    results[0].name    ==    electrode
    Get Page Link    ${page}    next    should start with    offset 150
    Get Page Link    ${page}    previous    ==    offset 50, limit 50

A Page Has Twenty Rows When Nobody Says Otherwise
    [Documentation]    Without a limit and an offset, the API gives the first twenty.
    [Tags]    pokemon
    ${page} =    Get Page    pokemon
    Length Should Be    ${page.results}    20
    Get Page Link    ${page}    next    ==    offset 20, limit 20
    Get Page Link    ${page}    previous    ==    none

The Next Page Leads Back To The First
    [Documentation]    Whoever goes one page on and one page back sees the same rows again.
    [Tags]    ability
    ${first} =    Get Page    ability    limit=20
    ${second} =    Follow    ${first.next}
    ${back} =    Follow    ${second.previous}
    Should Be Equal    ${back.results.names}    ${first.results.names}
    Should Not Be Equal    ${second.results.names}    ${first.results.names}

The Link To The Last Page Asks Only For The Rows That Are Left
    [Documentation]    With 21 rows left, a page of twenty leads to a last page of one.
    [Tags]    pokemon
    ${page} =    Get Page Near The End    pokemon    rows_left=21    limit=20
    Length Should Be    ${page.results}    20
    Get Page Link    ${page}    next    should end with    limit 1
    ${last} =    Follow    ${page.next}
    Length Should Be    ${last.results}    1
    Get Page Link    ${last}    next    ==    none

The Last Page Leads No Further
    [Documentation]    A page that ends with the last row has no next page, be it full or not.
    [Tags]    ability
    ${full} =    Get Page Near The End    ability    rows_left=20    limit=20
    Length Should Be    ${full.results}    20
    Get Page Link    ${full}    next    ==    none
    ${short} =    Get Page Near The End    ability    rows_left=3    limit=20
    Length Should Be    ${short.results}    3
    Get Page Link    ${short}    next    ==    none

A Page That Begins After The Last Row Is Empty
    [Documentation]    Right behind the end there is a page without rows, which leads back and not on.
    [Tags]    type
    ${page} =    Get Page Near The End    type    rows_left=0    limit=20
    Length Should Be    ${page.results}    0
    Get Page Link    ${page}    next    ==    none
    Get Page Link    ${page}    previous    should end with    limit 20

Odd Limits Are Read As Far As They Make Sense
    [Documentation]    Leading digits count; what is no number, or nothing, means the usual twenty.
    [Tags]        pokemon
    [Template]    Limit Should Give Rows
    # limit     rows
    0           20
    abc         20
    ${EMPTY}    20
    5xyz        5
    10.7        10

A Limit Of Minus One Leaves Out The Last Row
    [Documentation]    Counted from the end, a negative limit cuts the list short, and nothing comes next.
    [Tags]    type
    ${all} =    Get All References    type
    ${page} =    Get Page    type    limit=-1
    Should Be Equal    ${page.results.names}    ${all.names[:-1]}
    Get Page Link    ${page}    next    ==    none

A Negative Offset Gives No Rows
    [Documentation]    There is nothing before the beginning; the next page begins as far from there as the limit is.
    [Tags]    pokemon
    ${page} =    Get Page    pokemon    offset=-1
    Length Should Be    ${page.results}    0
    Get Page Link    ${page}    next    should start with    offset 19

A Huge Limit Gives The Whole List
    [Documentation]    Everything fits on one page that is large enough.
    [Tags]    ability
    ${page} =    Get Page    ability    limit=100000
    List Should Hold Each Resource Once    ${page.results}    ${page.count}
    Get Page Link    ${page}    next    ==    none
    Get Page Link    ${page}    previous    ==    none

Of A Parameter Given Twice The First Counts
    [Documentation]    A limit that is given twice means what was said first.
    [Tags]    type
    ${answer} =    Send Request    type?limit=3&limit=7
    Get Status    ${answer}    ==    200
    Get Field    ${answer}    results[].name    ==    normal, fighting, flying

Links To Pages Keep The Spelling Of The Request
    [Documentation]    Whoever asks with a slash at the end gets links with one, and nobody else does.
    [Tags]        pokemon
    [Template]    Next Page Should Be Asked For At
    # asked for at      next page at
    pokemon?limit=5     pokemon?offset=5&limit=5
    pokemon/?limit=5    pokemon/?offset=5&limit=5

Walking All Pages Gives Each Resource Exactly Once
    [Documentation]    Page after page, nothing is missing, nothing comes twice, and the count is right.
    [Tags]        pokemon    type    ability
    [Template]    Walk Should Give Each Resource Once
    # endpoint    page size
    pokemon       150
    type          5
    ability       100

The Size Of The Pages Does Not Change The Order
    [Documentation]    Small pages and large ones list the same resources in the same order.
    [Tags]    type
    ${by_few} =    Get All References    type    page_size=8
    ${by_many} =    Get All References    type    page_size=100
    Should Be Equal    ${by_few.names}    ${by_many.names}

Every Page Tells The Same Count
    [Documentation]    How many resources there are does not depend on the page that is asked.
    [Tags]    pokemon
    ${first} =    Get Page    pokemon    limit=1
    ${later} =    Get Page    pokemon    limit=7    offset=70
    ${beyond} =    Get Page    pokemon    offset=100000
    Should Be Equal    ${later.count}    ${first.count}
    Should Be Equal    ${beyond.count}    ${first.count}
