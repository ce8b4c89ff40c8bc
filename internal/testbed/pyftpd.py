"""Serves a folder read-only: ROOT PORT gmt|local UID, and options."""
import argparse
import os

from pyftpdlib.authorizers import DummyAuthorizer
from pyftpdlib.handlers import FTPHandler, asynchat
from pyftpdlib.servers import FTPServer

parser = argparse.ArgumentParser()
parser.add_argument("root")
parser.add_argument("port", type=int)
parser.add_argument("times")
parser.add_argument("uid", type=int)
parser.add_argument("--host", default="127.0.0.1")
parser.add_argument("--max-clients", type=int, default=0)  # from one address; 0 for no limit
parser.add_argument("--account", nargs=3)  # name, password, folder
parser.add_argument("--certificate")
args = parser.parse_args()

base = FTPHandler
if args.certificate:
    from pyftpdlib.handlers import TLS_FTPHandler as base


class Handler(base):
    authorizer = DummyAuthorizer()
    use_gmt_times = args.times == "gmt"
    unicode_errors = "surrogateescape"  # names are bytes, not text
    certfile = args.certificate
    tls_control_required = tls_data_required = True

    def push(self, text):
        # The original encodes replies strictly, so that "CWD caf\xe9" is refused.
        asynchat.async_chat.push(self, text.encode("utf8", self.unicode_errors))


Handler.authorizer.add_anonymous(args.root)
if args.account:
    Handler.authorizer.add_user(*args.account)
server = FTPServer((args.host, args.port), Handler)
server.max_cons_per_ip = args.max_clients
os.setgroups([])
os.setgid(args.uid)
os.setuid(args.uid)
server.serve_forever()
