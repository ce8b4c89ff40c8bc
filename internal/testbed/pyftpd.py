"""Serves a folder read-only to anonymous users: ROOT PORT gmt|local UID."""
import os
import sys

from pyftpdlib.authorizers import DummyAuthorizer
from pyftpdlib.handlers import FTPHandler
from pyftpdlib.servers import FTPServer

root, port, times, uid = sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4])


class Handler(FTPHandler):
    authorizer = DummyAuthorizer()
    use_gmt_times = times == "gmt"
    unicode_errors = "surrogateescape"  # names are bytes, not text


Handler.authorizer.add_anonymous(root)
server = FTPServer(("127.0.0.1", port), Handler)
os.setgroups([])
os.setgid(uid)
os.setuid(uid)
server.serve_forever()
