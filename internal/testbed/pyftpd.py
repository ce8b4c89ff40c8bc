"""Serves a folder read-only to anonymous users: ROOT PORT gmt|local UID."""
import os
import sys

from pyftpdlib.authorizers import DummyAuthorizer
from pyftpdlib.handlers import FTPHandler, asynchat
from pyftpdlib.servers import FTPServer

root, port, times, uid = sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4])


class Handler(FTPHandler):
    authorizer = DummyAuthorizer()
    use_gmt_times = times == "gmt"
    unicode_errors = "surrogateescape"  # names are bytes, not text

    def push(self, text):
        # The original encodes replies strictly, so that "CWD caf\xe9" is refused.
        asynchat.async_chat.push(self, text.encode("utf8", self.unicode_errors))


Handler.authorizer.add_anonymous(root)
server = FTPServer(("127.0.0.1", port), Handler)
server.max_cons_per_ip = 0  # no limit
os.setgroups([])
os.setgid(uid)
os.setuid(uid)
server.serve_forever()
