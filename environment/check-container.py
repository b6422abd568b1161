"""What check-container.sh does inside the built image, as root of a chroot: takes user, folder, environment, command and health check from the image's
own configuration, as a container engine does, and uses them. Says what was seen; exits with 1 at the first thing that is wrong."""

import json
import os
import pwd
import re
import signal
import subprocess
import sys
import time

config = json.load(open(sys.argv[1], encoding="utf-8"))["Docker"]["config"]
user = pwd.getpwnam(config["User"])
environment = {**dict(pair.split("=", 1) for pair in config["Env"]), "HOME": user.pw_dir}

# Cells over Jupyter's own interface, by the packages that Jupyter needs anyway.
CELLS = r"""
import asyncio, json, sys, uuid
from urllib.request import Request, urlopen
from tornado.websocket import websocket_connect

token, path, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
base = "http://127.0.0.1:8888/api/"

def ask(name, body=None):
    request = Request(base + name, json.dumps(body).encode() if body else None, {"Authorization": "token " + token, "Content-Type": "application/json"})
    return json.load(urlopen(request, timeout=60))

async def main():
    notebook = ask("contents/" + path)["content"]
    session = ask("sessions", {"path": path, "name": path, "type": "notebook", "kernel": {"name": notebook["metadata"]["kernelspec"]["name"]}})
    kernel = session["kernel"]["id"]
    socket = await websocket_connect(f"{base.replace('http', 'ws')}kernels/{kernel}/channels?token={token}")
    for cell in [c for c in notebook["cells"] if c["cell_type"] == "code"][:count]:
        name = uuid.uuid4().hex
        header = {"msg_id": name, "msg_type": "execute_request", "session": name, "username": "", "version": "5.3"}
        content = {"code": "".join(cell["source"]), "silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": False}
        await socket.write_message(json.dumps({"header": header, "parent_header": {}, "metadata": {}, "content": content, "channel": "shell", "buffers": []}))
        while True:
            message = json.loads(await asyncio.wait_for(socket.read_message(), 120))
            kind, content = message["msg_type"], message["content"]
            if message["parent_header"].get("msg_id") != name:
                continue
            if kind == "stream":
                sys.stdout.write(content["text"])
            elif kind in ("display_data", "execute_result"):
                print(*("%s of %d characters" % (mime, len(str(data))) for mime, data in content["data"].items()))
            elif kind == "error":
                sys.exit("\n".join(content["traceback"]))
            elif kind == "status" and content["execution_state"] == "idle":
                break

asyncio.run(main())
"""


def fail(what):
    print(f"check-container: {what}", file=sys.stderr)
    sys.exit(1)


def become():
    os.setgroups([])
    os.setgid(user.pw_gid)
    os.setuid(user.pw_uid)


def start(command, **options):
    return subprocess.Popen(command, cwd=config["WorkingDir"], env=environment, preexec_fn=become, text=True, **options)


def run(command, good=True):
    process = start(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    output = process.communicate(timeout=300)[0]
    if good is not None and (process.returncode == 0) != good:
        fail(f"{' '.join(command)[:200]}: exit code {process.returncode}\n{output}")
    return output


def healthy():
    test = config["Healthcheck"]["Test"]
    command = ["/bin/sh", "-c", test[1]] if test[0] == "CMD-SHELL" else test[1:]
    return start(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).wait(timeout=60) == 0


if user.pw_uid == 0 or run(["id", "-u"]).strip() != "1000":
    fail(f"runs as {config['User']}, user number {user.pw_uid}")
run(["touch", "/opt/visioncell/mine", "/usr/local/bin/mine"], good=False)
run(["touch", "notebooks/mine"])
print(f"user {config['User']} ({user.pw_uid}) in {config['WorkingDir']}")

labels = config["Labels"]
missing = [name for name in ("title", "description", "licenses", "version") if not labels.get(f"org.opencontainers.image.{name}")]
if missing or labels.get("org.visioncell.device") != "cpu":
    fail(f"labels: {labels}")
bill = json.load(open("/opt/visioncell/sbom.cdx.json", encoding="utf-8"))
kinds = {kind: sum(c["purl"].startswith(f"pkg:{kind}/") for c in bill["components"]) for kind in ("nuget", "deb", "npm")}
if bill["bomFormat"] != "CycloneDX" or 0 in kinds.values():
    fail(f"bill of materials: {kinds}")
print(f"bill of materials: {kinds}")

print(run(["visioncell", "info", "data-manifests/samples/medulla-sample.tif"]).strip())
print(run(["jupyterhub-singleuser", "--version"]).strip(), "of jupyterhub-singleuser")

if healthy():
    fail("the health check passes before anything was started")
log = open("/tmp/jupyter.log", "w+", encoding="utf-8")
began = time.monotonic()
jupyter = start(config["Cmd"], stdout=log, stderr=subprocess.STDOUT)
while not healthy():
    if jupyter.poll() is not None or time.monotonic() - began > 60:
        fail("the health check fails 60 s after the start\n" + open(log.name, encoding="utf-8").read())
    time.sleep(0.5)
print(f"healthy {time.monotonic() - began:.1f} s after the start")
token = re.search(r"token=(\w+)", open(log.name, encoding="utf-8").read())
if not token:
    fail("the log tells no address with a token\n" + open(log.name, encoding="utf-8").read())
python = "/opt/jupyter/bin/python" if os.path.exists("/opt/jupyter/bin/python") else "python3"
began = time.monotonic()
output = run([python, "-c", CELLS, token[1], "notebooks/01-preprocess.ipynb", "4"])
print(output.strip())
if "voxels of" not in output:
    fail("the notebook's fourth cell did not tell the stack")
print(f"four cells in {time.monotonic() - began:.1f} s")
jupyter.send_signal(signal.SIGTERM)
if jupyter.wait(timeout=30) != 0:
    fail(f"Jupyter ended with exit code {jupyter.returncode} at SIGTERM")
print("check-container: all of it worked")
