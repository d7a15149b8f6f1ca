/* score MODEL.assay column=value ...   One record, by name, through libassay.
 *
 *     cc -o score score.c $(pkg-config --cflags --libs assay) */
#include <assay.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int count, char **word)
{
    struct assay *model;
    struct assay_error error;
    if (count < 2 || assay_open(word[1], NULL, &model, &error) != ASSAY_OK) {
        fprintf(stderr, "score: %s\n", count < 2 ? "which model?" : error.text);
        return 1;
    }
    struct assay_field *fields = calloc((size_t)count, sizeof *fields);
    void *scratch = malloc(assay_scratch_size(model));
    for (int i = 2; i < count; i++) {
        char *value = strchr(word[i], '='), *end = value;
        if (value != NULL)
            *value++ = '\0';
        double number = value != NULL ? strtod(value, &end) : 0;
        int is_number = end != value && *end == '\0';
        fields[i - 2].name = word[i];
        fields[i - 2].value = is_number ? assay_number(number) : assay_text(value ? value : "");
    }
    struct assay_decision decision = {.size = sizeof decision};
    int status = assay_decide_named(model, fields, (size_t)count - 2, scratch, &decision, &error);
    if (status == ASSAY_OK)
        printf("%.9g %s\n", (double)decision.score, decision.fraud ? "fraud" : "legitimate");
    else
        fprintf(stderr, "score: %s\n", error.text);
    free(scratch);
    free(fields);
    assay_close(model);
    return status;
}
