"""The mail servers that buzon is measured beside: Debian's packages, each in a root of its own, since they exclude one
another. A root is an overlay on this machine's; what is installed and set up there stays in build/peers/NAME/up."""

import os
import pathlib
import shutil
import stat
import subprocess
import sys

REPO = pathlib.Path(__file__).resolve().parents[2]
PLACE = REPO / "build/peers"
DOMAIN = "bench.example"
RECIPIENT = f"postmaster@{DOMAIN}"

INSTALL = """set -e
mount -t overlay overlay -o lowerdir=/,upperdir=up,workdir=work root
mount -t proc proc root/proc
mount --rbind /dev root/dev
printf '#!/bin/sh\\nexit 101\\n' >root/usr/sbin/policy-rc.d
chmod 755 root/usr/sbin/policy-rc.d
export DEBIAN_FRONTEND=noninteractive LC_ALL=C
chroot root sh -c 'apt-get -q -y --no-install-recommends install "$@" ||
    { apt-get -q update && apt-get -q -y --no-install-recommends install "$@"; }' sh "$@"
"""

POSTFIX = f"""compatibility_level = 3.6
queue_directory = /var/spool/postfix
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
data_directory = /var/lib/postfix
mail_owner = postfix
setgid_group = postdrop
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = {DOMAIN}
mydestination =
local_recipient_maps =
alias_maps =
alias_database =
mynetworks = 127.0.0.0/8
relayhost = [127.0.0.1]:9
smtp_dns_support_level = disabled
smtpd_peername_lookup = no
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_tls_security_level = none
message_size_limit = 0
mailbox_size_limit = 0
"""

EXIM = f"""primary_hostname = {DOMAIN}
spool_directory = /var/spool/exim4
log_file_path = syslog
acl_smtp_rcpt = acl_ok
host_lookup =
dns_dnssec_ok = 0
rfc1413_query_timeout = 0s
tls_advertise_hosts =
message_size_limit = 100M
smtp_accept_queue_per_connection = 0
queue_only = true
keep_environment =
never_users = root
begin acl
acl_ok:
  accept
begin routers
smart:
  driver = manualroute
  transport = out
  route_list = * 127.0.0.1 byname
  self = send
begin transports
out:
  driver = smtp
"""

SENDMAIL = """divert(0)dnl
define(`_USE_ETC_MAIL_')dnl
include(`/usr/share/sendmail/cf/m4/cf.m4')dnl
VERSIONID(`bench')
OSTYPE(`debian')dnl
define(`confSERVICE_SWITCH_FILE', `/etc/mail/service.switch-nodns')dnl
define(`confMAX_MESSAGE_SIZE', `104857600')dnl
define(`confQUEUE_LA', `1000')dnl
define(`confREFUSE_LA', `1000')dnl
define(`confDELAY_LA', `0')dnl
define(`confTO_IDENT', `0')dnl
undefine(`confHOST_STATUS_DIRECTORY')dnl
define(`confPRIVACY_FLAGS',`novrfy')dnl
define(`SMART_HOST', `relay:[127.0.0.1]')dnl
FEATURE(`no_default_msa')dnl
FEATURE(`accept_unresolvable_domains')dnl
FEATURE(`accept_unqualified_senders')dnl
FEATURE(`promiscuous_relay')dnl
FEATURE(`nocanonify')dnl
MAILER(`local')dnl
MAILER(`smtp')dnl
"""


