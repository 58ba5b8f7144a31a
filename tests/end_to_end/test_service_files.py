"""The files of scripts/ by which others run xgrid as a service: as far as that can be told here."""

import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess

import grid
import pytest

import brokers

SCRIPTS = pathlib.Path(__file__).resolve().parents[2] / "scripts"
UNITS = [SCRIPTS / "service" / name for name in ("xgrid-broker.service", "xgrid-worker.service")]
CONTAINER = SCRIPTS / "container" / "Containerfile"
CLOUD = SCRIPTS / "cloud" / "cloud-init.yaml"
CLUSTER = SCRIPTS / "cloud" / "kubernetes.yaml"
README = SCRIPTS.parent / "README.md"


def documents(path):
    yaml = pytest.importorskip("yaml", reason="python3-yaml is not installed")
    return [one for one in yaml.safe_load_all(path.read_text()) if one]


def kinds(path):
    return {(one["kind"], one["metadata"]["name"]): one for one in documents(path)}


def cloud_unit():
    """The unit that cloud-init writes."""
    (cloud,) = documents(CLOUD)
    (unit,) = [one for one in cloud["write_files"] if one["path"].endswith(".service")]
    return unit


def lines_of(text):
    """What follows `xgrid` in each command line of a text, as words."""
    found = []
    for line in text.replace("\\\n#", " ").splitlines():
        command = re.search(r"(?:^|[ /`])xgrid ((?:broker|worker|keys|submit) [^`]*)", line)
        if command and not re.search(r"\[.*(OPTIONS|--)", command[1]):
            words = shlex.split(command[1].split("  ")[0], comments=True)
            found.append([word for word in words if word != "$XGRID_ARGUMENTS"])
    return found


def command_lines():
    found = [
        line for path in (*UNITS, CONTAINER, CLOUD, CLUSTER) for line in lines_of(path.read_text())
    ]
    found += [
        json.loads(line[4:]) for line in CONTAINER.read_text().splitlines() if line[:4] == "CMD "
    ]
    arguments = re.search(r"XGRID_ARGUMENTS=(.*)", UNITS[1].read_text())[1]
    found.append(["worker", *shlex.split(arguments)])
    for one in documents(CLUSTER):
        template = one.get("spec", {}).get("template", {})
        for container in template.get("spec", {}).get("containers", []):
            found.append(container["args"])
    team = re.search(r"\n## A broker for a team\n(.*?)\n## ", README.read_text(), re.DOTALL)[1]
    return found + lines_of(team)


def test_every_command_line_is_one_that_xgrid_takes():
    found = command_lines()
    assert {words[0] for words in found} >= {"broker", "worker", "keys"} and len(found) > 12
    wrong = []
    for words in found:
        done = subprocess.run(
            [grid.XGRID, *(word for word in words if word != "--help"), "--help"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        if done.returncode != 0:
            wrong.append("%s: %s" % (" ".join(words), done.stderr))
    # Until workers have it here, too.
    later = [one for one in wrong if "'--exit-when-idle'" in one]
    assert wrong == later, "\n".join(wrong)
    if later:
        pytest.skip("this xgrid worker has no --exit-when-idle yet; all else is taken")


@pytest.mark.parametrize("name", ["xgrid-broker", "xgrid-worker", "cloud"])
def test_systemd_takes_the_units(tmp_path, name):
    if shutil.which("systemd-analyze") is None:
        pytest.skip("there is no systemd-analyze here")
    text = (
        cloud_unit()["content"] if name == "cloud" else (UNITS[name == "xgrid-worker"]).read_text()
    )
    unit = tmp_path / (name + ".service")
    unit.write_text(text.replace("/usr/local/bin/xgrid", os.path.abspath(grid.XGRID)))
    done = subprocess.run(
        ["systemd-analyze", "--man=no", "verify", unit],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
    )
    ours = [line for line in done.stdout.splitlines() if name in line]
    assert done.returncode == 0 and not ours, done.stdout


def test_a_worker_that_is_stopped_may_finish():
    for text in (UNITS[1].read_text(), cloud_unit()["content"]):
        for line in ("KillMode=mixed", "KillSignal=SIGTERM"):
            assert "\n%s\n" % line in text
        assert re.search(r"\nTimeoutStopSec=\d+min\n", text)
    pod = kinds(CLUSTER)["Deployment", "xgrid-worker"]["spec"]["template"]["spec"]
    assert pod["terminationGracePeriodSeconds"] >= 60


def test_the_cluster_holds_together():
    found = kinds(CLUSTER)
    broker = found["StatefulSet", "xgrid-broker"]["spec"]
    worker = found["Deployment", "xgrid-worker"]["spec"]
    assert [claim["metadata"]["name"] for claim in broker["volumeClaimTemplates"]] == ["data"]
    for spec in (broker, worker):
        labels = spec["template"]["metadata"]["labels"]
        assert spec["selector"]["matchLabels"] == labels
        pod = spec["template"]["spec"]
        assert pod["securityContext"]["runAsNonRoot"] and not pod["automountServiceAccountToken"]
        named = {volume["name"] for volume in pod["volumes"]}
        named |= {claim["metadata"]["name"] for claim in spec.get("volumeClaimTemplates", [])}
        for container in (*pod["containers"], *pod["initContainers"]):
            assert {mount["name"] for mount in container["volumeMounts"]} <= named
    service = found["Service", "xgrid-broker"]["spec"]
    assert service["selector"] == broker["template"]["metadata"]["labels"]
    ports = {port["containerPort"] for port in broker["template"]["spec"]["containers"][0]["ports"]}
    assert ports == {port["port"] for port in service["ports"]} == {7555, 7556}


def test_a_broker_takes_the_clusters_and_the_readmes_broker_toml(tmp_path):
    team = re.search(r"\n## A broker for a team\n(.*?)\n## ", README.read_text(), re.DOTALL)[1]
    shown = re.search(r"(?:    .*\n)*    \[limits\].*\n(?:    .*\n)*", team)[0]
    of_readme = "\n".join(line[4:] for line in shown.splitlines())
    of_cluster = kinds(CLUSTER)["ConfigMap", "xgrid-broker"]["data"]["broker.toml"]
    for name, text in (("cluster", of_cluster), ("readme", of_readme)):
        assert "[limits]" in text
        file = tmp_path / (name + ".toml")
        file.write_text(text)
        here = ["--bind", "ipc://%s/%s.grid" % (tmp_path, name), "--http", "127.0.0.1:0"]
        process = brokers.Process(
            tmp_path / name, "broker", "--config", file, "--data", tmp_path / "data" / name, *here
        )
        assert process.says("listening on ipc://"), process.err.read_text()
        assert process.end() == 0


def test_the_container_runs_as_nobody_in_particular_and_opens_one_port():
    text = CONTAINER.read_text()
    last = text[text.rindex("\nFROM ") :]
    assert text.count("\nFROM docker.io/library/debian:12") == 2
    assert re.findall(r"^EXPOSE (.*)$", last, re.MULTILINE) == ["7555"]
    assert re.findall(r"^USER (.*)$", last, re.MULTILINE) == ["7555"]
    assert "\nVOLUME /var/lib/xgrid\n" in last and ".sock" not in text
    # Everything that the build needs is named in scripts/setup.
    needed = set(re.findall(r"[a-z0-9+.-]+-dev\b", text))
    assert needed <= set(re.findall(r"^    (\S+)", (SCRIPTS / "setup").read_text(), re.MULTILINE))
