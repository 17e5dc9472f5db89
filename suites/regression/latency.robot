*** Settings ***
Documentation    Is the API as fast as it was? Its latencies are held against those of the runs before.

Resource         ../../resources/latency.resource

Test Tags        regression    history    latency    pokemon    type    ability


*** Test Cases ***
No Endpoint Is Slower Than It Was
    [Documentation]    What is slower by more than noise explains is told; until ten runs are known, it is learnt.
    [Template]    Latency Should Be As Usual
    # endpoint    resources
    pokemon       1-12
    type          1-12
    ability       4-15

Nearly All Answers Come In Time
    [Documentation]    Whatever is usual, nobody should have to wait for long.
    [Template]    Nearly All Answers Should Come In Time
    # endpoint    resources
    pokemon       1-12
    type          1-12
    ability       4-15
