/* The one list of applets. A row: entry point, name, other names, one-line help. main.c includes it more than once
 * with APPLET defined; everybody else gets the entry points declared. */
#ifndef APPLET
#define APPLET(entry, name, other_names, help) int entry##_main(int argc, char **argv);
#define APPLETS_DECLARED
#endif

APPLET(access_check, "access-check", "", "say whether a client may speak to a daemon, and which rule decides")
APPLET(mailq, "mailq", "", "show what waits in the queue")
APPLET(queue_runner, "queue-runner", "runq", "deliver what is due, or stay and do so at intervals")
APPLET(sendmail, "sendmail", "", "hand in a message, or be one of the others by -bs, -bp, -q")
APPLET(smtpd, "smtpd", "in.smtpd", "speak SMTP to a client on fd 0")
APPLET(tcpd, "tcpd", "", "check the client against /etc/hosts.allow and hosts.deny, then run a daemon")

#undef APPLET
