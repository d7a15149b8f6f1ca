#include "feature/plan.h"

const struct transform *const transforms[] = {
#define TRANSFORM(name) &transform_##name,
#include "feature/transforms.def"
#undef TRANSFORM
};

const size_t transforms_count = LENGTH_OF(transforms);

const struct transform *transform_find(struct view name)
{
    for (size_t i = 0; i < transforms_count; i++)
        if (view_is(name, transforms[i]->name))
            return transforms[i];
    return NULL;
}
