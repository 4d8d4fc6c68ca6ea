"""The `tiltyard` command. Each subcommand is a module, imported when it is called."""
