"""Benchmark of ketwork against other simulators, in one run: what `ketwork bench` does.

Each contestant runs in a process of its own. One call at a time is timed, in turn, so that slow
phases of the machine hit all alike; results are compared before times are.
"""
