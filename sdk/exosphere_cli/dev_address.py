"""Where `exosphere dev` listens, and how this machine calls that address."""

import errno
import ipaddress
import socket

from exosphere_core.errors import ConfigurationError


def free_port(host: str, port: int) -> int:
    """Return the port if nobody listens there; for 0 one that is free.

    Asked before anything is started, so that a state manager that runs already is
    not taken for the one that is being started.

    Raises:
        ConfigurationError: the port is in use, or the host is no address of this machine.
    """
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            # As the server does: a port whose last connections are still closing is free.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            found: int = probe.getsockname()[1]
            return found
    except OSError as refused:
        if refused.errno == errno.EADDRINUSE:
            raise ConfigurationError(
                f"port {port} of {host} is in use (by another `exosphere dev`?); stop that program, or choose another "
                f"port: --port {port + 1 if port < 65535 else port - 1}"
            ) from None
        raise ConfigurationError(f"can't listen on {host}, port {port}: {refused.strerror or refused}") from None


def local_uri(host: str, port: int) -> str:
    """Return the URI at which this machine reaches a server that listens on a host."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return f"http://{host}:{port}"
    if address.is_unspecified:
        return f"http://{'127.0.0.1' if address.version == 4 else '[::1]'}:{port}"
    return f"http://{host if address.version == 4 else f'[{host}]'}:{port}"
