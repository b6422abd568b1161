"""JupyterHub with a container of each user's own, on one machine with Docker: jupyterhub -f dockerspawner.py, with dockerspawner beside the hub; see
docs/guide/gpu-servers.md. Containers have networks and processes of their own, so that the loopback addresses of isolation.py are not needed."""

import os
import sys

sys.path.insert(0, os.environ.get("VISIONCELL_HUB_FILES") or os.path.dirname(os.path.realpath(__file__)))
import common  # noqa: E402
import isolation  # noqa: E402

c = get_config()  # noqa: F821
state = common.hub(c, internal="http://0.0.0.0:8081")
c.JupyterHub.hub_connect_ip = common.setting("CONNECT", "host.docker.internal")
common.servers(c, lab=True)
# The image's own.
c.Spawner.env_keep = []
c.Spawner.environment["VISIONCELL_DATA"] = "/srv/visioncell/data"

c.JupyterHub.spawner_class = "dockerspawner.DockerSpawner"
c.DockerSpawner.image = common.setting("IMAGE", "visioncell:latest")
c.DockerSpawner.cmd = "jupyterhub-singleuser"
c.DockerSpawner.remove = True
c.DockerSpawner.notebook_dir = "/home/cell"
c.DockerSpawner.volumes = {"visioncell-{username}": "/home/cell/work"}
c.DockerSpawner.read_only_volumes = {common.setting("DATA", "/srv/visioncell/data"): "/srv/visioncell/data"}
c.DockerSpawner.mem_limit = common.setting("MEMORY", "16G")
c.DockerSpawner.cpu_limit = float(common.setting("CPUS", "4"))

gpus = isolation.Devices(os.path.join(state, "devices.json"), isolation.devices())


def before(spawner):
    device = gpus.take(spawner.user.name)
    requests = [] if device is None else [{"Driver": "nvidia", "DeviceIDs": [device], "Capabilities": [["gpu"]]}]
    spawner.extra_host_config = {"shm_size": "8g", "device_requests": requests, "extra_hosts": {"host.docker.internal": "host-gateway"}}


c.Spawner.pre_spawn_hook = before
c.Spawner.post_stop_hook = lambda spawner: gpus.give_back(spawner.user.name)
