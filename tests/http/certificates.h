/*
 * certificates: a small public-key infrastructure for tests, made by Debian's openssl(1).
 *
 *     const char *dir = certificates();
 *     ... dir/ca.pem, dir/server.pem and .key, dir/till.pem and .key ...
 *
 * server is of localhost and 127.0.0.1, other of the same with another key; till is a client with
 * the names till-7 (common name), till-7.bank.example and spiffe://bank/till-7; expired is till's
 * from yesterday; stranger is a till-7 signed by a CA of its own. lost is a client that lost.crl
 * revokes, and nobody.crl and old.crl, which has expired, do not; branch is a client signed by
 * middle, a CA that ca signed and both.crl revokes besides; middle.crl and foreign.crl are theirs.
 * liar is signed by made_up, a CA that says ca signed it, which ca did not.
 */
#ifndef TESTS_SERVE_CERTIFICATES_H
#define TESTS_SERVE_CERTIFICATES_H

#include "base/file.h"
#include "harness.h"

#include <sys/wait.h>

static const char certificates_script[] =
    "set -e; cd \"$0\"\n"
    "ec='-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes'\n"
    "authority() { openssl req -x509 $ec -keyout $1.key -out $1.pem -subj \"/CN=$1\" -days 30; }\n"
    "signed() { # file, common name, alternative names, from when to when, authority\n"
    "    openssl req $ec -keyout $1.key -out $1.csr -subj \"/CN=$2\"\n"
    "    printf 'subjectAltName=%s\\n' \"$3\" > $1.ext\n"
    "    openssl x509 -req -in $1.csr -CA $5.pem -CAkey $5.key -CAcreateserial $4 \\\n"
    "        -extfile $1.ext -out $1.pem\n"
    "}\n"
    "authority ca; authority foreign\n"
    "signed server localhost DNS:localhost,IP:127.0.0.1 '-days 30' ca\n"
    "signed other localhost DNS:localhost,IP:127.0.0.1 '-days 30' ca\n"
    "till=DNS:till-7.bank.example,URI:spiffe://bank/till-7\n"
    "signed till till-7 $till '-days 30' ca\n"
    /* From OpenSSL 3.4 on a certificate does not end before it begins, and may begin in the past.
     */
    "past='-days -1'\n"
    "case $(openssl x509 -help 2>&1) in *-not_after*)\n"
    "    past='-not_before 20200101000000Z -not_after 20200201000000Z' ;; esac\n"
    "signed expired till-7 $till \"$past\" ca\n"
    "signed stranger till-7 $till '-days 30' foreign\n"
    "signed lost lost-4 DNS:lost-4.bank.example '-days 30' ca\n"
    "list() { # file, authority, days; what was revoked is in it\n"
    "    touch $2.index; test -e $2.number || echo 01 > $2.number\n"
    "    printf '[ca]\\ndefault_ca=it\\n[it]\\ndatabase=%s.index\\ncrlnumber=%s.number\\n"
    "default_md=sha256\\n' $2 $2 > $2.conf\n"
    "    openssl ca -config $2.conf -gencrl -cert $2.pem -keyfile $2.key $3 -out $1\n"
    "}\n"
    "revoke() { openssl ca -config $2.conf -revoke $1.pem -cert $2.pem -keyfile $2.key; }\n"
    "list nobody.crl ca '-crldays 30'\n"
    "list foreign.crl foreign '-crldays 30'\n"
    "list old.crl ca '-crl_lastupdate 20200101000000Z -crl_nextupdate 20200201000000Z'\n"
    "revoke lost ca; list lost.crl ca '-crldays 30'\n"
    "authority_under() {\n"
    "    openssl req $ec -keyout $1.key -out $1.csr -subj \"/CN=$1\"\n"
    "    printf 'basicConstraints=critical,CA:true\\nauthorityKeyIdentifier=none\\n' > $1.ext\n"
    "    openssl x509 -req -in $1.csr -CA $2.pem -CAkey $2.key -CAcreateserial -days 30 \\\n"
    "        -extfile $1.ext -out $1.pem\n"
    "}\n"
    "authority_under middle ca\n"
    "signed branch branch-2 DNS:branch-2.bank.example '-days 30' middle\n"
    "cat middle.pem >> branch.pem\n"
    "list middle.crl middle '-crldays 30'\n"
    "revoke middle ca; list both.crl ca '-crldays 30'\n"
    "openssl req -x509 $ec -keyout false.key -out false.pem -subj /CN=ca -days 30\n"
    "authority_under made_up false\n"
    "signed liar till-7 $till '-days 30' made_up\n"
    "cat made_up.pem >> liar.pem\n";

/* Makes them once a program; the directory. */
static UNUSED const char *certificates(void)
{
    static char dir[512];
    if (dir[0] != '\0')
        return dir;
    snprintf(dir, sizeof dir, "%s/certificates", test_dir());
    struct err err = {0};
    WORKS(dir_make(dir, &err), err);
    pid_t pid = fork();
    if (pid == 0) {
        if (freopen("/dev/null", "w", stderr) == NULL || freopen("/dev/null", "w", stdout) == NULL)
            _exit(126);
        execlp("sh", "sh", "-c", certificates_script, dir, (char *)NULL);
        _exit(127);
    }
    int status = 1;
    TRUE(pid > 0 && waitpid(pid, &status, 0) == pid && status == 0);
    return dir;
}

/* "dir/name", good until the fourth call after. */
static UNUSED const char *certificate(const char *name)
{
    static char path[4][600];
    static unsigned next;
    char *out = path[next++ % 4];
    snprintf(out, sizeof path[0], "%s/%s", certificates(), name);
    return out;
}

#endif
