"""Where calls run: in this process, on processes of this machine, or on a cluster.

`Serial`, `Processes`, `Ray` and `Slurm` are one interface, `Executor`; sweeps and searches take
any of them.
"""

from __future__ import annotations

from optim.executors.base import Executor as Executor
from optim.executors.base import call_seed as call_seed
from optim.executors.call import Call as Call
from optim.executors.processes import Processes as Processes
from optim.executors.ray_tasks import Ray as Ray
from optim.executors.serial import Serial as Serial
from optim.executors.slurm_jobs import Slurm as Slurm
