"""The front door: sets Backpath up on a machine with nothing but Python, and shows a first result.

    python3 start.py          environment, pinned libraries, today's pathway against two others, a report
    python3 start.py test     the same set-up, then the whole test suite
    python3 start.py docs     the documentation as a site in results/site

Only the standard library is used here, in the words of old Pythons, so that even a machine that cannot run
Backpath is told why.
"""

import hashlib
import os
import shutil
import subprocess
import sys

NEEDED = (3, 11)
DISK_NEEDED_GB = 2.0
HERE = os.path.dirname(os.path.abspath(__file__))
ENVIRONMENT = os.path.join(HERE, ".venv")
REPORT = os.path.join(HERE, "results", "first-look")
CHECKS = [["ruff", "check", "."], ["ruff", "format", "--check", "."], ["mypy"]]
SITE_COMMAND = ["sphinx", "--fail-on-warning", "--keep-going", "--fresh-env", "--quiet", "-c", "docs", "."]
SITE = os.path.join(HERE, "results", "site")
PINS = {
    "run": ["requirements.txt"],
    "docs": ["requirements.txt", "requirements-docs.txt"],
    "test": ["requirements.txt", "requirements-docs.txt", "requirements-test.txt"],
}


def main(arguments):
    """Runs what the arguments ask for; returns the exit code."""
    if arguments not in ([], ["test"], ["docs"]):
        return say("Use 'python3 start.py', 'python3 start.py test' or 'python3 start.py docs'.", code=2)
    kind = arguments[0] if arguments else "run"
    problem = too_old() or no_venv() or too_full()
    if problem:
        return say(problem, code=1)
    code = set_up(kind)
    if code:
        return code
    return {"run": first_look, "test": run_tests, "docs": write_site}[kind]()


def say(text, code=0):
    """Prints a line for the reader."""
    print(text, flush=True)
    return code


def too_old():
    """What to say where Python is too old."""
    if sys.version_info >= NEEDED:
        return ""
    return (
        "Backpath needs Python %d.%d or newer, and this is %d.%d. Install a newer Python (python.org/downloads), "
        "then run this again with it, for example: python3.12 start.py" % (NEEDED + tuple(sys.version_info[:2]))
    )


def no_venv():
    """What to say where Python came without the venv module."""
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        return (
            "This Python cannot make environments: the venv module is missing. On Debian or Ubuntu install it with "
            "'sudo apt install python3-venv', then run this again."
        )
    return ""


def too_full():
    """What to say where the disk is full."""
    if is_ready("run"):
        return ""
    free = shutil.disk_usage(HERE).free / 1e9
    if free >= DISK_NEEDED_GB:
        return ""
    return (
        "The disk is nearly full: %.1f GB are free in %s, and about %.0f GB are needed. Make room, then run this again."
        % (
            free,
            HERE,
            DISK_NEEDED_GB,
        )
    )


def python():
    """The environment's own Python."""
    folder = "Scripts" if os.name == "nt" else "bin"
    return os.path.join(ENVIRONMENT, folder, "python.exe" if os.name == "nt" else "python")


def stamp(kind):
    """The file that says which libraries the environment has, and what it must say."""
    digest = hashlib.sha256(sys.version.encode())
    for name in ["pyproject.toml"] + PINS[kind]:
        with open(os.path.join(HERE, name), "rb") as file:
            digest.update(file.read())
    return os.path.join(ENVIRONMENT, ".ready-" + kind), digest.hexdigest()


def is_ready(kind):
    """Whether the environment was set up from these very pins."""
    path, wanted = stamp(kind)
    try:
        with open(path) as file:
            return file.read() == wanted and os.path.exists(python())
    except OSError:
        return False


def set_up(kind):
    """Makes the environment and installs the pinned libraries, unless that has been done; returns an exit code."""
    if is_ready(kind):
        return 0
    say("Setting up in %s. This is done once and takes a minute or two." % ENVIRONMENT)
    try:
        made = os.path.join(ENVIRONMENT, ".made")  # written last: an environment without it was left half made
        if not os.path.exists(made) or not os.path.exists(python()):
            import venv

            say("  1 of 3: making an environment")
            venv.EnvBuilder(with_pip=True, clear=True).create(ENVIRONMENT)
            open(made, "w").close()
        say("  2 of 3: installing pinned libraries")
        pins = [argument for name in PINS[kind] for argument in ("-r", name)]
        code = pip("install", *pins) or pip("install", "--no-deps", "--editable", ".")
    except (OSError, subprocess.CalledProcessError) as error:
        return say("The environment could not be made: %s" % (error,), code=1)
    if code:
        return code
    path, content = stamp(kind)
    with open(path, "w") as file:
        file.write(content)
    return 0


def pip(*arguments):
    """Runs pip; on failure explains what can be explained. Returns an exit code."""
    command = [python(), "-m", "pip", "--disable-pip-version-check", "--quiet", "--no-input"]
    done = subprocess.run(command + list(arguments), cwd=HERE, stderr=subprocess.PIPE, universal_newlines=True)
    if done.returncode == 0:
        return 0
    words = done.stderr
    if "No space left" in words or "Errno 28" in words:
        return say(
            "The disk is full: the libraries did not fit. Make about %.0f GB of room, then run this again."
            % DISK_NEEDED_GB,
            code=1,
        )
    offline = (
        "NewConnectionError",
        "Failed to establish",
        "Name or service not known",
        "Temporary failure in name resolution",
        "Connection refused",
        "Could not fetch URL",
        "ProxyError",
        "ConnectTimeout",
        "No matching distribution found",
    )
    if any(sign in words for sign in offline):
        return say(
            "The libraries could not be fetched. Setting up needs the network once; after that Backpath works without it. "
            "Check the connection (or your organisation's proxy), then run this again.\n%s" % last_line(words),
            code=1,
        )
    return say("Installing failed:\n%s" % words.strip(), code=1)


def last_line(words):
    """The last line that says something."""
    lines = [line.strip() for line in words.splitlines() if line.strip()]
    return lines[-1] if lines else ""


def first_look():
    """The main job: a decision table on screen and a report beside it."""
    report = os.path.join(REPORT, "report.html")
    say("Simulating usual care, MRI guidance and physio first in the demonstration area (made-up people and places).")
    say("The first run on a machine also compiles the engine: about half a minute more.")
    if os.path.isdir(REPORT):
        shutil.rmtree(REPORT)
    command = [python(), "-m", "ui.command_line", "compare", "mri_guidance", "physio_first", "--out", REPORT]
    code = subprocess.call(command, cwd=HERE)
    if code:
        return code
    tool = os.path.join(os.path.dirname(python()), "backpath")
    say("")
    say("Report: %s" % report)
    say("Next: open the app with   %s app" % os.path.relpath(tool))
    return 0


def run_tests():
    """Lint, types and the whole test suite; returns the first exit code that is not zero."""
    for arguments in CHECKS + [["pytest", "-n", "auto"]]:
        say("== %s" % " ".join(arguments))
        code = subprocess.call([python(), "-m"] + arguments, cwd=HERE)
        if code:
            return code
    return 0


def write_site():
    """The documentation as a site; a warning fails it."""
    code = subprocess.call([python(), "-m"] + SITE_COMMAND + [SITE], cwd=HERE)
    return code or say("Site: %s" % os.path.join(SITE, "index.html"))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
