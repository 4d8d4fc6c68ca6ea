"""`python -m tiltyard` is the `tiltyard` command."""

from tiltyard.cli.main import main

if __name__ == "__main__":
    main()
