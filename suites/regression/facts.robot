*** Settings ***
Documentation    Do resources say what everybody knows of them from the games?

Resource         ../../resources/facts.resource

Test Tags        regression    data


*** Test Cases ***
Pokemon Have The Names, Types And Measures Of Their Games
    [Documentation]    Some well-known pokemon are what they have always been.
    [Tags]        pokemon
    [Template]    Pokemon Should Have
    # number    name         types              height    weight
    1           bulbasaur    grass, poison      7         69
    6           charizard    fire, flying       17        905
    25          pikachu      electric           4         60
    81          magnemite    electric, steel    3         60
    150         mewtwo       psychic            20        1220

Pokemon Have The Base Stats Of Their Games
    [Documentation]    Hit points, attack, defense, both special stats and speed are what they have been for years.
    [Tags]        pokemon
    [Template]    Pokemon Should Have Base Stats
    # name     hp     attack    defense    special attack    special defense    speed
    pikachu    35     55        40         50                50                 90
    mewtwo     106    110       90         154               90                 130

Pokemon Have The Abilities Of Their Games
    [Documentation]    Abilities stand in the order of their slots, the hidden one last.
    [Tags]        pokemon    ability
    [Template]    Pokemon Should Have Abilities
    # name      abilities
    pikachu     static, lightning-rod
    clefairy    cute-charm, magic-guard, friend-guard

Types Damage Each Other As In The Games
    [Documentation]    The damage that every player knows by heart.
    [Tags]        type
    [Template]    Type Should Damage
    # attacker    other     way
    fire          grass     double
    water         fire      double
    electric      ground    no
    normal        ghost     no
    dragon        fairy     no

Types And Abilities Come From Their Generation
    [Documentation]    When a type or ability was introduced is known.
    [Tags]        type    ability
    [Template]    Resource Should Come From Generation
    # endpoint    name      generation
    type          normal    generation-i
    type          steel     generation-ii
    type          fairy     generation-vi
    ability       stench    generation-iii

A Form With A Number Of Its Own Is No Default
    [Documentation]    Pokemon from number 10001 on are other forms of a species that has its own default.
    [Tags]    pokemon
    ${pokemon} =    Get Pokemon    10001
    Get Field    ${pokemon}    name    ==    deoxys-attack
    Get Field    ${pokemon}    species.name    ==    deoxys
    Get Field    ${pokemon}    is_default    ==    False
