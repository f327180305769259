# SPDX-License-Identifier: BSD-2-Clause
# Changes of metadata, one to a file of its own: `evm_changes.py make|run|state|use FOLDER MODE`. "run" prints the error number of each, which a
# real kernel and imad are compared by; "make" copies the program that each is, "state" shows owner, mode and attributes, "use" runs them.
import errno, os, shutil, subprocess, sys, time

KINDS = {"hmac": "hmac port badport imm nolab bare badhmac".split(), "sealed": "port badport imm badimm nolab bare".split()}
KINDS["fix"] = KINDS["hmac"]
KINDS["labels"] = []
NEW = [f"owned/new{i}" for i in range(4)]
HASH = bytes([4, 4]) + bytes(32)
CAP = bytes.fromhex("0000000200040000000000000000000000000000")
# two entries that the mode does not know: user 1234, and the mask
ACL = bytes.fromhex("02000000" "01000700ffffffff" "02000500d2040000" "04000500ffffffff" "10000500ffffffff" "20000500ffffffff")


def acl(path):
    os.setxattr(path, "system.posix_acl_access", ACL)


OPS = {
    "chmod": lambda p: os.chmod(p, 0o711),
    "samemode": lambda p: os.chmod(p, 0o755),
    "chown": lambda p: os.chown(p, 1002, -1),
    "ima": lambda p: os.setxattr(p, "security.ima", HASH),
    "cap": lambda p: os.setxattr(p, "security.capability", CAP),
    "rmima": lambda p: os.removexattr(p, "security.ima"),
    "user": lambda p: os.setxattr(p, "user.x", b"1"),
    "acl": acl,
    "evm2": lambda p: os.setxattr(p, "security.evm", bytes([2]) + bytes(20)),
    "evm5": lambda p: os.setxattr(p, "security.evm", bytes([5, 2, 4]) + bytes(10)),
    "rmevm": lambda p: os.removexattr(p, "security.evm"),
}


def names(mode):
    return [f"{k}-{o}" for k in KINDS[mode] for o in OPS]


def attempt(what, fn, *args):
    try:
        fn(*args)
        print(what, 0, flush=True)
    except OSError as e:
        print(what, errno.errorcode[e.errno], flush=True)


# several changes after each other, as tools make them that install a file
def series(path):
    os.chmod(path, 0o700)
    os.chown(path, 1002, 1002)
    os.chmod(path, 0o755)
    os.chown(path, 1001, 0)
    os.setxattr(path, "security.capability", CAP)
    os.removexattr(path, "security.capability")


def renamed(path):
    os.chmod(path, 0o750)
    os.rename(path, path + ".new")
    os.rename(path + ".new", path)


# by somebody whose files are appraised when they are opened
def owned():
    os.mkdir("owned")
    os.chown("owned", 1006, 1006)
    os.seteuid(1006)
    fd = os.open("owned/open", os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644)
    os.seteuid(0)
    os.write(fd, b"x")
    attempt("owned open ima", os.setxattr, fd, "security.ima", HASH)
    attempt("owned open cap", os.setxattr, fd, "security.capability", CAP)
    attempt("owned open fchmod", os.fchmod, fd, 0o755)
    attempt("owned open rmcap", os.removexattr, fd, "security.capability")
    os.close(fd)
    time.sleep(2)  # the kernel labels it while it is closed, imad when it hears of that
    attempt("owned closed cap", os.setxattr, "owned/open", "security.capability", CAP)


# files that a security module labels when they are made: their first HMAC is of that label, the next ones of what comes to it
def labelled():
    os.mkdir("owned")
    os.chown("owned", 1006, 1006)
    os.seteuid(1006)
    for n in NEW:
        with open(n, "w") as f:
            f.write("x")
    os.seteuid(0)
    time.sleep(2)
    attempt("chmod", os.chmod, NEW[1], 0o600)
    attempt("chown", os.chown, NEW[1], -1, 0)
    attempt("label", os.setxattr, NEW[2], "security.selinux", b"label_u:object_r:other_t\0")
    attempt("cap", os.setxattr, NEW[3], "security.capability", CAP)
    attempt("rmima", os.removexattr, NEW[3], "security.ima")
    attempt("ima", os.setxattr, NEW[3], "security.ima", HASH)


def fresh():
    fd = os.open("fresh-open", os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644)
    os.write(fd, b"x")
    attempt("fresh open fchmod", os.fchmod, fd, 0o755)
    attempt("fresh open fchown", os.fchown, fd, 1003, 1003)
    attempt("fresh open ima", os.setxattr, fd, "security.ima", HASH)
    attempt("fresh open cap", os.setxattr, fd, "security.capability", CAP)
    os.close(fd)
    os.mknod("fresh-mknod", 0o100644)
    attempt("fresh mknod chown", os.chown, "fresh-mknod", 1003, 1003)
    attempt("fresh mknod ima", os.setxattr, "fresh-mknod", "security.ima", HASH)
    attempt("fresh mknod chmod", os.chmod, "fresh-mknod", 0o600)
    attempt("fresh mknod cap", os.setxattr, "fresh-mknod", "security.capability", CAP)
    os.open("fresh-plain", os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644)
    attempt("fresh plain chmod", os.chmod, "fresh-plain", 0o600)


def state(name):
    st, shown = os.stat(name), []
    for x in sorted(os.listxattr(name)):
        if x.startswith("security."):
            kind = os.getxattr(name, x)[0]
            shown.append(f"{x}={kind}" if x == "security.evm" else x)
    print(name, oct(st.st_mode), st.st_uid, st.st_gid, *shown)


def use(name):
    try:
        print(name, subprocess.call(["./" + name]))
    except PermissionError:
        print(name, "refused")  # before 6.9 and in tier fanotify with another number


def readable(name):
    try:
        open(name).close()
        print(name, "can be read")
    except PermissionError:
        print(name, "refused")


what, folder, mode = sys.argv[1:4]
os.chdir(folder)
extra = NEW if mode == "labels" else ["hmac-series", *(f"hmac-renamed{i}" for i in range(5))] if mode != "sealed" else []
every = names(mode) + extra
if what == "state":
    for n in every:
        state(n)
elif what == "use":
    for n in every:
        readable(n) if mode == "labels" else use(n)
elif what == "make":
    for n in every if mode != "labels" else []:
        shutil.copyfile("/usr/bin/true", n)
        os.chmod(n, 0o755)
        os.chown(n, 1001, 0)
elif what == "run":
    for n in names(mode):
        attempt(n, OPS[n.split("-")[1]], n)
    for n in extra if mode != "labels" else []:
        attempt(n, series if n.endswith("series") else renamed, n)
    if mode == "labels":
        labelled()
    elif mode != "sealed":
        fresh()
        owned()
