"""A service that does not accept, more clients than its queue holds, and then it waits in peace."""

import os
import socket
import sys

service = socket.socket()
service.bind(("127.0.0.1", 8443))
service.listen(4096)
for _ in range(60):
    client = socket.socket()
    client.settimeout(0.05)
    try:
        client.connect(("127.0.0.1", 8443))
    except TimeoutError:
        pass
    client.close()
service.setblocking(False)
try:
    while True:
        service.accept()[0].close()
except BlockingIOError:
    pass
if os.fork():
    sys.exit()
# The service lives on; what it dropped is found on it.
os.setsid()
signals = __import__("signal")
signals.pause()
