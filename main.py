"""Start Glassbox: the window without arguments or with a path, a command with one of its verbs."""

from viewer.app import main

if __name__ == "__main__":
    raise SystemExit(main())
