"""The wheel as a stranger installs it: complete, and able to work outside the repository."""

import json
import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from monitor import __version__
from monitor.demo import SampleServer, prepare

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Installed:
    """The product in an environment of its own, with nothing of the repository in its path."""

    wheel: Path
    folder: Path

    def run(self, *command: str, cwd: Path) -> subprocess.CompletedProcess[str]:
        """Run the installed `monitor`, or another program of its environment."""
        # TZ keeps the reading of a digest's local time away from this machine's settings.
        environ = {"PATH": os.defpath, "HOME": str(cwd), "TZ": "UTC", "LC_ALL": "C.UTF-8"}
        return subprocess.run(
            [self.folder / "bin" / command[0], *command[1:]],
            cwd=cwd,
            env=environ,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=60,
            check=False,
        )


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", folder],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (wheel,) = folder.glob("*.whl")
    venv.create(folder / "venv", symlinks=True, with_pip=False)
    python = folder / "venv" / "bin" / "python"
    subprocess.run(
        [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-deps",
         "--no-index", "--no-compile", "--disable-pip-version-check", wheel],
        check=True,
    )  # fmt: skip
    # The dependencies come from this environment; its own editable copy does not, since .pth files
    # in a folder that a .pth names are not read.
    site = next((folder / "venv").glob("lib/python*/site-packages"))
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return Installed(wheel, folder / "venv")


def test_the_wheel_holds_every_file_of_the_package(installed: Installed) -> None:
    with zipfile.ZipFile(installed.wheel) as archive:
        inside = set(archive.namelist())
    expected = {"monitor/shipped/config.toml", "monitor/py.typed"}
    expected |= {
        file.relative_to(ROOT).as_posix()
        for file in (ROOT / "monitor").rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }
    expected |= {
        f"monitor/shipped/templates/{file.name}" for file in (ROOT / "templates").iterdir()
    }
    assert expected <= inside, sorted(expected - inside)
    assert not {name.partition("/")[0] for name in inside} - {
        "monitor",
        f"news_monitor-{__version__}.dist-info",
    }
    assert f"news_monitor-{__version__}.dist-info/licenses/LICENSE" in inside


def test_the_installed_package_is_the_one_that_runs(installed: Installed, tmp_path: Path) -> None:
    where = installed.run("python", "-c", "import monitor; print(monitor.__file__)", cwd=tmp_path)
    assert where.stdout.startswith(str(installed.folder))
    version = installed.run("monitor", "--version", cwd=tmp_path)
    assert (version.returncode, version.stdout) == (0, f"monitor {__version__}\n")


def test_the_shipped_configuration_is_accepted(installed: Installed, tmp_path: Path) -> None:
    (shipped,) = installed.folder.glob("lib/python*/site-packages/monitor/shipped/config.toml")
    (tmp_path / "config.toml").write_bytes(shipped.read_bytes())
    check = installed.run("monitor", "check", cwd=tmp_path)
    assert check.returncode == 0, check.stderr
    assert "5 topics" in check.stdout


def test_sample_news_travels_from_poll_to_digest(installed: Installed, tmp_path: Path) -> None:
    with SampleServer(datetime.now(UTC)) as sample:
        config = prepare(tmp_path / "demo", sample.url)
        poll = installed.run("monitor", "poll", "--json", "--config", str(config), cwd=tmp_path)
    assert poll.returncode == 0, poll.stderr
    report = json.loads(poll.stdout)
    assert (report["feeds"], report["failed"], report["errors"]) == (8, 0, [])
    assert report["articles_new"] > 50
    preview = installed.run(
        "monitor", "digest", "preview", "--since", "all", "--config", str(config), cwd=tmp_path
    )
    assert (preview.returncode, preview.stderr) == (0, "")
    assert "Kuaishou's Kling 4 keeps a face for two minutes" in preview.stdout
    assert "云间科技" in preview.stdout
    assert "Klingon" not in preview.stdout
