"""From a fresh machine to the running program: installs it into .venv beside this folder and starts it.

    python3 packaging/bootstrap.py demo      the whole way on sample data, a table at the end
    python3 packaging/bootstrap.py run       opens the window
    python3 packaging/bootstrap.py test      style, types and tests
    python3 packaging/bootstrap.py install   only installs

Everything after the command is passed on (to pytest with `test`). Needs nothing but Python 3.11 or newer. This file must stay
readable for older versions, so that they get the sentence below and no syntax error; the work is in the files it imports.
"""

import os
import subprocess
import sys

OLDEST = (3, 11)
COMMANDS = ("demo", "run", "test", "install")


def check_python() -> None:
    """Ends the program with a plain sentence when this Python is too old."""
    if sys.version_info < OLDEST:
        have = ".".join(str(part) for part in sys.version_info[:2])
        sys.exit(
            "This is Python " + have + ", and the program needs Python 3.11 or newer.\n"
            "Install one from python.org or with your system's package manager, and start again with it, for example:\n"
            "    python3.12 packaging/bootstrap.py demo"
        )


def main() -> int:
    """Runs one command; returns the exit status. Named trouble is printed in plain words."""
    check_python()
    sys.dont_write_bytecode = True
    from installing import Trouble

    arguments = sys.argv[1:]
    if not arguments or arguments[0] in ("-h", "--help"):
        print(__doc__)
        return 0 if arguments else 2
    if arguments[0] not in COMMANDS:
        print("“" + arguments[0] + "” is not a command. Use one of: " + ", ".join(COMMANDS), file=sys.stderr)
        return 2
    try:
        return perform(arguments[0], arguments[1:])
    except Trouble as trouble:
        print("\n" + str(trouble), file=sys.stderr)
        return 1
    except OSError as error:
        print("\nThat did not work: " + str(error), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped. The same command goes on from here.", file=sys.stderr)
        return 130


def perform(command: str, rest: "list[str]") -> int:
    from checking import run_checks
    from installing import ensure_installed
    from qt_libraries import require_qt

    python = ensure_installed(dev=command == "test")
    if command == "install":
        print("The program is installed. Open the window with: python3 packaging/bootstrap.py run")
        return 0
    if command == "test":
        require_qt(python, window=False)
        return run_checks(python, rest)
    if command == "run" or "--gui" in rest:
        require_qt(python, window=True)
    subcommand = "gui" if command == "run" else command
    # -P: nothing in the folder that the user is in may stand in for a module of the program.
    return hand_over([str(python), "-P", "-m", "tlstudio", subcommand, *rest])


def hand_over(command: "list[str]") -> int:
    """Starts the program in place of this one where the system can do that, so that Ctrl+C reaches it alone."""
    sys.stdout.flush()
    sys.stderr.flush()
    if os.name == "posix":
        os.execv(command[0], command)
    return subprocess.call(command)


if __name__ == "__main__":
    sys.exit(main())
