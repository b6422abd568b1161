"""What the configurations of the hub share. Everything that a site changes is in the environment, as VISIONCELL_HUB_… (docs/guide/gpu-servers.md)."""

import importlib.util
import os


def setting(name, default=None):
    value = os.environ.get(f"VISIONCELL_HUB_{name}", "")
    return value if value else default


def hub(c, internal):
    """The hub, its proxy, and who may log in. INTERNAL: where servers reach the hub, unless the site says. Returns the folder of the hub's state."""
    state = setting("STATE", "/var/lib/visioncell-hub")
    os.makedirs(state, mode=0o700, exist_ok=True)
    # TLS ends here or in a web server before it; without either, bind to 127.0.0.1 and come through ssh.
    c.JupyterHub.bind_url = setting("BIND", "http://127.0.0.1:8000")
    c.JupyterHub.hub_bind_url = setting("INTERNAL", internal)
    c.ConfigurableHTTPProxy.api_url = setting("PROXY_API", "http://127.0.0.1:8001")
    if setting("TLS_KEY"):
        c.JupyterHub.ssl_key, c.JupyterHub.ssl_cert = setting("TLS_KEY"), setting("TLS_CERT")
    c.JupyterHub.cookie_secret_file = os.path.join(state, "cookie_secret")
    c.JupyterHub.db_url = f"sqlite:///{state}/hub.sqlite"
    c.ConfigurableHTTPProxy.pid_file = os.path.join(state, "proxy.pid")
    # Debian's proxy needs Debian's modules where another node comes first on the PATH.
    if os.path.isdir("/usr/share/nodejs"):
        os.environ.setdefault("NODE_PATH", "/usr/share/nodejs")

    # Users of this machine (PAM), of these groups where some are named.
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
    return state


def servers(c, lab=None):
    """What every user's server is given, wherever it runs. LAB: whether it has JupyterLab; None where it has what the hub has."""
    c.Spawner.notebook_dir = "~"
    c.Spawner.http_timeout = 120
    # Data of all, read-only by the rights of the folder: fetched once by the administrator with 'visioncell data fetch'.
    c.Spawner.environment = {"VISIONCELL_DATA": setting("DATA", "/srv/visioncell/data")}
    c.Spawner.env_keep = ["PATH", "LANG", "LC_ALL", "NODE_PATH", "DOTNET_ROOT", "JUPYTER_PATH", "VISIONCELL_HOME"]
    if lab is None:
        lab = importlib.util.find_spec("jupyterlab") is not None
    app, c.Spawner.default_url = ("ServerApp", "/lab") if lab else ("NotebookApp", "/tree")
    if not lab:
        c.Spawner.environment["JUPYTERHUB_SINGLEUSER_APP"] = "notebook.notebookapp.NotebookApp"
    # Nobody there: kernels end, then the server, and with it the hold on a GPU.
    idle = int(setting("IDLE_SECONDS", "7200"))
    c.Spawner.args = [
        f"--MappingKernelManager.cull_idle_timeout={idle}",
        f"--MappingKernelManager.cull_interval={max(1, min(300, idle // 4))}",
        "--MappingKernelManager.cull_connected=True",
        f"--{app}.shutdown_no_activity_timeout={idle}",
    ]
