"""DynamoDB as moto has it, on a port of 127.0.0.1, until standard input ends.

Requests take turns: moto has no locks, so that of two conditional writes at once both could succeed.
"""
import os
import sys
import threading

from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server


class Handler(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log(self, *_):
        pass


def in_turns(application):
    lock = threading.Lock()

    def respond(environ, start_response):
        with lock:
            return [b"".join(application(environ, start_response))]

    return respond


server = make_server(
    "127.0.0.1",
    int(sys.argv[1]),
    in_turns(DomainDispatcherApplication(create_backend_app)),
    threaded=True,
    request_handler=Handler,
)
threading.Thread(target=server.serve_forever, daemon=True).start()
while os.read(0, 4096):
    pass
