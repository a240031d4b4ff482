import math

from small.evaluation.gates import GATES, Gate, gate_table, metric_table, verdicts
from small.evaluation.metric import Metric


def a(value, low=None, high=None, name="x"):
    return Metric(name=name, value=value, low=low, high=high, n=9, command="c")


def test_directions():
    least, most, within = (Gate(metric="x", at=at, floor=0.5, goal=0.9) for at in ("least", "most", "within"))
    assert least.met(a(0.5)) and not least.met(a(0.499))
    assert most.met(a(0.5)) and not most.met(a(0.501))
    assert within.met(a(-0.5)) and not within.met(a(-0.51))
    assert not least.met(a(math.nan)) and not most.met(a(math.nan))


def test_an_interval_must_lie_beyond():
    gate = Gate(metric="x", at="least", floor=0, goal=0, interval=True)
    assert gate.met(a(0.2, 0.01, 0.4))
    assert not gate.met(a(0.2, 0.0, 0.4)) and not gate.met(a(0.2, -0.1, 0.4)) and not gate.met(a(0.2))


def test_a_goal_alone_is_no_failure():
    gate = Gate(metric="x", at="most", goal=0.36)
    (missed,) = verdicts([a(0.5)], [gate])
    assert missed.outcome == "goal missed" and not missed.failed


def test_an_unmeasured_metric_is_reported_and_is_no_failure():
    (verdict,) = verdicts([], [Gate(metric="x", at="least", floor=1, goal=1)])
    assert verdict.outcome == "not measured" and not verdict.failed


def test_one_head_is_the_mean_of_heads():
    gate = Gate(metric="SRCC, here, mean of heads", at="least", floor=0.7, goal=0.9)
    one, mean = a(0.8, name="SRCC, here"), a(0.6, name="SRCC, here, mean of heads")
    assert not verdicts([one], [gate])[0].failed and verdicts([one, mean], [gate])[0].failed


def test_tables():
    table = gate_table(verdicts([a(0.6, 0.55, 0.65)], [Gate(metric="x", at="least", floor=0.7, goal=0.9)]))
    assert table.splitlines()[2] == "| x | 0.600 | 0.550 to 0.650 | 9 | ≥ 0.7 | ≥ 0.9 | MISSED |"
    assert metric_table([a(1187)]).splitlines()[2] == "| x | 1187 |  | 9 |"


def test_gates_are_named_once():
    assert len({gate.metric for gate in GATES}) == len(GATES) > 25
