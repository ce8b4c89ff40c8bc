import ftplib, io, os, sys

host, port, user, password, how, folder, name = sys.argv[1:]
ftp = ftplib.FTP()
ftp.connect(host, int(port))
ftp.login(user, password)
ftp.set_pasv(how == "passive")
ftp.cwd(folder)
assert ftp.pwd() == folder, ftp.pwd()
ftp.storbinary("APPE old", open("more", "rb"))
ftp.rmd("empty")
ftp.mkd("new dir")
ftp.storbinary("STOR " + name, open("content", "rb"))
ftp.sendcmd("SITE CHMOD 600 old")
ftp.sendcmd("MFMT 20010203040506 " + name)
ftp.voidcmd("TYPE I")
print("size", ftp.size("old"))
print(ftp.sendcmd("MDTM past"))
want = ["new dir", "old", "past", name]
want.sort()
shown = []
ftp.dir(shown.append)
for names in ftp.nlst(), [n for n, facts in ftp.mlsd() if facts["type"] not in ("cdir", "pdir")]:
    assert sorted(names) == want, names
for n in want:
    assert any(line.endswith(" " + n) for line in shown), shown
ftp.quit()
