"""Q-Cluster: bit flips undone by clustering measured bitstrings."""

from __future__ import annotations

from noise.mitigation.qcluster.clustering import Clusters, q_cluster
from noise.mitigation.qcluster.flip_rate import estimate_flip_rate
from noise.mitigation.qcluster.method import QCluster

__all__ = ["Clusters", "QCluster", "estimate_flip_rate", "q_cluster"]
