#include "cloud/mail.h"

#include "base/clock.h"
#include "store/base64.h"

enum {
    ADDRESS_MAX = 254,  /* RFC 5321, as corrected */
    WORD_BYTES = 45,    /* make 60 of base64, with the frame less than an encoded word's 75 */
    LINE_BYTES = 57,    /* make a line of 76 */
    SUBJECT_PLAIN = 60, /* a longer one is folded, which encoded words do */
};

bool mail_is_address(struct view address)
{
    const char *at = memchr(address.text, '@', address.length);
    if (at == NULL || at == address.text || at + 1 == address.text + address.length ||
        address.length > ADDRESS_MAX)
        return false;
    for (size_t i = 0; i < address.length; i++) {
        char c = address.text[i];
        if (c <= ' ' || c >= 0x7f || strchr("<>\"(),:;\\[]", c) != NULL)
            return false;
    }
    return memchr(at + 1, '@', (size_t)(address.text + address.length - at - 1)) == NULL;
}

/* ---------------------------------------------------------------- headers */

static bool is_plain(struct view text)
{
    if (text.length > SUBJECT_PLAIN || memmem(text.text, text.length, "=?", 2) != NULL)
        return false;
    for (size_t i = 0; i < text.length; i++)
        if (text.text[i] < ' ' || text.text[i] >= 0x7f)
            return false;
    return true;
}

/* As many whole characters as an encoded word takes. */
static struct view cut_word(struct view text)
{
    struct view word = {text.text, text.length < WORD_BYTES ? text.length : WORD_BYTES};
    while (word.length < text.length && word.length > 1 && (text.text[word.length] & 0xc0) == 0x80)
        word.length--;
    return word;
}

static void add_words(struct text *out, struct view text)
{
    char bytes[WORD_BYTES];
    for (const char *before = ""; text.length > 0; before = "\r\n ") {
        struct view word = cut_word(text);
        for (size_t i = 0; i < word.length; i++)
            bytes[i] =
                (unsigned char)word.text[i] < ' ' || word.text[i] == 0x7f ? ' ' : word.text[i];
        text_addf(out, "%s=?utf-8?B?", before);
        base64_add(out, (struct view){bytes, word.length});
        text_adds(out, "?=");
        text = view_from(text, word.length);
    }
}

static void add_subject(struct text *out, struct view subject)
{
    text_adds(out, "Subject: ");
    if (is_plain(subject))
        text_add(out, subject);
    else
        add_words(out, subject);
    text_adds(out, "\r\n");
}

static void add_date(struct text *out, int64_t at_ms)
{
    static const char *const days[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    struct civil c = civil_of(at_ms);
    text_addf(out, "Date: %s, %d %s %04d %02d:%02d:%02d +0000\r\n", days[c.weekday], c.day,
              months[c.month - 1], c.year, c.hour, c.minute, c.second);
}

static void add_id(struct text *out, const char *name, struct view id, struct view from)
{
    struct view rest = from, local;
    view_cut(&rest, '@', &local);
    text_addf(out, "%s: <", name);
    text_add(out, id);
    text_addc(out, '@');
    text_add(out, rest);
    text_adds(out, ">\r\n");
}

static void add_recipients(struct text *out, const struct mail *mail)
{
    text_adds(out, "To: ");
    for (size_t i = 0; i < mail->recipients; i++) {
        text_adds(out, i == 0 ? "" : ",\r\n ");
        text_add(out, mail->to[i]);
    }
    text_adds(out, "\r\n");
}

/* ---------------------------------------------------------------- the whole */

void mail_write(struct text *out, const struct mail *mail)
{
    text_adds(out, "From: ");
    text_add(out, mail->from);
    text_adds(out, "\r\n");
    add_recipients(out, mail);
    add_subject(out, mail->subject);
    add_date(out, mail->at_ms);
    add_id(out, "Message-ID", mail->id, mail->from);
    if (mail->reply_to.length > 0) {
        add_id(out, "In-Reply-To", mail->reply_to, mail->from);
        add_id(out, "References", mail->reply_to, mail->from);
    }
    text_adds(out, "Auto-Submitted: auto-generated\r\n"
                   "MIME-Version: 1.0\r\n"
                   "Content-Type: text/plain; charset=utf-8\r\n"
                   "Content-Transfer-Encoding: base64\r\n"
                   "\r\n");
    for (struct view rest = mail->body; rest.length > 0;) {
        struct view line = {rest.text, rest.length < LINE_BYTES ? rest.length : LINE_BYTES};
        base64_add(out, line);
        text_adds(out, "\r\n");
        rest = view_from(rest, line.length);
    }
}
