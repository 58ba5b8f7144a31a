"""Files in xgrid's cache folder, which it can do without: what cannot be written is not kept."""

import os
import tempfile


def replace(path, data):
    """Readers see the old file or the new one."""
    folder = os.path.dirname(path)
    try:
        os.makedirs(folder, mode=0o700, exist_ok=True)
        fd, name = tempfile.mkstemp(dir=folder)
    except OSError:
        return
    try:
        with os.fdopen(fd, "wb") as file:
            file.write(data)
        os.replace(name, path)
    except OSError:
        try:
            os.unlink(name)
        except OSError:
            pass
