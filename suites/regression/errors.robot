*** Settings ***
Documentation    Does the API refuse what is wrong, and say so in a way that everybody understands?

Resource         ../../resources/errors.resource

Test Tags        regression    errors


*** Test Cases ***
Numbers That No Resource Has Are Not Found
    [Documentation]    Zero, negative and huge numbers are answered with a clear 404.
    [Tags]        pokemon    type    ability
    [Template]    Should Not Be Found
    pokemon/0
    pokemon/-1
    pokemon/999999
    type/999
    ability/0

Names That No Resource Has Are Not Found
    [Documentation]    A name that nobody bears is answered with a clear 404, a leading zero too.
    [Tags]        pokemon    type
    [Template]    Should Not Be Found
    pokemon/missingno
    pokemon/01
    type/sound

What Is Not Found Is Told In One Sentence
    [Documentation]    The message says what was asked for and what came, and a 404 is not worth a second attempt.
    [Tags]    pokemon
    Getting Resource Should Fail With    pokemon    999999    404 Not Found where 200 was expected    after 1 attempt

What Is Not Found Is No Outage
    [Documentation]    An API that says that it has no such resource did its part: its circuit stays closed.
    [Tags]    type
    Should Not Be Found    type/0
    Get Circuit State    type    ==    closed
    ${type} =    Get Type    normal
    Get Number Of Attempts    ${type}    ==    1

Paths That Cannot Be A Resource Are Bad Requests
    [Documentation]    What is neither a number nor a name is answered with a clear 400.
    [Tags]        pokemon
    [Template]    Should Be A Bad Request
    pokemon/1.5
    pokemon/1.json
    pokemon/pika!

Unknown Endpoints Are Bad Requests
    [Documentation]    The API says clearly that it has no such endpoint.
    [Template]    Should Be A Bad Request
    digimon
    digimon/1

Endpoints Are Known In Small Letters Only
    [Documentation]    The endpoint's name has no capital letters, whatever follows it.
    [Tags]    pokemon
    Should Be A Bad Request    Pokemon/1

Resources Have Nothing Below Them That Is Not Known
    [Documentation]    A path that goes on behind a resource is a bad request, unless the API knows it.
    [Tags]        pokemon    ability
    [Template]    Should Be A Bad Request
    pokemon/1/foo
    ability/1/foo

Paths That Are Too Deep Are Not Served
    [Documentation]    The API has no such pages at all, and says so with one.
    [Tags]        pokemon
    [Template]    Should Not Be Served
    pokemon/1/foo/bar
    pokemon//1

Nothing Can Be Changed
    [Documentation]    The API is there to be read; it knows none of the methods that change something.
    [Tags]        pokemon
    [Template]    Should Not Be Served
    # path       method
    pokemon/1    POST
    pokemon/1    PUT
    pokemon/1    PATCH
    pokemon/1    DELETE

Names Are Found In Any Case
    [Documentation]    A name may be written in small or in capital letters.
    [Tags]        pokemon
    [Template]    Should Be Served As
    # spelling    name
    BULBASAUR     bulbasaur
    Pikachu       pikachu

Answers Are Open To All Web Sites
    [Documentation]    A web page of any other site may read what the API says, bad news too.
    [Tags]        pokemon
    [Template]    Answer Should Be Open To All Web Sites
    # path       status
    pokemon/1    200
    pokemon/0    404
    digimon/1    400
