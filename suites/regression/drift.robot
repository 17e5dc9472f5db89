*** Settings ***
Documentation    Is the API still what it was? Its schema and its data are held against what was seen before.

Resource         ../../resources/drift.resource

Test Tags        regression    history    drift


*** Test Cases ***
Resources Have The Fields They Always Had
    [Documentation]    Of each endpoint a few resources are looked at; no field is gone, of another type, or newly null.
    [Tags]        pokemon    type    ability
    [Template]    Resources Should Keep Their Schema
    # endpoint    resources
    pokemon       1, 25, 150
    type          1, 10, 18
    ability       1, 31, 65

Lists Have The Fields They Always Had
    [Documentation]    The pages of the lists have not changed in a way that breaks who reads them.
    [Tags]        pokemon    type    ability    pagination
    [Template]    Lists Should Keep Their Schema
    pokemon
    type
    ability

The Newest Resources Have The Fields Of All Others
    [Documentation]    What is new in an API arrives with its newest resources, so these are looked at in every run.
    [Tags]        pokemon    type    ability
    [Template]    Newest Resources Should Keep The Schema
    # endpoint    number
    pokemon       5
    type          3
    ability       5

Well-Known Pokemon Are What They Were
    [Documentation]    Name, measures, types, stats and abilities are what they were in the run before.
    [Tags]        pokemon    data
    [Template]    Pokemon Should Be What It Was
    bulbasaur
    charizard
    pikachu
    mewtwo

Types Damage Each Other As They Did
    [Documentation]    The relations of a type are what they were in the run before.
    [Tags]        type    data
    [Template]    Type Should Be What It Was
    normal
    fire
    water
