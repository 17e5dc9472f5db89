*** Settings ***
Documentation    Is the API up, does it answer with what everybody builds on, and do we remember it?

Resource         ../../resources/pages.resource
Resource         ../../resources/errors.resource

Test Tags        smoke


*** Test Cases ***
Bulbasaur Is Served With All Required Fields
    [Documentation]    The first pokemon answers by its number, with every field its model asks for.
    [Tags]    pokemon
    ${pokemon} =    Get Pokemon    1
    Get Field    ${pokemon}    id    ==    1
    Get Field    ${pokemon}    name    ==    bulbasaur
    Get Field    ${pokemon}    types[].type.name    ==    grass, poison
    Response Should Be Quick    ${pokemon}
    Requests Should Be Counted    pokemon

Normal Type Is Served With All Required Fields
    [Documentation]    The first type answers by its number, with every field its model asks for.
    [Tags]    type
    ${type} =    Get Type    1
    Get Field    ${type}    id    ==    1
    Get Field    ${type}    name    ==    normal
    Response Should Be Quick    ${type}
    Requests Should Be Counted    type

Stench Ability Is Served With All Required Fields
    [Documentation]    The first ability answers by its number, with every field its model asks for.
    [Tags]    ability
    ${ability} =    Get Ability    1
    Get Field    ${ability}    id    ==    1
    Get Field    ${ability}    name    ==    stench
    Response Should Be Quick    ${ability}
    Requests Should Be Counted    ability

Bulbasaur Is Remembered
    [Documentation]    The history holds the first pokemon just as it was served.
    [Tags]    pokemon    history
    ${pokemon} =    Get Pokemon    1
    Response Should Be Remembered    ${pokemon}

Normal Type Is Remembered
    [Documentation]    The history holds the first type just as it was served.
    [Tags]    type    history
    ${type} =    Get Type    1
    Response Should Be Remembered    ${type}

Stench Ability Is Remembered
    [Documentation]    The history holds the first ability just as it was served.
    [Tags]    ability    history
    ${ability} =    Get Ability    1
    Response Should Be Remembered    ${ability}

Every List Has Pages
    [Documentation]    The lists of pokemon, types and abilities answer with a page of twenty.
    [Tags]        pokemon    type    ability    pagination
    [Template]    List Should Have Pages
    pokemon
    type
    ability

A Number And A Name Lead To The Same Resource
    [Documentation]    It makes no difference whether a resource is asked for by its number or by its name.
    [Tags]        pokemon    type    ability
    [Template]    Number And Name Should Lead To The Same
    # endpoint    number    name
    pokemon       1         bulbasaur
    type          1         normal
    ability       1         stench

Several Pokemon Are Served At Once
    [Documentation]    A small batch comes complete and in the order in which it was asked for.
    [Tags]    pokemon
    ${pokemon} =    Get Many Pokemon    4, 1, 7
    Length Should Be    ${pokemon}    3
    Should Be Equal    ${pokemon[0].name}    charmander
    Should Be Equal    ${pokemon[1].name}    bulbasaur
    Should Be Equal    ${pokemon[2].name}    squirtle

The API Tells Its Own Revision
    [Documentation]    From which revision of the data the API was made, and when, can be asked for.
    [Tags]    meta
    ${meta} =    Get Resource    meta
    Get Field    ${meta}    hash    matches    ^[0-9a-f]{40}$
    Get Field    ${meta}    deploy_date    matches    ^[0-9]{10}$

A Pokemon That Does Not Exist Is Not Found
    [Documentation]    The API says clearly that it has no such pokemon, and that is no outage.
    [Tags]    pokemon    errors
    Should Not Be Found    pokemon/0
    Get Circuit State    pokemon    ==    closed
