"""The front door: what `bootstrap.py` installs, when it does not, what it says, and how it ends."""

from __future__ import annotations

import ast
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

import bootstrap
from bootstrap import House, SetupError, Tools

SOURCE = Path(bootstrap.__file__)
PYPROJECT = """\
[build-system]
requires = ["builder==1"]
[project]
name = "project"
[tool.linter]
width = 100
"""


class Terminal(io.StringIO):
    """What is written to a terminal."""

    def isatty(self) -> bool:
        return True


class Machine:
    """A machine on which nothing is really installed: it makes the files that tell what was."""

    def __init__(self, house: House, out: io.StringIO | None = None) -> None:
        self.house = house
        self.out = out or io.StringIO()
        self.now = 100.0
        self.done: list[str] = []
        self.pip_says = ["Collecting robot==7.5", "Installing collected packages: robot"]
        self.pip_code = 0
        self.ran: list[tuple[Sequence[str], Path, Mapping[str, str]]] = []
        self.on_run: Callable[[], int] = lambda: 0

    def tools(self, **environ: str) -> Tools:
        return Tools(self.create, self.pip, self.run, lambda: self.now, self.out, environ)

    def create(self, path: Path) -> None:
        self.done.append("create")
        shutil.rmtree(path, ignore_errors=True)
        self.house.bin.mkdir(parents=True)
        self.house.command("python").touch()

    def pip(
        self,
        command: Sequence[str],
        folder: Path,
        on_line: Callable[[str], None],
        on_tick: Callable[[], None],
    ) -> int:
        self.done.append(f"pip {command[-1]}")
        assert folder == self.house.root
        for line in self.pip_says:
            self.now += 1
            on_line(line)
            on_tick()
        if not self.pip_code:
            for name in ("robot", "pabot", "inv"):
                self.house.command(name).touch()
            library = "Lib" if os.name == "nt" else "lib/python3.99"
            (self.house.venv / library / "site-packages" / "robot-7.5.dist-info").mkdir(parents=True, exist_ok=True)
        return self.pip_code

    def run(self, command: Sequence[str], folder: Path, environ: Mapping[str, str]) -> int:
        self.ran.append((command, folder, environ))
        return self.on_run()

    def said(self) -> str:
        return self.out.getvalue()


@pytest.fixture
def house(tmp_path: Path) -> House:
    root = tmp_path / "a folder with spaces"
    root.mkdir()
    (root / "pyproject.toml").write_text(PYPROJECT)
    (root / "requirements.txt").write_text("robot==7.5\n")
    (root / "requirements-dev.txt").write_text("-r requirements.txt\nlinter==1\n")
    return House(root)


@pytest.fixture
def machine(house: House) -> Machine:
    return Machine(house)


def again(house: House, level: str = "runtime") -> list[str]:
    """What a further call does on the same folder."""
    machine = Machine(house)
    bootstrap.set_up(house, level, machine.tools())
    return machine.done


# What is installed, and when


def test_the_first_call_makes_an_environment_and_installs_the_requirements(house: House, machine: Machine) -> None:
    bootstrap.set_up(house, "runtime", machine.tools())
    assert machine.done == ["create", "pip requirements.txt"]
    assert house.stamp.is_file()
    assert not house.unfinished.exists()


def test_the_second_call_does_nothing_and_says_nothing(house: House, machine: Machine) -> None:
    bootstrap.set_up(house, "runtime", machine.tools())
    second = Machine(house)
    bootstrap.set_up(house, "runtime", second.tools())
    assert second.done == []
    assert second.said() == ""


def test_the_developers_tools_are_added_to_what_is_there(house: House, machine: Machine) -> None:
    bootstrap.set_up(house, "runtime", machine.tools())
    assert again(house, "dev") == ["pip requirements-dev.txt"]
    assert again(house, "dev") == []
    assert again(house, "runtime") == []


def test_one_call_for_developers_serves_everyone(house: House) -> None:
    assert again(house, "dev") == ["create", "pip requirements-dev.txt"]
    assert again(house, "runtime") == []


