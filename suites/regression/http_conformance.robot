*** Settings ***
Documentation    Does the API keep to the rules of HTTP, so that browsers and caches can do their work?

Resource         ../../resources/http.resource

Test Tags        regression    http


*** Test Cases ***
Answers Are JSON In UTF-8
    [Documentation]    The content type says what comes, whatever the client would rather have.
    [Tags]    ability
    ${response} =    Ask    ability/1
    Get Response Header    ${response}    Content-Type    ==    application/json; charset=utf-8
    ${response} =    Ask    ability/1    Accept=text/html
    Status Should Be    200    ${response}
    Get Response Header    ${response}    Content-Type    ==    application/json; charset=utf-8

JSON Is Compact And Sorted
    [Documentation]    No byte is wasted on white space, and fields are easy to find: their names are sorted.
    [Tags]    pokemon    type
    ${pokemon} =    Ask    pokemon/1
    Json Should Be Compact And Sorted    ${pokemon}
    ${page} =    Ask    type
    Json Should Be Compact And Sorted    ${page}

Answers May Be Kept For A Day
    [Documentation]    Caches are told for how long an answer is good, and that it depends on the encoding.
    [Tags]    ability
    ${response} =    Ask    ability/1
    Header Should Name    ${response}    Cache-Control    public    max-age=86400
    Header Should Name    ${response}    Vary    Accept-Encoding

Answers Tell The Revision Of The API
    [Documentation]    From which revision an answer comes stands in its headers, and web pages may read them.
    [Tags]    ability
    ${response} =    Ask    ability/1
    Header Should Name    ${response}    Access-Control-Expose-Headers    X-PokeAPI-Hash    X-PokeAPI-Deploy-Date
    Get Response Header    ${response}    X-PokeAPI-Hash    matches    ^[0-9a-f]{40}$
    Get Response Header    ${response}    X-PokeAPI-Deploy-Date    matches    ^[0-9]{10}$

A Resource That Has Not Changed Is Not Sent Again
    [Documentation]    Whoever shows the tag of what he has is told that it is still good, without its content.
    [Tags]    ability
    ${first} =    Ask    ability/1
    Get Response Header    ${first}    ETag    should start with    W/
    ${again} =    Ask    ability/1    If-None-Match=${first.headers}[ETag]
    Status Should Be    304    ${again}
    Body Should Be Empty    ${again}

Any Tag Will Do Where It Is Asked For
    [Documentation]    A star stands for whatever there is, so nothing is sent.
    [Tags]    ability
    ${response} =    Ask    ability/1    If-None-Match=*
    Status Should Be    304    ${response}

A Resource Is Sent To Whoever Has Another Version Of It
    [Documentation]    A tag that is not the present one gets the whole answer.
    [Tags]    ability
    ${response} =    Ask    ability/1    If-None-Match=W/"of-another-time"
    Status Should Be    200    ${response}
    Should Not Be Empty    ${response.content}

A Resource Is Sent To Whoever Wants No Cache
    [Documentation]    A client that refuses what caches have gets the whole answer, in spite of its tag.
    [Tags]    ability
    ${first} =    Ask    ability/1
    ${again} =    Ask    ability/1    If-None-Match=${first.headers}[ETag]    Cache-Control=no-cache
    Status Should Be    200    ${again}
    Contents Should Be The Same    ${again}    ${first}

The Tag Stays As Long As The Content
    [Documentation]    Two requests for the same resource give the same tag.
    [Tags]    type
    ${first} =    Ask    type/1
    ${second} =    Ask    type/1
    Get Response Header    ${second}    ETag    ==    ${first.headers}[ETag]

Answers Are Packed As The Client Likes
    [Documentation]    With gzip, with Brotli or as it is: the content is the same.
    [Tags]    ability
    ${plain} =    Ask    ability/1    Accept-Encoding=identity
    ${gzip} =    Ask    ability/1    Accept-Encoding=gzip
    ${brotli} =    Ask    ability/1    Accept-Encoding=br
    Get Response Header    ${plain}    Content-Encoding    ==    ${None}
    Get Response Header    ${gzip}    Content-Encoding    ==    gzip
    Get Response Header    ${brotli}    Content-Encoding    ==    br
    Contents Should Be The Same    ${gzip}    ${plain}
    Contents Should Be The Same    ${brotli}    ${plain}

The Headers Can Be Had Alone
    [Documentation]    HEAD tells about a resource what GET would tell, without its content.
    [Tags]    ability
    ${whole} =    Ask    ability/1
    ${head} =    Ask For Head    ability/1
    Status Should Be    200    ${head}
    Get Response Header    ${head}    Content-Type    ==    ${whole.headers}[Content-Type]
    Get Response Header    ${head}    ETag    ==    ${whole.headers}[ETag]
    Body Should Be Empty    ${head}

Browsers Are Told What They May Do
    [Documentation]    OPTIONS allows reading, to every web site.
    [Tags]    ability
    ${response} =    Ask For Options    ability/1
    Status Should Be    204    ${response}
    Header Should Name    ${response}    Access-Control-Allow-Methods    GET    HEAD
    Get Response Header    ${response}    Access-Control-Allow-Origin    ==    *

Web Pages Of Other Sites May Read Answers
    [Documentation]    A page from anywhere gets the answer, and leave to read it.
    [Tags]    ability
    ${response} =    Ask    ability/1    Origin=null
    Status Should Be    200    ${response}
    Get Response Header    ${response}    Access-Control-Allow-Origin    ==    *

A Slash At The End Makes No Difference
    [Documentation]    With and without it there is the same answer, and nobody is sent elsewhere.
    [Tags]    type
    ${without} =    Ask    type/1
    ${with} =    Ask    type/1/
    Status Should Be    200    ${with}
    Should Be Empty    ${with.history}
    Contents Should Be The Same    ${with}    ${without}

A Part Of A Resource Cannot Be Had
    [Documentation]    Whoever asks for some bytes only gets the whole answer.
    [Tags]    ability
    ${whole} =    Ask    ability/1
    ${part} =    Ask    ability/1    Range=bytes=0-9
    Status Should Be    200    ${part}
    Contents Should Be The Same    ${part}    ${whole}
