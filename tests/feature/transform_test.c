#include "feature/fixture.h"

TEST(every_transform_is_complete_and_stands_once)
{
    static const char *const names[] = {
#define TRANSFORM(name) #name,
#include "feature/transforms.def"
#undef TRANSFORM
    };
    SAME(transforms_count, LENGTH_OF(names));
    for (size_t i = 0; i < transforms_count; i++) {
        const struct transform *transform = transforms[i];
        TEXT(view_of(transform->name), names[i]);
        TRUE(strlen(transform->about) > 5);
        SAME(transform->columns, transform == &transform_ratio ? 2 : 1);
        TRUE(transform->kinds != 0);
        SAME(transform->apply == NULL, transform == &transform_identity);
        uint32_t coded = 1u << COLUMN_CATEGORY | 1u << COLUMN_ORDINAL;
        TRUE(!(transform->one_per_value || transform->needs_share) || transform->kinds == coded);
        TRUE(!transform->needs_spread || (transform->kinds & coded) == 0);
        TRUE((transform->kinds & (1u << COLUMN_ID | 1u << COLUMN_TEXT)) == 0);
        for (size_t j = 0; j < i; j++)
            TRUE(strcmp(transforms[j]->name, transform->name) != 0);
    }
}

TEST(a_transform_is_found_by_its_name)
{
    for (size_t i = 0; i < transforms_count; i++)
        TRUE(transform_find(view_of(transforms[i]->name)) == transforms[i]);
    TRUE(transform_find(VIEW("onehot")) == NULL);
    TRUE(transform_find(VIEW("")) == NULL);
}

TEST(what_is_missing_and_not_filled_stays_missing_or_is_no_value)
{
    for (size_t i = 0; i < transforms_count; i++) {
        float out = transformed(transforms[i], (double)NAN);
        if (transforms[i]->one_per_value)
            NEAR(out, 0, 0);
        else
            TRUE(isnan(out));
    }
}
