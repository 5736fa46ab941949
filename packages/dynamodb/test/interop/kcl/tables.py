"""DynamoDB by moto, on a port of 127.0.0.1. It answers one request at a time, since moto's conditional writes lock nothing, and ends when its
standard input does."""
import os
import sys
import threading

from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server

application = DomainDispatcherApplication(create_backend_app)
turn = threading.Lock()


def one_at_a_time(environ, start_response):
    with turn:
        return list(application(environ, start_response))


class Handler(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log(self, *_):
        """Requests are not logged."""


def end_with_input():
    while sys.stdin.buffer.read(4096):
        pass
    os._exit(0)


threading.Thread(target=end_with_input, daemon=True).start()
make_server("127.0.0.1", int(sys.argv[1]), one_at_a_time, threaded=True, request_handler=Handler).serve_forever()
