"""Puts the pytest plugin among this interpreter's packages, or into a folder, or removes it from there.

Run as `python -c SOURCE install|uninstall FOLDER VERSION PLUGIN`; an empty FOLDER means where packages are.
What it leaves is what pip would: it is listed and can be removed by pip, too.
"""

import base64
import hashlib
import os
import shutil
import site
import sys
import sysconfig

MODULE = "xgrid_pytest.py"
DISTRIBUTION = "xgrid_pytest-"


def main(action, folder, version, plugin):
    if sys.version_info < (3, 8):
        return "xgrid: the plugin needs Python 3.8 or newer, and %s is older" % sys.executable
    places = [os.path.abspath(folder)] if folder else package_folders()
    if action == "uninstall":
        removed = [path for place in places for path in remove(place)]
        return None if removed else "xgrid: the plugin is not in %s" % " or ".join(places)
    try:
        place = places[0] if folder else writable(places)
        remove(place)
        write(place, version, plugin)
    except OSError as error:
        return "xgrid: cannot install the plugin: %s" % error
    print("installed: %s" % os.path.join(place, MODULE))
    return None


def package_folders():
    """The interpreter's own, then the user's where that is used."""
    places = [sysconfig.get_path("purelib")]
    if site.ENABLE_USER_SITE:
        places.append(site.getusersitepackages())
    return places


def writable(places):
    for place in places:
        try:
            os.makedirs(place, exist_ok=True)
        except OSError:
            continue
        if os.access(place, os.W_OK):
            return place
    raise PermissionError("no right to write to %s" % " or ".join(places))


def write(place, version, plugin):
    os.makedirs(place, exist_ok=True)
    facts = DISTRIBUTION + version + ".dist-info"
    files = {
        MODULE: plugin,
        facts
        + "/METADATA": "Metadata-Version: 2.1\nName: xgrid-pytest\nVersion: %s\nRequires-Python: >=3.8\n"
        % version,
        facts + "/entry_points.txt": "[pytest11]\nxgrid_pytest = xgrid_pytest\n",
        facts + "/INSTALLER": "xgrid\n",
    }
    record = []
    for name, text in files.items():
        path = os.path.join(place, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        data = text.encode("utf-8", "surrogateescape")
        with open(path, "wb") as file:
            file.write(data)
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=")
        record.append("%s,sha256=%s,%d\n" % (name, digest.decode(), len(data)))
    record.append(facts + "/RECORD,,\n")
    with open(os.path.join(place, facts, "RECORD"), "w") as file:
        file.writelines(record)


def remove(place):
    """What was removed."""
    removed = []
    names = os.listdir(place) if os.path.isdir(place) else []
    for name in names:
        path = os.path.join(place, name)
        if name == MODULE:
            os.remove(path)
        elif name.startswith(DISTRIBUTION) and name.endswith(".dist-info"):
            shutil.rmtree(path)
        else:
            continue
        removed.append(path)
    return removed


sys.exit(main(*sys.argv[1:]))
