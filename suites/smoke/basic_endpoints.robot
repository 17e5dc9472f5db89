*** Settings ***
Documentation       Is the API up, and does it answer with what everybody builds on?
Resource            ../../resources/pokeapi.resource
Test Tags           smoke


*** Test Cases ***
Bulbasaur Is Served With All Required Fields
    [Documentation]    The first pokemon answers by its number, with every field its model asks for.
    [Tags]    pokemon
    ${pokemon} =    Get Pokemon    1
    Get Field    ${pokemon}    id    ==    1
    Get Field    ${pokemon}    name    ==    bulbasaur
    Get Field    ${pokemon}    types[].type.name    ==    ['grass', 'poison']
    Response Should Be Quick    ${pokemon}
    Response Should Be Remembered    ${pokemon}    pokemon

Normal Type Is Served With All Required Fields
    [Documentation]    The first type answers by its number, with every field its model asks for.
    [Tags]    type
    ${type} =    Get Type    1
    Get Field    ${type}    name    ==    normal
    Response Should Be Quick    ${type}
    Response Should Be Remembered    ${type}    type

Stench Ability Is Served With All Required Fields
    [Documentation]    The first ability answers by its number, with every field its model asks for.
    [Tags]    ability
    ${ability} =    Get Ability    1
    Get Field    ${ability}    name    ==    stench
    Response Should Be Quick    ${ability}
    Response Should Be Remembered    ${ability}    ability
