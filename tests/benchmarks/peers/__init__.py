"""The noisy workloads on other simulators, one file per workload."""
