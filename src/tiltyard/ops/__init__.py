"""Running as a process: signals and logs."""
