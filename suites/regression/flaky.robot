*** Settings ***
Documentation    Can the tests be trusted? A guard that cries at random is soon ignored.

Resource         ../../resources/flaky.resource

Test Tags        regression    flaky


*** Test Cases ***
No Test Fails At Random
    [Documentation]    No test often passes and fails though neither it nor the API changed.
    [Tags]    history
    Tests Should Be Trustworthy

Nothing Is Hidden For Ever
    [Documentation]    Each test in quarantine exists, is there for a reason, and leaves it on a day that is near.
    Quarantine Should Be In Order