def test_changed_requirements_are_installed_into_the_same_environment(house: House, machine: Machine) -> None:
    bootstrap.set_up(house, "dev", machine.tools())
    (house.root / "requirements.txt").write_text("robot==7.6\n")
    assert again(house, "runtime") == ["pip requirements.txt"]
    assert again(house, "dev") == ["pip requirements-dev.txt"]


def test_a_changed_developers_tool_is_no_reason_to_install_for_a_smoke_run(house: House, machine: Machine) -> None:
    bootstrap.set_up(house, "dev", machine.tools())
    (house.root / "requirements-dev.txt").write_text("-r requirements.txt\nlinter==2\n")
    assert again(house, "runtime") == []
    assert again(house, "dev") == ["pip requirements-dev.txt"]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("width = 100", "width = 110", []),
        ("builder==1", "builder==2", ["pip requirements.txt"]),
        ('name = "project"', 'name = "renamed"', ["pip requirements.txt"]),
    ],
)
def test_only_what_builds_the_package_counts_in_pyproject(
    house: House, machine: Machine, old: str, new: str, expected: list[str]
) -> None:
    bootstrap.set_up(house, "runtime", machine.tools())
    (house.root / "pyproject.toml").write_text(PYPROJECT.replace(old, new))
    assert again(house) == expected


# An environment that can't be trusted is made anew


def test_a_moved_environment_is_made_anew(house: House, machine: Machine, tmp_path: Path) -> None:
    bootstrap.set_up(house, "runtime", machine.tools())
    moved = House(house.root.rename(tmp_path / "elsewhere"))
    assert again(moved) == ["create", "pip requirements.txt"]


def test_an_environment_of_another_python_is_made_anew(house: House, machine: Machine) -> None:
    bootstrap.set_up(house, "runtime", machine.tools())
    stamp = json.loads(house.stamp.read_text())
    house.stamp.write_text(json.dumps({**stamp, "home": [stamp["home"][0], "cpython-310"]}))
    assert again(house) == ["create", "pip requirements.txt"]


@pytest.mark.parametrize("name", ["python", "robot", "pabot", "inv"])
def test_an_environment_that_lost_a_command_is_made_anew(house: House, machine: Machine, name: str) -> None:
    bootstrap.set_up(house, "runtime", machine.tools())
    house.command(name).unlink()
    assert again(house) == ["create", "pip requirements.txt"]


@pytest.mark.skipif(os.name == "nt", reason="Windows copies Python into an environment")
def test_an_environment_whose_python_was_uninstalled_is_made_anew(house: House, machine: Machine) -> None:
    bootstrap.set_up(house, "runtime", machine.tools())
    house.command("python").unlink()
    house.command("python").symlink_to(house.root / "gone")
    assert again(house) == ["create", "pip requirements.txt"]


@pytest.mark.parametrize("text", ["", "{", "[]", "null"])
def test_an_unreadable_stamp_counts_as_none(house: House, machine: Machine, text: str) -> None:
    bootstrap.set_up(house, "runtime", machine.tools())
    house.stamp.write_text(text)
    assert again(house) == ["create", "pip requirements.txt"]


def test_a_failed_installation_leaves_no_stamp_and_is_begun_anew(house: House, machine: Machine) -> None:
    machine.pip_code = 1
    with pytest.raises(SetupError):
        bootstrap.set_up(house, "runtime", machine.tools())
    assert not house.stamp.exists()
    assert again(house) == ["create", "pip requirements.txt"]


def test_a_failed_upgrade_takes_the_old_stamp_away(house: House, machine: Machine) -> None:
    bootstrap.set_up(house, "runtime", machine.tools())
    machine.pip_code = 1
    with pytest.raises(SetupError):
        bootstrap.set_up(house, "dev", machine.tools())
    assert not house.stamp.exists()
    assert again(house) == ["create", "pip requirements.txt"]


