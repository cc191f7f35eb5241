"""One file a command: flags, calls, printing."""
