"""A project and libraries of its own making, in a folder that the interpreter takes for the user's site-packages."""

import json
import subprocess
import sys

import driver

# Says what was there before the project had imported anything.
CONFTEST = """
import json, os, sys
with open(os.path.join(os.path.dirname(__file__), "there.json"), "w") as file:
    json.dump([name for name in sys.modules if name.startswith("lib_")], file)
"""


FEW_ARE_ENOUGH = ("server", "len(modules) < WORTHWHILE", "not modules")


class Libraries:
    def __init__(self, project, folder):
        self.project = project
        self.env = {"PYTHONUSERBASE": str(folder)}
        self.cache = folder / "cache"
        where = [sys.executable, "-c", "import site; print(site.getusersitepackages())"]
        output = subprocess.check_output(where, env={**driver.os.environ, **self.env})
        self._site = driver.pathlib.Path(output.decode().strip())
        self._site.mkdir(parents=True)
        project.write("conftest.py", CONFTEST)

    def write(self, **sources):
        """Libraries by name; the project imports all of them, in that order."""
        for name, source in sources.items():
            self.project.write("../%s.py" % name, source).replace(self._site / (name + ".py"))
        imports = "".join("import %s\n" % name for name in sources)
        self.project.write("test_a.py", imports + "def test_a(): pass\n")

    def run(self, *args, changed=(), **more):
        """One slot of a new warm interpreter; the slot, when it has ended."""
        interpreter = driver.Interpreter(
            self.project,
            env=self.env,
            changed=[FEW_ARE_ENOUGH, *changed],
            cache=self.cache,
        )
        try:
            slot = interpreter.slot(self.project, *args, **more).run_all()
            assert slot.finish() == 0
            assert set(slot.verdicts().values()) == {"passed"}, slot.done()
        finally:
            interpreter.close()
        return slot

    def there(self):
        """Which were there when the last slot's conftest was imported."""
        return json.loads((self.project.path / "there.json").read_text())

    def file(self):
        (path,) = self.cache.glob("imports/*")
        return path

    def learnt(self):
        return json.loads(self.file().read_text())
