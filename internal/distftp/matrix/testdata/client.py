import ftplib, os, ssl, sys

host, port, user, password, how, protection, trust, folder, local, resume, operation, *names = map(os.fsencode, sys.argv[1:])
text = lambda b: b.decode("latin-1")

if protection == b"no TLS":
    ftp = ftplib.FTP(encoding="latin-1")
else:
    ftp = ftplib.FTP_TLS(context=ssl.create_default_context(cafile=trust), encoding="latin-1")
ftp.connect(text(host), int(port))
ftp.login(text(user), text(password))
if protection != b"no TLS":
    ftp.prot_p()
ftp.set_pasv(how == b"passive")
ftp.cwd(text(folder))
names = [text(n) for n in names]

if operation == b"fetch":
    start = os.path.getsize(local) if resume else None
    with open(local, "ab" if resume else "wb") as f:
        ftp.retrbinary("RETR " + names[0], f.write, rest=start)
elif operation == b"store":
    start = ftp.size(names[0]) if resume and not ftp.voidcmd("TYPE I") is None else None
    with open(local, "rb") as f:
        f.seek(start or 0)
        ftp.storbinary("STOR " + names[0], f, rest=start)
elif operation == b"list":
    for name in ftp.nlst(names[0]):
        sys.stdout.buffer.write(name.encode("latin-1") + b"\n")
elif operation == b"rename":
    ftp.rename(names[0], names[1])
elif operation == b"remove":
    ftp.delete(names[0])
ftp.quit()
