"""mail_server: an SMTP server of the test's own, aiosmtpd, with TLS and a password.

    with MailServer(cwd, implicit=False) as server:
        ... server.port, server.certificate; server.mails is what came, parsed

What was said by way of authentication without TLS is an error of the test's.
"""
import email
import email.policy
import logging
import os
import ssl
import subprocess
import warnings

from harness import Skip, free_port

USER, PASSWORD = "assay", "m41l-s3cr3t"


def certificate(cwd):
    """A self-signed one for localhost; (certificate, key)."""
    names = os.path.join(cwd, "mail.pem"), os.path.join(cwd, "mail.key")
    if not os.path.exists(names[0]):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
                        "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
                        "-keyout", names[1], "-out", names[0]], check=True, capture_output=True)
    return names


def is_encrypted(server):
    return server.transport.get_extra_info("ssl_object") is not None


class MailServer:
    def __init__(self, cwd, implicit=False, refuse=0):
        self.cwd, self.implicit, self.refuse, self.mails, self.tried = cwd, implicit, refuse, [], []

    # aiosmtpd calls these by name.
    async def handle_DATA(self, server, session, envelope):  # pylint: disable=invalid-name
        assert session.authenticated and is_encrypted(server), "a mail without TLS or password"
        if self.refuse > 0:
            self.refuse -= 1
            return "451 come again"
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        mail.raw, mail.sender, mail.recipients = envelope.content, envelope.mail_from, envelope.rcpt_tos
        self.mails.append(mail)
        return "250 kept"

    def authenticate(self, server, session, envelope, mechanism, data):
        from aiosmtpd.smtp import AuthResult  # pylint: disable=import-outside-toplevel
        given = (data.login.decode(), data.password.decode())
        self.tried.append((is_encrypted(server), given))
        return AuthResult(success=given == (USER, PASSWORD), handled=False)

    def __enter__(self):
        try:
            from aiosmtpd.controller import Controller  # pylint: disable=import-outside-toplevel
        except ImportError:
            raise Skip("python3-aiosmtpd is not installed") from None
        self.certificate, key = certificate(self.cwd)
        logging.getLogger("mail.log").setLevel(logging.CRITICAL)
        warnings.simplefilter("ignore")  # of what aiosmtpd will change one day
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, key)
        self.port = free_port()
        words = {"authenticator": self.authenticate, "auth_required": True,
                 "auth_require_tls": not self.implicit}
        if self.implicit:
            words["ssl_context"] = context
        else:
            words["tls_context"] = context
            words["require_starttls"] = True
        self.controller = Controller(self, hostname="127.0.0.1", port=self.port, **words)
        self.controller.start()
        return self

    def __exit__(self, *_):
        self.controller.stop()
