"""JupyterHub for Vision Cell on one server. Everything that a site changes is in the environment (hub.env beside the service); see docs/guide/gpu-servers.md.

JupyterHub 3 or newer, started as root, which it needs to start servers as the users that log in.
"""

import os
import pwd
import sys

here = os.environ.get("VISIONCELL_HUB_FILES", os.path.dirname(os.path.realpath(sys.argv[-1] if sys.argv[-1].endswith(".py") else "jupyterhub_config.py")))
sys.path.insert(0, here)
import isolation  # noqa: E402

c = get_config()  # noqa: F821


def setting(name, default=None):
    value = os.environ.get(f"VISIONCELL_HUB_{name}", "")
    return value if value else default


state = setting("STATE", "/var/lib/visioncell-hub")
os.makedirs(state, mode=0o700, exist_ok=True)

# The hub and its proxy. TLS ends here or in a web server before it; without either, bind to 127.0.0.1 and come through ssh.
c.JupyterHub.bind_url = setting("BIND", "http://127.0.0.1:8000")
c.JupyterHub.hub_bind_url = setting("INTERNAL", "http://127.0.0.1:8081")
c.ConfigurableHTTPProxy.api_url = setting("PROXY_API", "http://127.0.0.1:8001")
if setting("TLS_KEY"):
    c.JupyterHub.ssl_key, c.JupyterHub.ssl_cert = setting("TLS_KEY"), setting("TLS_CERT")
c.JupyterHub.cookie_secret_file = os.path.join(state, "cookie_secret")
c.JupyterHub.db_url = f"sqlite:///{state}/hub.sqlite"
c.ConfigurableHTTPProxy.pid_file = os.path.join(state, "proxy.pid")
# Debian's proxy needs Debian's modules where another node comes first on the PATH.
if os.path.isdir("/usr/share/nodejs"):
    os.environ.setdefault("NODE_PATH", "/usr/share/nodejs")

# Who may log in: users of this machine (PAM), of these groups where some are named.
c.JupyterHub.authenticator_class = "pam"
c.PAMAuthenticator.open_sessions = False
c.LocalAuthenticator.create_system_users = False
if setting("GROUPS"):
    c.LocalAuthenticator.allowed_groups = set(setting("GROUPS").split(","))
c.Authenticator.admin_users = set(setting("ADMINS", "").split(",")) - {""}
c.JupyterHub.active_server_limit = int(setting("SERVERS", "0"))
c.JupyterHub.concurrent_spawn_limit = 10
# Who logs out is done: kernels end and the GPU is free for others. Closing the browser leaves them running.
c.JupyterHub.shutdown_on_logout = True

# A server of each user's own. systemd holds it to memory and processors, where it runs and its spawner is installed.
memory, processors = setting("MEMORY", "16G"), float(setting("CPUS", "4"))
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
c.Spawner.notebook_dir = "~"
c.Spawner.http_timeout = c.Spawner.start_timeout = 120
c.Spawner.env_keep = ["PATH", "LANG", "LC_ALL", "NODE_PATH", "DOTNET_ROOT", "JUPYTER_PATH", "VISIONCELL_HOME"]

units = {"K": 10, "M": 20, "G": 30, "T": 40}
heap = int(float(memory[:-1]) * 2 ** units[memory[-1]] * 3 / 4)
c.Spawner.environment = {
    # Data of all, read-only by the rights of the folder: fetched once by the administrator with 'visioncell data fetch'.
    "VISIONCELL_DATA": setting("DATA", "/srv/visioncell/data"),
    # The managed memory of a kernel; what networks and images take outside it is held by systemd's limit alone.
    "DOTNET_GCHeapHardLimit": f"{heap:x}",
    "OMP_NUM_THREADS": str(max(1, int(processors))),
    "MKL_NUM_THREADS": str(max(1, int(processors))),
}

# Nobody there: kernels end, then the server, and with it the hold on a GPU.
idle = int(setting("IDLE_SECONDS", "7200"))
c.Spawner.args = [
    f"--MappingKernelManager.cull_idle_timeout={idle}",
    f"--MappingKernelManager.cull_interval={max(1, min(300, idle // 4))}",
    "--MappingKernelManager.cull_connected=True",
    f"--{{app}}.shutdown_no_activity_timeout={idle}",
]
try:
    import jupyterlab  # noqa: F401

    app = "ServerApp"
    c.Spawner.default_url = "/lab"
except ImportError:
    app = "NotebookApp"
    c.Spawner.environment["JUPYTERHUB_SINGLEUSER_APP"] = "notebook.notebookapp.NotebookApp"
    c.Spawner.default_url = "/tree"
c.Spawner.args = [argument.format(app=app) for argument in c.Spawner.args]

gpus = isolation.Devices(os.path.join(state, "devices.json"), isolation.devices())
common = list(c.Spawner.args)


def before(spawner):
    """A loopback address for the user's kernels, and a GPU. Without the address no server starts: others could listen."""
    own = isolation.open_for(pwd.getpwnam(spawner.user.name).pw_uid)
    spawner.args = [*common, f"--KernelManager.ip={own}", f"--MappingKernelManager.ip={own}"]
    users = spawner.user.settings.get("users")
    if users is not None:
        gpus.keep_only({s.user.name for u in users.values() for s in u.spawners.values() if s.active} | {spawner.user.name})
    device = gpus.take(spawner.user.name)
    spawner.environment = {**spawner.environment, **({} if device is None else {"CUDA_VISIBLE_DEVICES": device})}


def after(spawner):
    gpus.give_back(spawner.user.name)


c.Spawner.pre_spawn_hook = before
c.Spawner.post_stop_hook = after
