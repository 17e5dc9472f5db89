"""What a test does at a resource that shows a change of the schema which nobody accepted.

`warn` says so, and the test goes on; `fail` fails it; `fail on breaking` fails it when a program that uses the API may
break. `default` is for all endpoints that have no line of their own. A run can be held to one policy for all of them:
`robot --variable SCHEMA_POLICY:fail suites/`.
"""

SCHEMA_POLICY = {
    "default": "warn",
}

VOLATILE_IN_POKEMON = "moves, game_indices, held_items, sprites, cries, past_abilities, past_stats, past_types, forms"
"""What the data of a pokemon may change in without a word: with each new game there are more moves and pictures."""

VOLATILE_IN_TYPE = "pokemon, moves, names, game_indices, sprites"
"""The same for a type, whose lists grow with each new pokemon and move."""
