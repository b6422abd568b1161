"""JupyterHub in front of a Slurm cluster: each server is a job. Needs batchspawner and wrapspawner; see docs/guide/cluster.md.

The hub runs on a node that can submit jobs and that compute nodes reach (VISIONCELL_HUB_CONNECT); homes are shared. Slurm gives each job its GPU,
memory and time. Kernels listen on the loopback interface of the node; where several users share a node, load isolation.nft there too and call
isolation.open_for in the prolog (docs/guide/cluster.md).
"""

import os

import batchspawner  # noqa: F401  registers the API handler by which a job tells its port

c = get_config()  # noqa: F821


def setting(name, default=None):
    value = os.environ.get(f"VISIONCELL_HUB_{name}", "")
    return value if value else default


state = setting("STATE", "/var/lib/visioncell-hub")
os.makedirs(state, mode=0o700, exist_ok=True)
c.JupyterHub.bind_url = setting("BIND", "http://127.0.0.1:8000")
c.JupyterHub.hub_bind_url = setting("INTERNAL", "http://0.0.0.0:8081")
c.JupyterHub.hub_connect_ip = setting("CONNECT", os.uname().nodename)
c.ConfigurableHTTPProxy.api_url = setting("PROXY_API", "http://127.0.0.1:8001")
c.JupyterHub.cookie_secret_file = os.path.join(state, "cookie_secret")
c.JupyterHub.db_url = f"sqlite:///{state}/hub.sqlite"
c.ConfigurableHTTPProxy.pid_file = os.path.join(state, "proxy.pid")
if os.path.isdir("/usr/share/nodejs"):
    os.environ.setdefault("NODE_PATH", "/usr/share/nodejs")
c.JupyterHub.authenticator_class = "pam"
c.PAMAuthenticator.open_sessions = False
if setting("GROUPS"):
    c.LocalAuthenticator.allowed_groups = set(setting("GROUPS").split(","))

c.JupyterHub.shutdown_on_logout = True

files = setting("FILES", os.path.dirname(os.path.realpath(__file__)) if "__file__" in globals() else "/opt/visioncell/environment/jupyterhub")
idle = int(setting("IDLE_SECONDS", "7200"))
c.Spawner.cmd = ["batchspawner-singleuser", os.path.join(files, "singleuser.sh")]
c.Spawner.notebook_dir = "~"
c.Spawner.http_timeout = 120
# A job may wait in the queue.
c.Spawner.start_timeout = int(setting("QUEUE_SECONDS", "900"))
c.Spawner.environment = {"VISIONCELL_DATA": setting("DATA", "/srv/visioncell/data")}
c.Spawner.args = [f"--MappingKernelManager.cull_idle_timeout={idle}", f"--MappingKernelManager.cull_interval={max(1, min(300, idle // 4))}"]

slurm = "batchspawner.SlurmSpawner"


def profile(name, key, **resources):
    return (name, key, slurm, {f"req_{k}": v for k, v in resources.items()})


# What users choose from: name, partition, GPUs, memory, time. A site writes its own.
c.JupyterHub.spawner_class = "wrapspawner.ProfilesSpawner"
c.ProfilesSpawner.profiles = [
    profile("Processor: 4 cores, 16 GB, 8 hours", "cpu", partition=setting("CPU_PARTITION", "cpu"), nprocs="4", memory="16G", runtime="08:00:00"),
    profile("One GPU: 8 cores, 64 GB, 4 hours", "gpu", partition=setting("GPU_PARTITION", "gpu"), gres="gpu:1", nprocs="8", memory="64G", runtime="04:00:00"),
    profile("One GPU, a day", "gpu-day", partition=setting("GPU_PARTITION", "gpu"), gres="gpu:1", nprocs="8", memory="64G", runtime="1-00:00:00"),
]