def test_an_installation_that_is_killed_is_begun_anew(house: House, machine: Machine) -> None:
    bootstrap.set_up(house, "runtime", machine.tools())
    house.unfinished.write_text(house.stamp.read_text())  # as a kill between the last two steps leaves it
    assert again(house) == ["create", "pip requirements.txt"]


def test_two_calls_at_once_do_the_work_once(house: House) -> None:
    first, second = Machine(house), Machine(house)
    begun, go_on = threading.Event(), threading.Event()

    def slow_create(path: Path) -> None:
        begun.set()
        assert go_on.wait(10)
        Machine.create(first, path)

    slow = threading.Thread(
        target=bootstrap.set_up, args=(house, "runtime", first.tools()._replace(create=slow_create))
    )
    slow.start()
    assert begun.wait(10)
    threading.Timer(0.1, go_on.set).start()
    bootstrap.set_up(house, "runtime", second.tools())
    slow.join()
    assert first.done == ["create", "pip requirements.txt"]
    assert second.done == []
    assert second.said() == "Another bootstrap is at work on .venv: waiting for it to finish.\n"


# What is said while it installs


def test_a_log_gets_a_plain_line_for_each_package(house: House, machine: Machine) -> None:
    machine.pip_says.insert(1, "  Downloading robot-7.5-py3-none-any.whl (842 kB)")
    bootstrap.set_up(house, "runtime", machine.tools())
    said = machine.said().splitlines()[1:]
    assert said == [
        f"Installing requirements.txt into {house.venv}:",
        "    1 s  collecting robot 7.5",
        "    3 s  installed robot 7.5 (1 of 1)",
        "Installed 1 package in 3 s.",
    ]


def test_a_log_hears_of_a_long_silence(house: House, machine: Machine) -> None:
    progress = bootstrap.Progress(machine.tools())
    progress.news("collecting a large one")
    for _ in range(21):
        machine.now += 1
        progress.tick()
    assert machine.said().splitlines() == [
        "    0 s  collecting a large one",
        "   10 s  still collecting a large one",
        "   20 s  still collecting a large one",
    ]


def test_a_terminal_gets_one_line_that_is_rewritten(house: House) -> None:
    machine = Machine(house, Terminal())
    progress = bootstrap.Progress(machine.tools(COLUMNS="80"))
    progress.news("collecting robot 7.5")
    machine.now += 3
    progress.tick()
    progress.news(f"downloading {'x' * 500}", passing=True)
    progress.end()
    said = machine.said()
    assert "\n" not in said
    first, second, third, *rest = said.split("\r")[1:]
    assert first.rstrip() == "    0 s  collecting robot 7.5"
    assert second.rstrip() == "    3 s  collecting robot 7.5"
    assert len(first) == len(second) == len(third) == shutil.get_terminal_size().columns - 1
    assert [line.strip() for line in rest] == ["", ""]


@pytest.mark.parametrize(
    ("line", "news"),
    [
        (
            "Collecting httpx[brotli]==0.28.1 (from -r requirements.txt (line 12))",
            "collecting httpx[brotli] 0.28.1",
        ),
        ("  Downloading https://index/numpy-2.4.whl (16.1 MB)", "downloading numpy-2.4.whl (16.1 MB)"),
        ("  Downloading numpy-2.4.whl.metadata (6 kB)", ""),
        ("Obtaining file:///somewhere (from -r requirements.txt (line 3))", "preparing the project itself"),
        ("Looking in indexes: https://index/simple", ""),
        ("", ""),
    ],
)
def test_what_pip_says_is_put_for_people(line: str, news: str) -> None:
    assert bootstrap.pip_news(line)[0] == news


# What is said when it goes wrong


