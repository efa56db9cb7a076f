#!/usr/bin/env python
"""The door to every command: `python manage.py help`."""

import sys

from sasebridge.environment import prepare


def main() -> None:
    prepare(sys.argv)
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
