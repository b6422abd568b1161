"""What keeps the users of one server apart: GPUs spread over them, and a loopback address of their own for their kernels.

A Jupyter kernel talks over TCP on the loopback interface. Its requests are signed, but whoever may connect can listen to what it publishes. So each
user's kernels listen on an address that belongs to the user (127.64.0.0/10 holds four million), and the firewall lets nobody else connect there:
isolation.nft, which the service loads, and one element a user, added before the user's server starts.
"""

import fcntl
import json
import os
import subprocess

NETWORK = 127 << 24 | 64 << 16
TABLE = "visioncell"


def address(uid):
    """The loopback address of a user. Containers and directories may give out large numbers; those beyond 22 bits would share one, so they are refused."""
    if not 0 < uid < 1 << 22:
        raise ValueError(f"user id {uid}: kernels are kept apart for ids from 1 to {(1 << 22) - 1}")
    number = NETWORK | uid
    return ".".join(str(number >> shift & 255) for shift in (24, 16, 8, 0))


def open_for(uid, run=subprocess.run):
    """Gives a user the address: on the interface, where Jupyter looks for it, and in the firewall's set. Needs root; an error means that no server may start."""
    own = address(uid)
    run(["ip", "address", "replace", f"{own}/32", "dev", "lo"], check=True, capture_output=True)
    run(["nft", "add", "element", "inet", TABLE, "own", f"{{ {own} . {uid} }}"], check=True, capture_output=True)
    return own


def devices():
    """The GPUs of this machine: VISIONCELL_GPUS ("0,1,3"; empty for none), else what nvidia-smi lists."""
    named = os.environ.get("VISIONCELL_GPUS")
    if named is not None:
        return [d.strip() for d in named.split(",") if d.strip()]
    try:
        listed = subprocess.run(["nvidia-smi", "--query-gpu=index", "--format=csv,noheader"], capture_output=True, text=True, check=True, timeout=20).stdout
    except (OSError, subprocess.SubprocessError):
        return []
    return listed.split()


class Devices:
    """Which server has which device, in a file, so that a hub that is started again still knows. A device goes to one more server only when no other has fewer."""

    def __init__(self, path, all_devices):
        self.path = path
        self.all = list(all_devices)

    def take(self, server):
        """The device of a server, its old one where it has one; None where the machine has no GPU."""
        with self._locked() as leases:
            if leases.get(server) not in self.all:
                leases.pop(server, None)
                if not self.all:
                    return None
                taken = list(leases.values())
                leases[server] = min(self.all, key=lambda device: (taken.count(device), self.all.index(device)))
            return leases[server]

    def give_back(self, server):
        with self._locked() as leases:
            leases.pop(server, None)

    def keep_only(self, servers):
        """Forgets servers that are gone, for example with a machine that went down."""
        with self._locked() as leases:
            for server in set(leases) - set(servers):
                del leases[server]

    def _locked(self):
        return _Leases(self.path)


class _Leases:
    def __init__(self, path):
        self.file = open(path, "a+", encoding="utf-8")

    def __enter__(self):
        fcntl.flock(self.file, fcntl.LOCK_EX)
        self.file.seek(0)
        text = self.file.read()
        self.leases = json.loads(text) if text else {}
        return self.leases

    def __exit__(self, kind, *_):
        if kind is None:
            self.file.seek(0)
            self.file.truncate()
            json.dump(self.leases, self.file)
        self.file.close()
