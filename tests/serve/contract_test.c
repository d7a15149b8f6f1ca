#include "serve/contract.h"

#include "base/file.h"
#include "serve/tiny_model.h"

#include <math.h>

/* What a contract writes for rows of given scores, with the timestamp's digits as zeros. */
static const char *encoded(const struct contract *contract, const struct contract_row *row,
                           size_t count)
{
    static char bytes[4096];
    static struct served served = {.bundle.policy.threshold = 0.5F, .version = "1.0"};
    struct http_response response = {.body = text_in(bytes, sizeof bytes)};
    struct http_request request = {0};
    struct contract_answer answer = {
        .served = &served, .request = &request, .row = row, .count = count};
    contract->encode(&answer, &response);
    char *written = bytes;
    text_c(&response.body);
    TRUE(!response.body.cut);
    char *stamp = strstr(written, "\"timestamp\":\"");
    for (char *c = stamp == NULL ? NULL : stamp + 13; c != NULL && *c != '"'; c++)
        if (*c >= '0' && *c <= '9')
            *c = '0';
    return written;
}

static const float published = 0.016783954575657845F; /* system A's sample answer */

TEST(system_a_answers_as_it_always_did)
{
    struct contract_row row = {.score = published};
    TEXT(view_of(encoded(&contract_system_a, &row, 1)),
         "{\"predictions\":[0.016783954575657845],\"fraud_probability\":[0.016783954575657845],"
         "\"detailed_predictions\":[{\"fraud_probability\":0.016783954575657845,"
         "\"is_fraud\":false,\"risk_level\":\"LOW\",\"confidence\":0.9664320908486843}],"
         "\"metadata\":{\"model_version\":\"1.0\",\"prediction_count\":1,"
         "\"timestamp\":\"0000-00-00T00:00:00.000000\"}}");
}

TEST(system_a_names_the_risk_by_its_bounds)
{
    static const struct {
        float score;
        const char *risk, *fraud;
    } cases[] = {
        {0, "LOW", "false"},        {0.29999998F, "LOW", "false"},
        {0.3F, "MEDIUM", "false"},  {0.49999997F, "MEDIUM", "false"},
        {0.5F, "MEDIUM", "true"},   {0.50000006F, "MEDIUM", "true"},
        {0.6F, "HIGH", "true"},     {0.79999995F, "HIGH", "true"},
        {0.8F, "CRITICAL", "true"}, {1, "CRITICAL", "true"},
    };
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        struct contract_row row = {.score = cases[i].score, .fraud = cases[i].score >= 0.5F};
        char wanted[80];
        snprintf(wanted, sizeof wanted, "\"is_fraud\":%s,\"risk_level\":\"%s\"", cases[i].fraud,
                 cases[i].risk);
        const char *found = encoded(&contract_system_a, &row, 1);
        FAIL_UNLESS(strstr(found, wanted) != NULL, "no %s in %s", wanted, found);
    }
}

TEST(system_a_answers_many_rows_in_their_order)
{
    struct contract_row rows[] = {
        {.score = 0.25F}, {.score = published}, {.score = 0.75F, .fraud = true}};
    const char *found = encoded(&contract_system_a, rows, 3);
    TRUE(strstr(found, "{\"predictions\":[0.25,0.016783954575657845,0.75],\"fraud_probability\":"
                       "[0.25,0.016783954575657845,0.75],"));
    TRUE(strstr(found, "\"prediction_count\":3"));
    TRUE(strstr(found, "\"confidence\":0.5},{\"fraud_probability\":0.016783954575657845,"));
    TRUE(strstr(found, "},{\"fraud_probability\":0.75,\"is_fraud\":true,\"risk_level\":\"HIGH\","
                       "\"confidence\":0.5}],"));
}

TEST(systems_c_d_and_e_answer_in_their_own_words)
{
    struct contract_row good = {.score = published}, bad = {.score = 0.75F, .fraud = true};
    TEXT(view_of(encoded(&contract_system_c, &good, 1)),
         "{\"prediction\":0,\"fraud_score\":0.016783954575657845,"
         "\"message\":\"Legitimate transaction\"}");
    TEXT(view_of(encoded(&contract_system_c, &bad, 1)),
         "{\"prediction\":1,\"fraud_score\":0.75,\"message\":\"Fraud detected\"}");
    TEXT(view_of(encoded(&contract_system_d, &good, 1)),
         "{\"prediction\":\"legit\",\"fraud_probability\":0.016783954575657845}");
    TEXT(view_of(encoded(&contract_system_d, &bad, 1)),
         "{\"prediction\":\"fraud\",\"fraud_probability\":0.75}");
    TEXT(view_of(encoded(&contract_system_e, &good, 1)), "{\"pred_proba\":0.016783954575657845}");
}

