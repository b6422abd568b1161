"""JupyterHub in front of a Slurm cluster: each server is a job. Needs batchspawner 1.2 or newer and wrapspawner, and sudo, by which batchspawner
submits as the user; see docs/guide/cluster.md.

The hub runs as root on a node that can submit jobs and that compute nodes reach (VISIONCELL_HUB_CONNECT); homes and this folder are shared. Slurm gives
each job its GPU, memory and time. Kernels listen on the loopback interface of the node; where several users share a node, load isolation.nft there
too and call isolation.open_for in the prolog (docs/guide/cluster.md).
"""

import os
import sys

files = os.environ.get("VISIONCELL_HUB_FILES") or os.path.dirname(os.path.realpath(__file__))
sys.path.insert(0, files)
import batchspawner  # noqa: E402, F401  registers the API handler by which a job tells its port
import common  # noqa: E402

c = get_config()  # noqa: F821
common.hub(c, internal="http://0.0.0.0:8081")
c.JupyterHub.hub_connect_ip = common.setting("CONNECT", os.uname().nodename)
common.servers(c)

# batchspawner runs this through its own batchspawner-singleuser, as Python: what a shell has to do comes before.
c.Spawner.cmd = ["jupyterhub-singleuser"]
c.SlurmSpawner.req_prologue = f". '{files}/prepare.sh'"
# A job may wait in the queue.
c.Spawner.start_timeout = int(common.setting("QUEUE_SECONDS", "900"))


def profile(name, key, **resources):
    return (name, key, "batchspawner.SlurmSpawner", {f"req_{k}": v for k, v in resources.items()})


# What users choose from: name, partition, GPUs, memory, time. A site writes its own.
cpu, gpu = common.setting("CPU_PARTITION", "cpu"), common.setting("GPU_PARTITION", "gpu")
c.JupyterHub.spawner_class = "wrapspawner.ProfilesSpawner"
c.ProfilesSpawner.profiles = [
    profile("Processor: 4 cores, 16 GB, 8 hours", "cpu", partition=cpu, nprocs="4", memory="16G", runtime="08:00:00"),
    profile("One GPU: 8 cores, 64 GB, 4 hours", "gpu", partition=gpu, gres="gpu:1", nprocs="8", memory="64G", runtime="04:00:00"),
    profile("One GPU, a day", "gpu-day", partition=gpu, gres="gpu:1", nprocs="8", memory="64G", runtime="1-00:00:00"),
    profile("Two GPUs: 16 cores, 128 GB, 4 hours", "gpu-2", partition=gpu, gres="gpu:2", nprocs="16", memory="128G", runtime="04:00:00"),
]