@pytest.mark.parametrize(
    ("said", "advice"),
    [
        ("Failed to establish a new connection: [Errno 111] Connection refused", "HTTPS_PROXY"),
        ("Temporary failure in name resolution", "is there a network?"),
        ("ERROR: No matching distribution found for robot==7.5", "PIP_INDEX_URL"),
        ("ProxyError('Cannot connect to proxy.')", "HTTPS_PROXY"),
        ("OSError: [Errno 28] No space left on device", "make room"),
        (
            "ERROR: Package 'x' requires a different Python: 3.15.0 not in '<3.15'",
            "Python 3.11, 3.12 or 3.13",
        ),
        ("error: something nobody thought of", "Mend what pip names above"),
    ],
)
def test_a_failed_installation_shows_pips_last_words_and_what_to_do(
    house: House, machine: Machine, capsys: pytest.CaptureFixture[str], said: str, advice: str
) -> None:
    machine.pip_says = [*(f"line {number}" for number in range(50)), said]
    machine.pip_code = 1
    assert bootstrap.main(["smoke"], house, machine.tools()) == bootstrap.SETUP_FAILED
    told = capsys.readouterr().err
    assert "pip could not install requirements.txt; its last words:" in told
    assert f"    {said}\n" in told
    assert "line 49" in told
    assert "line 30" not in told
    assert advice in told
    assert machine.ran == []


def test_a_python_without_venv_is_told_how_to_get_it(house: House, machine: Machine) -> None:
    with pytest.raises(SetupError, match=r"lacks its module ensurepip.* sudo apt install python3-venv"):
        bootstrap.make_venv(house, machine.tools(), find=lambda name: None if name == "ensurepip" else name)
    assert machine.done == []


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (PermissionError(13, "Permission denied"), r"can't be made: .*Permission denied.*may be written"),
        (
            subprocess.CalledProcessError(1, ["python", "-m", "ensurepip"]),
            r"failed to put pip into .*python3-venv",
        ),
    ],
)
def test_an_environment_that_cannot_be_made_is_one_sentence(
    house: House, machine: Machine, error: Exception, told: str
) -> None:
    def refuse(path: Path) -> None:
        raise error

    with pytest.raises(SetupError, match=told):
        bootstrap.set_up(house, "runtime", machine.tools()._replace(create=refuse))


def test_ctrl_c_while_installing_ends_at_once_and_vouches_for_nothing(
    house: House, machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object) -> int:
        raise KeyboardInterrupt

    code = bootstrap.main(["smoke"], house, machine.tools()._replace(pip=interrupted))
    assert code == bootstrap.INTERRUPTED
    assert "the next call begins anew" in capsys.readouterr().err
    assert again(house) == ["create", "pip requirements.txt"]


# Running the suites


def writes_log(house: House, folder: str = "results", code: int = 0) -> Callable[[], int]:
    """A robot that writes its log and ends with a code."""

    def act() -> int:
        (house.root / folder).mkdir(exist_ok=True)
        (house.root / folder / "log.html").touch()
        return code

    return act


def test_smoke_runs_the_documented_command_and_names_the_log(house: House, machine: Machine) -> None:
    machine.on_run = writes_log(house)
    assert bootstrap.main(["smoke"], house, machine.tools(PATH="/bin")) == 0
    command, folder, environ = machine.ran[0]
    assert command == [str(house.command("robot")), "--include", "smoke", "suites/"]
    assert folder == house.root
    assert environ["ROBOT_OPTIONS"] == "--outputdir results"
    assert environ["PATH"] == os.pathsep.join([str(house.bin), "/bin"])
    log = (house.root / "results" / "log.html").resolve()
    assert "Running: robot --include smoke suites/\n" in machine.said()
    assert machine.said().endswith(f"  {log}\n  {log.as_uri()}\n")
    assert "a%20folder%20with%20spaces" in log.as_uri()


def test_the_health_page_is_written_beside_the_log_when_its_address_was_told(house: House, machine: Machine) -> None:
    said: list[str] = []

    def run() -> int:
        said.append(machine.said())
        return writes_log(house)()

    machine.on_run = run
    bootstrap.main(["smoke"], house, machine.tools(PATH="/bin"))
    [_, (command, folder, environ)] = machine.ran
    page = (house.root / "results" / "health.html").resolve()
    assert command == [str(house.command("observatory")), "health", "--output", str(page)]
    assert folder == house.root
    assert environ["PATH"] == os.pathsep.join([str(house.bin), "/bin"])
    assert "Open the log" in said[1]


