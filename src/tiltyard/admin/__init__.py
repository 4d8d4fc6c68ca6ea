"""The admin API on a port of its own. The server's thread imports what is slow."""

from tiltyard.admin.server import AdminOptions, AdminServer, TlsFiles

__all__ = ["AdminOptions", "AdminServer", "TlsFiles"]