def quiet(*words, **more):
    out = subprocess.run([str(w) for w in words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **more)
    if out.returncode:
        sys.exit(f"tests/bench: {' '.join(map(str, words))}: exit {out.returncode}:\n{out.stdout[-3000:]}")


class Peer:
    """`packages` are what its root has beside this machine's; `spool` lies on a plain directory of the disk. Either
    `words` run under inetd as `user`, or `daemon` listens on `port`; a daemon beside words only has to be there."""

    def __init__(self, name, packages, spool, setup, user=None, words=None, daemon=None, port=None):
        self.name, self.packages, self.spool, self.setup, self.port = name, packages, spool, setup, port
        self.user, self.words, self.daemon = user, words, daemon
        self.place = PLACE / name
        self.root = self.place / "root"

    def install(self):
        """Needs the network: call it before this process leaves that."""
        if (self.place / "installed").exists():
            return
        print(f"installing {' '.join(self.packages) or 'nothing'} for {self.name}, in {self.place}", flush=True)
        if self.place.exists():
            shutil.rmtree(self.place)
        for d in ("up", "work", "root"):
            (self.place / d).mkdir(parents=True)
        if self.packages:
            quiet("unshare", "-m", "-p", "-f", "--kill-child", "--propagation", "private", "sh", "-c", INSTALL, "sh",
                  *self.packages, cwd=self.place)
        (self.place / "installed").touch()

    def mount(self, work):
        """Puts the root together, in this process's own mount namespace, with its spool in `work`."""
        quiet("mount", "-t", "overlay", "overlay", "-o", "lowerdir=/,upperdir=up,workdir=work", "root", cwd=self.place)
        quiet("mount", "-t", "proc", "proc", self.root / "proc")
        quiet("mount", "-t", "tmpfs", "tmpfs", self.root / "dev")     # without a console, where exim would log
        for name, minor in (("null", 3), ("zero", 5), ("random", 8), ("urandom", 9)):
            os.mknod(self.root / "dev" / name, stat.S_IFCHR | 0o666, os.makedev(1, minor))
            os.chmod(self.root / "dev" / name, 0o666)
        self.write("etc/hosts", f"127.0.0.1 localhost {DOMAIN} bench\n")
        self.write("etc/resolv.conf", "nameserver 127.0.0.1\n")
        self.write("etc/mailname", DOMAIN + "\n")
        self.setup(self)
        here = work / f"spool.{self.name}"
        quiet("cp", "-a", self.root / self.spool, here)
        quiet("mount", "--bind", here, self.root / self.spool)

    def write(self, path, text):
        path = self.root / path
        path.unlink(missing_ok=True)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def run(self, *words):
        quiet("chroot", self.root, *words)


def set_up_postfix(peer, port=None):
    """With a port it listens itself; without, its sendmail -bs does, and what that leaves is not picked up."""
    restrictions = "smtpd_client_restrictions = check_client_access static:HOLD\n" if port else ""
    peer.write("etc/postfix/main.cf", POSTFIX + restrictions)
    lines = []
    for line in (peer.root / "usr/share/postfix/master.cf.dist").read_text().splitlines():
        fields = line.split()
        if not fields or line.startswith(("#", " ")):
            continue
        if fields[0] == "smtp" and fields[1] == "inet":
            line = f"127.0.0.1:{port} inet n - n - - smtpd" if port else ""
        elif fields[0] == "pickup" and not port:
            line = ""
        elif fields[4] == "y":
            line = " ".join(fields[:4] + ["n"] + fields[5:])
        lines.append(line)
    peer.write("etc/postfix/master.cf", "\n".join(lines) + "\n")


def set_up_exim(peer):
    peer.write("etc/exim4/exim4.conf", EXIM)
    os.chmod(peer.root / "etc/exim4/exim4.conf", 0o644)


def set_up_sendmail(peer):
    peer.write("etc/mail/bench.mc", SENDMAIL)
    peer.run("sh", "-c", "m4 /etc/mail/bench.mc >/etc/mail/sendmail.cf 2>/dev/null")
    peer.run("sh", "-c", "chown root:smmsp /var/spool/mqueue && chmod 700 /var/spool/mqueue")


def set_up_nullmailer(peer):
    peer.write("etc/nullmailer/remotes", "127.0.0.1 smtp --port=9\n")
    peer.write("etc/nullmailer/me", DOMAIN + "\n")
    peer.write("etc/nullmailer/defaultdomain", DOMAIN + "\n")


POSTFIX_PORT = 2501                  # of a loopback that is the bench's own


def all_peers():
    return [
        Peer("nullmailer", ["nullmailer"], "var/spool/nullmailer", set_up_nullmailer, "mail",
             ["/usr/bin/nullmailer-smtpd", "nullmailer-smtpd"]),
        Peer("sendmail", ["sendmail-bin", "sensible-mda"], "var/spool/mqueue", set_up_sendmail, "root",
             ["/usr/sbin/sendmail", "sendmail", "-bs", "-Am", "-odq"]),
        Peer("postfix-bs", ["postfix"], "var/spool/postfix", set_up_postfix, "postfix",
             ["/usr/sbin/sendmail", "sendmail", "-bs"], ["postfix", "start-fg"]),
        Peer("exim", ["exim4-daemon-light"], "var/spool/exim4", set_up_exim, "root",
             ["/usr/sbin/exim4", "exim4", "-bs"]),
        Peer("postfix", ["postfix"], "var/spool/postfix", lambda p: set_up_postfix(p, POSTFIX_PORT),
             daemon=["postfix", "start-fg"], port=POSTFIX_PORT),
    ]
