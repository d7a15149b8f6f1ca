#include "data/preset.h"

const struct preset *const presets[PRESET_COUNT] = {
#define PRESET(name) [PRESET_##name] = &preset_##name,
#include "data/presets.def"
#undef PRESET
};

const struct preset *preset_find(struct view name)
{
    for (size_t i = 0; i < PRESET_COUNT; i++)
        if (view_is(name, presets[i]->name))
            return presets[i];
    return NULL;
}