def test_a_health_page_that_fails_changes_nothing(house: House, machine: Machine) -> None:
    codes = iter([3, 1])
    machine.on_run = lambda: (writes_log(house)(), next(codes))[1]
    assert bootstrap.main(["smoke"], house, machine.tools()) == 3


def test_a_health_page_that_cannot_be_begun_is_one_line(house: House, machine: Machine) -> None:
    def run(command: Sequence[str], folder: Path, environ: Mapping[str, str]) -> int:
        if "health" in command:
            raise FileNotFoundError(2, "No such file or directory", command[0])
        return writes_log(house)()

    assert bootstrap.main(["smoke"], house, machine.tools()._replace(run=run)) == 0
    last = machine.said().splitlines()[-1]
    assert last.startswith("The health page was not written: [Errno 2] No such file or directory:")


def test_without_a_log_there_is_nothing_new_for_the_health_page(house: House, machine: Machine) -> None:
    machine.on_run = lambda: 252
    bootstrap.main(["smoke"], house, machine.tools())
    assert len(machine.ran) == 1


@pytest.mark.parametrize("code", [0, 1, 7, 250, 252, 255])
def test_the_exit_code_is_robots(house: House, machine: Machine, code: int) -> None:
    machine.on_run = writes_log(house, code=code)
    assert bootstrap.main(["regression"], house, machine.tools()) == code


def test_options_go_on_to_robot(house: House, machine: Machine) -> None:
    bootstrap.main(["smoke", "--variable", "TARGET:live"], house, machine.tools())
    assert machine.ran[0][0][1:] == ["--include", "smoke", "--variable", "TARGET:live", "suites/"]


def test_a_log_of_an_earlier_run_is_not_named(house: House, machine: Machine) -> None:
    writes_log(house)()
    os.utime(house.root / "results" / "log.html", (1, 1))
    machine.on_run = lambda: 252
    assert bootstrap.main(["smoke"], house, machine.tools()) == 252
    assert "Open the log" not in machine.said()
    assert "Robot wrote no " in machine.said()


@pytest.mark.parametrize("options", [["--outputdir", "elsewhere"], ["--outputdir=elsewhere"], ["-d", "elsewhere"]])
def test_the_log_is_named_where_the_options_put_it(house: House, machine: Machine, options: list[str]) -> None:
    machine.on_run = writes_log(house, "elsewhere")
    bootstrap.main(["smoke", *options], house, machine.tools())
    assert str(Path("elsewhere") / "log.html") in machine.said()


def test_robot_options_of_ones_own_are_kept_and_win(house: House, machine: Machine) -> None:
    machine.on_run = writes_log(house, "mine")
    bootstrap.main(["smoke"], house, machine.tools(ROBOT_OPTIONS="--outputdir mine --loglevel DEBUG"))
    environ = machine.ran[0][2]
    assert environ["ROBOT_OPTIONS"] == "--outputdir results --outputdir mine --loglevel DEBUG"
    assert str(Path("mine") / "log.html") in machine.said()


# The other words


def test_the_word_test_installs_the_tools_and_runs_every_gate(house: House, machine: Machine) -> None:
    machine.on_run = lambda: 3
    assert bootstrap.main(["test"], house, machine.tools()) == 3
    assert machine.done == ["create", "pip requirements-dev.txt"]
    [(command, folder, _)] = machine.ran
    assert command == [str(house.command("python")), "-m", "invoke", "test"]
    assert folder == house.root


@pytest.mark.parametrize(("options", "requirements"), [([], "requirements.txt"), (["--dev"], "requirements-dev.txt")])
def test_the_word_setup_runs_nothing_and_says_how_to_go_on(
    house: House, machine: Machine, options: list[str], requirements: str
) -> None:
    assert bootstrap.main(["setup", *options], house, machine.tools()) == 0
    assert machine.done == ["create", f"pip {requirements}"]
    assert machine.ran == []
    assert "activate" in machine.said()


@pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"], ["help"]])
def test_help_installs_nothing(house: House, machine: Machine, arguments: list[str]) -> None:
    assert bootstrap.main(arguments, house, machine.tools()) == 0
    assert machine.said().startswith("usage: python3 bootstrap.py WORD")
    assert machine.done == []


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["smok"], "There is no 'smok': say smoke, regression, test, setup or --help."),
        (["test", "--fast"], "'test' does not take --fast"),
        (["setup", "--prod"], "'setup' does not take --prod"),
    ],
)
def test_a_wrong_word_is_told_and_does_nothing(
    house: House, machine: Machine, capsys: pytest.CaptureFixture[str], arguments: list[str], told: str
) -> None:
    assert bootstrap.main(arguments, house, machine.tools()) == bootstrap.SETUP_FAILED
    assert told in capsys.readouterr().err
    assert machine.done == []


# On the real machine, without a network


def test_commands_see_the_environment_as_if_it_were_activated(house: House) -> None:
    environ = bootstrap.activated(house, {"PATH": "/bin", "PYTHONHOME": "/usr", "HOME": "/home/me"})
    path = os.pathsep.join([str(house.bin), "/bin"])
    assert environ == {"PATH": path, "HOME": "/home/me", "VIRTUAL_ENV": str(house.venv)}


def test_pips_lines_come_as_they_are_written_and_its_code_comes_back(tmp_path: Path) -> None:
    lines: list[str] = []
    script = "import sys; print('one'); print('zwölf', file=sys.stderr); sys.exit(3)"
    code = bootstrap.run_pip([sys.executable, "-c", script], tmp_path, lines.append, lambda: None)
    assert code == 3
    assert sorted(lines) == ["one\n", "zwölf\n"]


def test_a_quiet_pip_lets_the_time_be_seen(tmp_path: Path) -> None:
    ticks: list[int] = []
    script = "import time; time.sleep(0.5)"
    bootstrap.run_pip([sys.executable, "-c", script], tmp_path, lambda _: None, lambda: ticks.append(1))
    assert len(ticks) >= 2


def test_a_command_gives_its_exit_code(tmp_path: Path) -> None:
    assert bootstrap.run([sys.executable, "-c", "raise SystemExit(7)"], tmp_path, os.environ) == 7


@pytest.mark.skipif(os.name == "nt", reason="Windows has no signals to die of")
def test_a_killed_command_gives_the_code_that_a_shell_would(tmp_path: Path) -> None:
    script = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    assert bootstrap.run([sys.executable, "-c", script], tmp_path, os.environ) == 128 + signal.SIGKILL


def test_nothing_but_the_standard_library_is_needed() -> None:
    command = [sys.executable, "-I", "-S", str(SOURCE), "--help"]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    assert answer.stdout.startswith("usage:")


def test_an_older_python_is_told_so_in_one_sentence() -> None:
    pretend = (
        "import runpy, sys; sys.version_info = (3, 10, 4, 'final', 0);"
        f"runpy.run_path({str(SOURCE)!r}, run_name='__main__')"
    )
    answer = subprocess.run([sys.executable, "-c", pretend], capture_output=True, text=True, check=False)
    assert answer.returncode == 254
    assert answer.stdout == ""
    assert answer.stderr.count("\n") == 1
    assert "needs Python 3.11 or newer, and this is Python 3.10" in answer.stderr


def test_an_older_python_can_read_the_file_that_tells_it() -> None:
    tree = ast.parse(SOURCE.read_text("utf-8"), feature_version=(3, 7))
    before_the_check = [node for node in tree.body[:2] if isinstance(node, ast.Import)]
    assert [alias.name for node in before_the_check for alias in node.names] == ["sys"]
    assert isinstance(tree.body[2], ast.If)
