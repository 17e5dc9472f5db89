"""What a test does at a resource that shows a change of the schema which nobody accepted.

`warn` says so, and the test goes on; `fail` fails it; `fail on breaking` fails it when a program that uses the API may
break. `default` is for all endpoints that have no line of their own. A run can be held to one policy for all of them:
`robot --variable SCHEMA_POLICY:fail suites/`.
"""

SCHEMA_POLICY = {
    "default": "warn",
}
