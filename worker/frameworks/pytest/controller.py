"""What plugins expect to have been told by pytest-xdist's controller, of which there is none here."""

import socket
import sys


def tell(workerinput, directory):
    """Before plugins are configured; what they find out for themselves stays."""
    # pytest-cov: where the code is.
    workerinput.setdefault("cov_master_host", socket.gethostname())
    workerinput.setdefault("cov_master_topdir", directory)
    workerinput.setdefault("cov_master_rsync_roots", [])
    # pytest-rerunfailures: the port of its server, which counts crashes. Those are the broker's.
    workerinput.setdefault("sock_port", 0)
    rerunfailures = sys.modules.get("pytest_rerunfailures")
    if hasattr(rerunfailures, "ClientStatusDB") and hasattr(rerunfailures, "StatusDB"):
        rerunfailures.ClientStatusDB = lambda _port: rerunfailures.StatusDB()