struct desk {
    struct served *served;
    struct arena arena;
    struct http_response response;
    struct contract_answer answer;
};

static void desk_close(struct desk *desk)
{
    served_free(desk->served);
    arena_release(&desk->arena);
}

static bool ask(struct desk *desk, const struct contract *contract, const char *type,
                struct view body)
{
    arena_reset(&desk->arena);
    desk->response = http_response_in(&desk->arena);
    struct http_request request = {
        .content_type = view_of(type), .body = body, .arena = &desk->arena};
    struct err err = {0};
    desk->answer = (struct contract_answer){.served = desk->served, .request = &request};
    bool ok = contract_decide(contract, &desk->answer, &err);
    if (ok)
        contract->encode(&desk->answer, &desk->response);
    else
        contract_fail_by(contract, &err, &desk->response);
    return ok;
}

#define DESK(name)                                                                                 \
    CLEANUP(desk_close)                                                                            \
    struct desk name = {.served = tiny_served("1.0"), .arena = {.limit = 8 << 20}}

TEST(rows_are_decided_by_the_bundle_and_counted)
{
    DESK(desk);
    TRUE(ask(&desk, &contract_system_a, "application/json",
             VIEW("[{\"f0\":0.25},{\"f0\":0.5,\"f1\":3},{}]")));
    SAME(desk.response.status, 200);
    SAME(desk.answer.count, 3);
    NEAR(desk.answer.row[0].score, 1 / (1 + exp(1)), 1e-6);
    NEAR(desk.answer.row[1].score, 1 / (1 + exp(-2)), 1e-6);
    TRUE(!desk.answer.row[0].fraud && desk.answer.row[1].fraud && !desk.answer.row[2].fraud);
    SAME(desk.answer.filled, 3);
}

TEST(many_rows_are_all_kept)
{
    DESK(desk);
    struct arena arena = {.limit = 1 << 20};
    struct text text = text_in_arena(&arena);
    for (int i = 0; i < 1000; i++)
        text_addf(&text, "%d,0\n", i % 3 == 0);
    TRUE(ask(&desk, &contract_system_a, "text/csv", text_view(&text)));
    SAME(desk.answer.count, 1000);
    for (size_t i = 0; i < 1000; i++)
        SAME(desk.answer.row[i].fraud, i % 3 == 0);
    arena_release(&arena);
}

static void faults(struct desk *desk, const struct contract *contract, const char *type,
                   struct view body, int status, const char *starts)
{
    TRUE(!ask(desk, contract, type, body));
    SAME(desk->response.status, status);
    SAME(desk->answer.count, 0);
    struct view found = text_view(&desk->response.body);
    FAIL_UNLESS(view_starts(found, starts), "'%.*s', wanted '%s'", (int)found.length, found.text,
                starts);
    TEXT(desk->response.content_type, "application/json");
}

TEST(every_contract_has_its_own_words_for_a_fault)
{
    DESK(desk);
    const char *json = "application/json";
    struct view three = VIEW("{\"features\":[1,2,3]}");
    faults(&desk, &contract_system_a, json, VIEW("[1,2,3]"), 400,
           "{\"error\":\"Expected 2 features\",\"timestamp\":\"2");
    faults(&desk, &contract_system_c, json, three, 400, "{\"error\":\"Expected 2 features\"}");
    faults(&desk, &contract_system_d, json, three, 400, "{\"detail\":\"Expected 2 features\"}");
    faults(&desk, &contract_system_e, json, VIEW("{\"features\":{\"f0\":1}}"), 400,
           "{\"detail\":\"'f1' is missing");
    faults(&desk, &contract_system_e, "text/html", three, 415, "{\"detail\":\"Content-Type");
    faults(&desk, &contract_system_a, json, VIEW("[[1,2],[1,\"2\"]]"), 400,
           "{\"error\":\"row 2: 'f1'");
}

TEST(rows_that_do_not_fit_the_request_are_a_limit_and_not_half_an_answer)
{
    DESK(desk);
    struct arena arena = {.limit = 1 << 22};
    struct text text = text_in_arena(&arena);
    for (int i = 0; i < 20000; i++)
        text_adds(&text, "1,0\n");
    desk.arena.limit = 200000;
    faults(&desk, &contract_system_a, "text/csv", text_view(&text), 413, "{\"error\":\"");
    arena_release(&arena);
}

TEST(every_contract_is_complete_and_named_once)
{
    for (size_t i = 0; i < contracts_count; i++) {
        const struct contract *contract = contracts[i];
        TRUE(contract->name[0] != '\0' && contract->about[0] != '\0');
        TRUE(contract->encode != NULL && contract->fault != NULL);
        for (size_t k = 0; k < i; k++)
            TRUE(strcmp(contract->name, contracts[k]->name) != 0);
    }
}
