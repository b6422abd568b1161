"""JupyterHub for Vision Cell on one server. Everything that a site changes is in the environment (hub.env beside the service); see docs/guide/gpu-servers.md.

JupyterHub 3 or newer, started as root, which it needs to start servers as the users that log in.
"""

import os
import pwd
import sys

here = os.environ.get("VISIONCELL_HUB_FILES") or os.path.dirname(os.path.realpath(__file__))
sys.path.insert(0, here)
import common  # noqa: E402
import isolation  # noqa: E402

c = get_config()  # noqa: F821
state = common.hub(c, internal="http://127.0.0.1:8081")
common.servers(c)

# A server of each user's own. systemd holds it to memory and processors, where it runs and its spawner is installed.
memory, processors = common.setting("MEMORY", "16G"), float(common.setting("CPUS", "4"))
try:
    import systemdspawner  # noqa: F401

    limited = os.path.isdir("/run/systemd/system")
except ImportError:
    limited = False
if limited:
    c.JupyterHub.spawner_class = "systemdspawner.SystemdSpawner"
    c.SystemdSpawner.isolate_tmp = True
    c.SystemdSpawner.disable_user_sudo = True
    c.Spawner.mem_limit, c.Spawner.cpu_limit = memory, processors
else:
    c.JupyterHub.spawner_class = "jupyterhub.spawner.LocalProcessSpawner"
c.Spawner.cmd = [os.path.join(here, "singleuser.sh")]
c.Spawner.start_timeout = 120

units = {"K": 10, "M": 20, "G": 30, "T": 40}
heap = int(float(memory[:-1]) * 2 ** units[memory[-1]] * 3 / 4)
c.Spawner.environment |= {
    # The managed memory of a kernel; what networks and images take outside it is held by systemd's limit alone.
    "DOTNET_GCHeapHardLimit": f"{heap:x}",
    "OMP_NUM_THREADS": str(max(1, int(processors))),
    "MKL_NUM_THREADS": str(max(1, int(processors))),
}

gpus = isolation.Devices(os.path.join(state, "devices.json"), isolation.devices())
shared = list(c.Spawner.args)


def before(spawner):
    """A loopback address for the user's kernels, and a GPU. Without the address no server starts: others could listen."""
    own = isolation.open_for(pwd.getpwnam(spawner.user.name).pw_uid)
    spawner.args = [*shared, f"--KernelManager.ip={own}", f"--MappingKernelManager.ip={own}"]
    users = spawner.user.settings.get("users")
    if users is not None:
        gpus.keep_only({s.user.name for u in users.values() for s in u.spawners.values() if s.active} | {spawner.user.name})
    device = gpus.take(spawner.user.name)
    spawner.environment = {**spawner.environment, **({} if device is None else {"CUDA_VISIBLE_DEVICES": device})}


def after(spawner):
    gpus.give_back(spawner.user.name)


c.Spawner.pre_spawn_hook = before
c.Spawner.post_stop_hook = after
