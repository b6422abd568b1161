"""DockerSpawner in place of local servers: appended to jupyterhub_config.py (jupyterhub -f a file that loads both with load_subconfig), for a hub on a
machine with Docker. Containers have networks and processes of their own, so that the loopback addresses of isolation.py are not needed."""

import os
import sys

sys.path.insert(0, os.environ.get("VISIONCELL_HUB_FILES", "/opt/visioncell/environment/jupyterhub"))
import isolation  # noqa: E402

c = get_config()  # noqa: F821
state = os.environ.get("VISIONCELL_HUB_STATE", "/var/lib/visioncell-hub")
data = os.environ.get("VISIONCELL_HUB_DATA", "/srv/visioncell/data")

c.JupyterHub.spawner_class = "dockerspawner.DockerSpawner"
c.JupyterHub.hub_ip = "0.0.0.0"
c.JupyterHub.hub_connect_ip = os.environ.get("VISIONCELL_HUB_CONNECT", "host.docker.internal")
c.DockerSpawner.image = os.environ.get("VISIONCELL_HUB_IMAGE", "visioncell:latest")
c.DockerSpawner.cmd = "jupyterhub-singleuser"
c.DockerSpawner.remove = True
c.DockerSpawner.notebook_dir = "/home/cell"
c.DockerSpawner.volumes = {"visioncell-{username}": "/home/cell/work"}
c.DockerSpawner.read_only_volumes = {data: "/srv/visioncell/data"}
c.DockerSpawner.mem_limit = os.environ.get("VISIONCELL_HUB_MEMORY", "16G")
c.DockerSpawner.cpu_limit = float(os.environ.get("VISIONCELL_HUB_CPUS", "4"))

gpus = isolation.Devices(os.path.join(state, "devices.json"), isolation.devices())


def before(spawner):
    device = gpus.take(spawner.user.name)
    requests = [] if device is None else [{"Driver": "nvidia", "DeviceIDs": [device], "Capabilities": [["gpu"]]}]
    spawner.extra_host_config = {"shm_size": "8g", "device_requests": requests, "extra_hosts": {"host.docker.internal": "host-gateway"}}


c.Spawner.pre_spawn_hook = before
c.Spawner.post_stop_hook = lambda spawner: gpus.give_back(spawner.user.name)
