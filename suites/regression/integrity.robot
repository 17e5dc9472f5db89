*** Settings ***
Documentation    Resources point at each other. Does every pointer lead somewhere, and back again?
...              And does what holds for every pokemon, type and ability hold today?

Resource         ../../resources/integrity.resource

Test Tags        regression    integrity


*** Variables ***
${SAMPLE}    1, 6, 35, 132, 10001


*** Test Cases ***
Pokemon And Their Types Name Each Other
    [Documentation]    A pokemon of a type is in the list of that type.
    [Tags]        pokemon    type
    [Template]    Types And Pokemon Should Name Each Other
    bulbasaur
    gengar

Pokemon And Their Abilities Name Each Other
    [Documentation]    A pokemon with an ability is in the list of that ability.
    [Tags]        pokemon    ability
    [Template]    Abilities And Pokemon Should Name Each Other
    pikachu
    clefairy

The Pokemon Of A Type Have That Type
    [Documentation]    The first pokemon in a type's list say themselves that they are of it.
    [Tags]    type    pokemon
    ${type} =    Get Type    dragon
    References Should Lead Back    ${type}    pokemon[].pokemon    types[].type    at_most=2

The Pokemon Of An Ability Have That Ability
    [Documentation]    The first pokemon in an ability's list say themselves that they have it.
    [Tags]    ability    pokemon
    ${ability} =    Get Ability    stench
    References Should Lead Back    ${ability}    pokemon[].pokemon    abilities[].ability    at_most=2

References In A Pokemon Lead To What They Name
    [Documentation]    What is found at the address of a type or ability bears the name that stands beside the address.
    [Tags]    pokemon    type    ability
    ${pokemon} =    Get Pokemon    magnemite
    References Should Lead To What They Name    ${pokemon}    types[].type
    References Should Lead To What They Name    ${pokemon}    abilities[].ability

References In A Type Lead To What They Name
    [Documentation]    The types that a type damages are found where it says.
    [Tags]    type
    ${type} =    Get Type    fire
    References Should Lead To What They Name    ${type}    damage_relations.double_damage_to[]
    References Should Lead To What They Name    ${type}    damage_relations.double_damage_from[]

Rows Of Lists Lead To What They Name
    [Documentation]    The resource behind a row of a list bears the name that stands in the row.
    [Tags]        pokemon    type    ability    pagination
    [Template]    Rows Should Lead To What They Name
    pokemon
    type
    ability

Addresses Are Complete
    [Documentation]    Every address in an answer is absolute, and all of them are on one host.
    [Tags]        pokemon    type    ability
    [Template]    Addresses Should Be Complete
    # endpoint    resource
    pokemon       1
    type          normal
    ability       stench

A Pokemon And Its Species Name Each Other
    [Documentation]    The species of a pokemon lists it among its varieties.
    [Tags]    pokemon    species
    ${pokemon} =    Get Pokemon    bulbasaur
    ${species} =    Follow    ${pokemon.species}
    Get Field    ${species}    name    ==    ${pokemon.species.name}
    Get Field    ${species}    varieties[].pokemon.name    contains    bulbasaur

A Pokemon And Its Form Name Each Other
    [Documentation]    The form of a pokemon says whose form it is.
    [Tags]    pokemon    form
    ${pokemon} =    Get Pokemon    pikachu
    ${form} =    Follow    ${pokemon.forms[0]}
    Get Field    ${form}    name    ==    ${pokemon.forms[0].name}
    Get Field    ${form}    pokemon.name    ==    pikachu

A Type And Its Generation Name Each Other
    [Documentation]    The generation in which a type was introduced lists it.
    [Tags]    type    generation
    ${type} =    Get Type    fairy
    ${generation} =    Follow    ${type.generation}
    Get Field    ${generation}    types[].name    contains    fairy

The Places Where A Pokemon Is Met Can Be Followed
    [Documentation]    The address of a pokemon's encounters leads to a list of places.
    [Tags]    pokemon    encounters
    ${pokemon} =    Get Pokemon    pikachu
    ${encounters} =    Follow    ${pokemon.location_area_encounters}
    Should Not Be Empty    ${encounters}
    Get Field    ${encounters}    [0].location_area.name    matches    ^[a-z0-9-]+$

Damage Relations Are Symmetrical
    [Documentation]    When one type says that it damages another, the other says so too, and in no other way.
    [Tags]    type    data
    ${types} =    Get All Types
    Damage Relations Should Be Symmetrical    ${types}
    Types Should Damage In One Way Only    ${types}
    Every List Should Have Length    ${types}    names    >=    1

Every Pokemon Has The Six Stats
    [Documentation]    Six stats, none of them below 1 or above 255, each worth no more than three points of effort.
    [Tags]    pokemon    data
    ${pokemon} =    Get Many Pokemon    ${SAMPLE}
    Every List Should Have Length    ${pokemon}    stats    ==    6
    Every Field Should Be    ${pokemon}    stats[].base_stat    >=    1
    Every Field Should Be    ${pokemon}    stats[].base_stat    <=    255
    Every Field Should Be    ${pokemon}    stats[].effort    >=    0
    Every Field Should Be    ${pokemon}    stats[].effort    <=    3

Every Pokemon Has Types And Abilities In Slots
    [Documentation]    One or two types and up to three abilities, each in a slot of its own, the third for the hidden.
    [Tags]    pokemon    type    ability    data
    ${pokemon} =    Get Many Pokemon    ${SAMPLE}
    Every List Should Have Length    ${pokemon}    types    >=    1
    Every List Should Have Length    ${pokemon}    types    <=    2
    Slots Should Rise    ${pokemon}    types
    Every List Should Have Length    ${pokemon}    abilities    <=    3
    Slots Should Rise    ${pokemon}    abilities
    Hidden Abilities Should Be In The Third Slot    ${pokemon}

Every Pokemon Has A Body And A Kind
    [Documentation]    Height and weight are never negative, and each pokemon has a form and belongs to a species.
    [Tags]    pokemon    data
    ${pokemon} =    Get Many Pokemon    ${SAMPLE}
    Every Field Should Be    ${pokemon}    height    >=    0
    Every Field Should Be    ${pokemon}    weight    >=    0
    Every List Should Have Length    ${pokemon}    forms    >=    1
    Every Field Should Be    ${pokemon}    species.name    matches    ^[a-z0-9-]+$
    Every Field Should Be    ${pokemon}    name    matches    ^[a-z0-9-]+$

Every Ability Says Who Can Have It And How
    [Documentation]    The slot of an ability is one of three, for every pokemon that can have it.
    [Tags]    ability    data
    ${abilities} =    Get Many Abilities    stench, static
    Every List Should Have Length    ${abilities}    pokemon    >=    1
    Every Field Should Be    ${abilities}    pokemon[].slot    >=    1
    Every Field Should Be    ${abilities}    pokemon[].slot    <=    3
    Every Field Should Be    ${abilities}    is_main_series    ==    True
